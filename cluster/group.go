package cluster

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// Group is a set of pods that a constraint counts: those that all selectors match.
type Group struct {
	Selectors []*PodSelector
	// Leaving: pods that are being deleted count too. They do for affinity, not for
	// spread.
	Leaving bool
	// Hosts are the numbers of its pods on hosts, by host; none is 0.
	Hosts []Count
}

// Count is a number of pods on a host.
type Count struct{ Host, Pods int32 }

// Repulsion is required anti-affinity of pods on hosts: in the domains that the
// label Key makes of these hosts, no pod of the group may be added.
type Repulsion struct {
	Key   string
	Group int32
	Hosts []int32 // ascending
}

// grouper finds the groups of a snapshot and who is in them.
type grouper struct {
	*muster
	index map[string]int32
	// in caches the groups that an identity belongs to.
	in      map[*Identity]membership
	members map[string]int32 // numbers of lists of groups
	anchors map[label][]int32
	loose   []int32 // groups without an anchor
	// counted are the groups below this index: those that waiting pods count. The
	// others only repel.
	counted   int32
	repulsion map[repelled]int // into out.Repulsions
}

type repelled struct {
	key   string
	group int32
}

// label is a label of a pod. It is an anchor of the groups that ask for it: who has
// none of a group's anchors need not be looked at any closer.
type label struct{ key, value string }

func newGrouper(m *muster) *grouper {
	return &grouper{
		muster: m, index: map[string]int32{}, repulsion: map[repelled]int{},
		in: map[*Identity]membership{}, members: map[string]int32{}, anchors: map[label][]int32{},
	}
}

// id returns the number of the group that these selectors make.
func (g *grouper) id(leaving bool, selectors ...*PodSelector) int32 {
	var b strings.Builder
	b.WriteString(strconv.FormatBool(leaving))
	for _, s := range selectors {
		s.key(&b)
	}
	id, ok := g.index[b.String()]
	if !ok {
		id = int32(len(g.out.Groups))
		g.index[b.String()] = id
		g.out.Groups = append(g.out.Groups, Group{Selectors: selectors, Leaving: leaving})
	}
	return id
}

// noReferences are those of a demand without constraints between pods.
var noReferences = References{Affinity: -1}

// refer finds the groups that the constraints of a demand speak of.
func (g *grouper) refer(d *Demand) *References {
	if d.bare {
		return &noReferences
	}
	r := &References{Affinity: -1}
	for i := range d.Spreads {
		r.Spreads = append(r.Spreads, g.id(false, &d.Spreads[i].Pods))
	}
	if len(d.PodAffinity) > 0 {
		all := make([]*PodSelector, len(d.PodAffinity))
		for i := range d.PodAffinity {
			all[i] = d.PodAffinity[i].Pods.own()
		}
		r.Affinity = g.id(true, all...)
	}
	for i := range d.PodAntiAffinity {
		r.AntiAffinity = append(r.AntiAffinity, g.id(true, d.PodAntiAffinity[i].Pods.own()))
		r.Repels = append(r.Repels, g.id(true, &d.PodAntiAffinity[i].Pods))
	}
	for _, p := range d.Preferences {
		at := int32(-1)
		if p.Near != nil {
			at = g.id(true, p.Near.Pods.own())
		}
		r.Preferences = append(r.Preferences, at)
	}
	return r
}

// repels notes the anti-affinity of the pods on hosts. All groups are known then.
func (g *grouper) repels() {
	g.counted = int32(len(g.out.Groups))
	for i := range g.repellers {
		g.repel(g.repellers[i].demand, g.repellers[i].hosts...)
	}
	for h := range g.out.Hosts {
		for _, p := range g.out.Hosts[h].Promised {
			g.repel(p.Demand, int32(h))
		}
	}
	for i := range g.out.Repulsions {
		x := &g.out.Repulsions[i]
		slices.Sort(x.Hosts)
		x.Hosts = slices.Compact(x.Hosts)
	}
	for i := range g.out.Groups {
		g.anchor(int32(i))
	}
}

