package fit

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// A plan for a few pods in a large cluster has few nodes to choose from, and all others
// matter only for what constraints count on them: pods by zone, most often. There one host
// may stand for all those that constraints cannot tell apart.

// Among returns the world as [World.Settle] does, for a plan that puts those who wait on no
// node of the snapshot's but the open ones, by number and ascending. All others, and what was
// bought, are one closed host for each kind: what is counted on them is counted there, but
// for what is on leaving ones. It takes as long as there are open nodes, kinds and classes.
// False where some pod looks at nodes one by one: then it takes [World.Settle].
func (w *World) Among(open, leaving []int32, waiting func(class int) []*cluster.Pod) (*cluster.Snapshot, bool) {
	out := *w.snap
	in := make([]bool, len(out.Groups))
	out.Classes = w.left(waiting, in)
	asked := slices.Clone(in)
	for i := range out.Classes {
		c := &out.Classes[i]
		if oneByOne(c) {
			return nil, false
		}
		for _, of := range [][]int32{c.Spreads, c.AntiAffinity, c.Preferences, {c.Affinity}} {
			for _, g := range of {
				if g >= 0 {
					asked[g] = true
				}
			}
		}
	}
	a := w.newAmong(open, leaving)
	out.Hosts = make([]cluster.Host, len(a.list))
	room := make(cluster.Vector, 0, len(a.list)*len(out.Resources))
	for i, node := range a.list {
		if k := a.kind[i]; k >= 0 {
			out.Hosts[i] = w.kinds.hosts[k]
			continue
		}
		at := len(room)
		room = append(room, w.nodes[node].free...)
		out.Hosts[i] = w.settled(int(node), false, slices.Clip(room[at:]))
	}
	out.Groups = slices.Clone(out.Groups)
	for g := range out.Groups {
		out.Groups[g].Hosts = nil
		if asked[g] {
			out.Groups[g].Hosts = a.counts(w.groupTallyBy(&w.kinds.topology, int32(g)), func(node int32) int32 { return w.groups[g][node] })
		}
	}
	out.Repulsions = a.repulsions(in)
	out.Pools, out.Stocks = w.usedUp()
	return &out, true
}

// left are the classes of the pods that wait. In groups it marks those that they are in.
func (w *World) left(waiting func(class int) []*cluster.Pod, groups []bool) []cluster.Class {
	var out []cluster.Class
	for i := range w.snap.Classes {
		pods := waiting(i)
		if len(pods) == 0 {
			continue
		}
		c := w.snap.Classes[i]
		c.Pods = pods
		out = append(out, c)
		for _, g := range c.Groups {
			groups[g] = true
		}
	}
	return out
}

// oneByOne tells whether it matters to pods of a class which of the nodes that are alike
// otherwise something is on: the emptiest node bounds a spread over nodes, a volume may be
// on one of them already.
func oneByOne(c *cluster.Class) bool {
	d := c.Demand
	spread := func(s cluster.TopologySpread) bool { return !s.Soft && namesNodes(s.Key) }
	names := func(t cluster.Term) bool {
		return slices.ContainsFunc(t, func(r cluster.Requirement) bool { return namesNodes(r.Key) })
	}
	prefers := func(p cluster.Preference) bool { return names(p.Node) }
	return len(c.Volumes)+len(c.Claims) > 0 || slices.ContainsFunc(d.Spreads, spread) ||
		names(d.Selector) || slices.ContainsFunc(d.Affinity, names) || slices.ContainsFunc(d.Preferences, prefers)
}

// namesNodes tells whether a label is another one on each node.
func namesNodes(key string) bool { return key == cluster.LabelHostname || key == cluster.FieldName }

// among is nodes that are open and, for the others, the first of each kind.
type among struct {
	*World
	open, leaving []int32
	list          []int32 // of both, ascending
	kind          []int32 // of each of list, −1 for an open node
	at            []int32 // of each kind, its place in list
	opened        map[int32]int32
}

func (w *World) newAmong(open, leaving []int32) *among {
	w.sortKinds()
	first := w.kinds.first
	a := &among{World: w, open: open, leaving: leaving, at: make([]int32, len(first)), opened: make(map[int32]int32, len(open))}
	for i, k := 0, 0; i < len(open) || k < len(first); {
		at := int32(len(a.list))
		// That a kind is where its first node is keeps domains in the order that they have.
		if k == len(first) || i < len(open) && open[i] <= first[k] {
			a.list, a.kind = append(a.list, open[i]), append(a.kind, -1)
			a.opened[open[i]] = at
			i++
			continue
		}
		a.list, a.kind = append(a.list, first[k]), append(a.kind, int32(k))
		a.at[k] = at
		k++
	}
	return a
}