// repel notes the anti-affinity of pods on some hosts.
func (g *grouper) repel(d *Demand, hosts ...int32) {
	for i := range d.PodAntiAffinity {
		t := &d.PodAntiAffinity[i]
		r := repelled{t.Key, g.id(true, &t.Pods)}
		at, ok := g.repulsion[r]
		if !ok {
			at = len(g.out.Repulsions)
			g.repulsion[r] = at
			g.out.Repulsions = append(g.out.Repulsions, Repulsion{Key: t.Key, Group: r.group})
		}
		g.out.Repulsions[at].Hosts = append(g.out.Repulsions[at].Hosts, hosts...)
	}
}

// anchor files a group under labels of which each of its pods has one.
func (g *grouper) anchor(group int32) {
	for _, s := range g.out.Groups[group].Selectors {
		for _, r := range s.Labels {
			if r.Operator != In {
				continue
			}
			for _, v := range r.Values {
				at := label{r.Key, v}
				if list := g.anchors[at]; len(list) == 0 || list[len(list)-1] != group {
					g.anchors[at] = append(list, group)
				}
			}
			return
		}
	}
	g.loose = append(g.loose, group)
}

// membership is the groups that pods belong to, ascending, and the number of that
// list.
type membership struct {
	list []int32
	id   int32
}

// of returns the groups that pods of an identity belong to.
func (g *grouper) of(id *Identity) membership {
	if id == nil {
		id = &noIdentity
	}
	if groups, ok := g.in[id]; ok {
		return groups
	}
	possible := slices.Clone(g.loose)
	for key, value := range id.Labels {
		possible = append(possible, g.anchors[label{key, value}]...)
	}
	groups := slices.DeleteFunc(possible, func(i int32) bool {
		return slices.ContainsFunc(g.out.Groups[i].Selectors, func(s *PodSelector) bool { return !s.Matches(id, g.namespaces) })
	})
	slices.Sort(groups)
	m := membership{groups, g.number(groups)}
	g.in[id] = m
	return m
}

// number returns the number of a list of groups.
func (g *grouper) number(groups []int32) int32 {
	key := make([]byte, 0, 4*len(groups))
	for _, x := range groups {
		key = binary.LittleEndian.AppendUint32(key, uint32(x))
	}
	n, ok := g.members[string(key)]
	if !ok {
		n = int32(len(g.members))
		g.members[string(key)] = n
	}
	return n
}

var noIdentity Identity

// count counts the pods on hosts by group.
func (g *grouper) count() {
	if g.counted == 0 {
		return
	}
	for i := range g.residents {
		r := &g.residents[i]
		g.add(r.identity, r.deleting, r.hosts...)
	}
	for h := range g.out.Hosts {
		for _, p := range g.out.Hosts[h].Promised {
			g.add(p.Identity, p.Deleting(), Count{int32(h), 1})
		}
	}
	for i := range g.out.Groups {
		x := &g.out.Groups[i]
		byHost := func(a, b Count) int { return cmp.Compare(a.Host, b.Host) }
		if !slices.IsSortedFunc(x.Hosts, byHost) {
			slices.SortFunc(x.Hosts, byHost)
		}
		sum := x.Hosts[:0]
		for _, c := range x.Hosts {
			if n := len(sum); n > 0 && sum[n-1].Host == c.Host {
				sum[n-1].Pods += c.Pods
			} else {
				sum = append(sum, c)
			}
		}
		x.Hosts = sum
	}
}

// add counts pods of an identity in their groups.
func (g *grouper) add(id *Identity, deleting bool, hosts ...Count) {
	for _, i := range g.of(id).list {
		if x := &g.out.Groups[i]; i < g.counted && (x.Leaving || !deleting) {
			x.Hosts = append(x.Hosts, hosts...)
		}
	}
}

// dropIdle leaves out the repulsions that touch nothing that waits.
func (g *grouper) dropIdle() {
	waiting := make([]bool, len(g.out.Groups))
	for i := range g.out.Classes {
		for _, group := range g.out.Classes[i].Groups {
			waiting[group] = true
		}
	}
	g.out.Repulsions = slices.DeleteFunc(g.out.Repulsions, func(r Repulsion) bool { return !waiting[r.Group] })
	slices.SortFunc(g.out.Repulsions, func(x, y Repulsion) int {
		return cmp.Or(strings.Compare(x.Key, y.Key), cmp.Compare(x.Group, y.Group))
	})
}