// counts lists what is counted on nodes, all of it by kind and of each node.
func (a *among) counts(all *tally, of func(node int32) int32) []cluster.Count {
	rest := make([]int32, len(a.at)) // by kind, on nodes that are not open
	for k := range rest {
		rest[k] = all.at(int32(k))
	}
	for _, nodes := range [][]int32{a.open, a.leaving} {
		for _, node := range nodes {
			rest[a.kinds.nodes[node]] -= of(node)
		}
	}
	var out []cluster.Count
	for i, node := range a.list {
		n := int32(0)
		if k := a.kind[i]; k >= 0 {
			n = rest[k]
		} else {
			n = of(node)
		}
		if n > 0 {
			out = append(out, cluster.Count{Host: int32(i), Pods: n})
		}
	}
	return out
}

// repulsions are those that touch one of the groups.
func (a *among) repulsions(groups []bool) []cluster.Repulsion {
	x := newRepulsions(groups)
	for _, r := range a.snap.Repulsions {
		if groups[r.Group] {
			r.Hosts = a.places(r.Hosts)
			x.add(r)
		}
	}
	for i := range a.repellers {
		r := &a.repellers[i]
		if r.class < 0 || !groups[r.group] {
			continue
		}
		var hosts []int32
		for _, c := range a.counts(a.repellerByKind(r), func(node int32) int32 { return a.nodes[node].placed[r.class] }) {
			hosts = append(hosts, c.Host)
		}
		x.add(cluster.Repulsion{Key: r.key, Group: r.group, Hosts: hosts})
	}
	return x.sorted()
}

// places are the places in the list of nodes, or of what stands for them, ascending.
func (a *among) places(nodes []int32) []int32 {
	out := make([]int32, len(nodes))
	for i, node := range nodes {
		at, ok := a.opened[node]
		if !ok {
			at = a.at[a.kinds.nodes[node]]
		}
		out[i] = at
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// kinds tells nodes apart as far as constraints can that do not name single nodes: by their
// taints, the labels that some class or repulsion asks about, and whether they have a name.
type kinds struct {
	topology // the domains are kinds
	keys     []string
	first    []int32        // node of each kind
	hosts    []cluster.Host // what stands for those of each kind
	text     []byte
}

// sortKinds finds the kind of each node.
func (w *World) sortKinds() {
	if w.kinds != nil {
		return
	}
	w.kinds = &kinds{topology: topology{ids: map[string]int32{}}, keys: keysAsked(w.snap)}
	for i := range w.nodes {
		w.addKind(&w.nodes[i])
	}
}

// addKind finds the kind of the next node.
func (w *World) addKind(n *node) {
	k := w.kinds
	text := k.text[:0]
	for _, key := range k.keys {
		if value, ok := n.label(key); ok {
			text = append(append(text, '='), value...)
		}
		text = append(text, 0)
	}
	for _, t := range n.taints {
		for _, s := range []string{t.Key, t.Value, string(t.Effect)} {
			text = append(append(text, s...), 0)
		}
	}
	if _, named := n.label(cluster.LabelHostname); named {
		text = append(text, 1)
	}
	k.text = text
	id, known := k.ids[string(text)]
	if !known {
		id = int32(len(k.first))
		k.ids[string(text)] = id
		k.first, k.hosts = append(k.first, int32(n.id)), append(k.hosts, w.standIn(n, int(id)))
	}
	k.nodes = append(k.nodes, id)
}

// standIn is the host that stands for a kind: like a node of it, but none of them by name.
func (w *World) standIn(n *node, kind int) cluster.Host {
	h := cluster.Host{Pool: -1, Taints: n.taints, Allocatable: n.total, Free: n.total, Closed: "for what is counted elsewhere"}
	if n.offering < 0 {
		h.Labels = maps.Clone(w.snap.Hosts[n.id].Labels)
	} else {
		h.Labels = w.snap.Offerings[n.offering].Labels()
	}
	h.Name = "~~" + strconv.Itoa(kind)
	if _, named := n.label(cluster.LabelHostname); named {
		h.Labels[cluster.LabelHostname] = h.Name
	}
	return h
}

// keysAsked are the labels, sorted, that constraints of a snapshot's classes ask about, and
// those of pods that are apart from them.
func keysAsked(snap *cluster.Snapshot) []string {
	asked := map[string]bool{}
	terms := func(all ...cluster.Term) {
		for _, t := range all {
			for _, r := range t {
				asked[r.Key] = true
			}
		}
	}
	for i := range snap.Classes {
		d := snap.Classes[i].Demand
		terms(d.Selector)
		terms(d.Affinity...)
		for j := range d.Spreads {
			asked[d.Spreads[j].Key] = true
		}
		for _, near := range [][]cluster.PodAffinityTerm{d.PodAffinity, d.PodAntiAffinity} {
			for j := range near {
				asked[near[j].Key] = true
			}
		}
		for j := range d.Preferences {
			terms(d.Preferences[j].Node)
			if near := d.Preferences[j].Near; near != nil {
				asked[near.Key] = true
			}
		}
	}
	for i := range snap.Repulsions {
		asked[snap.Repulsions[i].Key] = true
	}
	out := make([]string, 0, len(asked))
	for key := range asked {
		if !namesNodes(key) {
			out = append(out, key)
		}
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
