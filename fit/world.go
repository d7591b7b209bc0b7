package fit

import (
	"maps"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// World is a snapshot with what a plan adds to it. Nodes are numbered: the
// snapshot's hosts first, then those bought, as they come.
type World struct {
	snap       *cluster.Snapshot
	nodes      []node
	topologies map[string]*topology
	kinds      *kinds // nil until somebody asks
	// groups holds, for each of the snapshot's groups, its pods on each node.
	groups [][]int32
	// What constraints count, for each of the snapshot's groups: tallies of affinity and
	// anti-affinity, and the spreads of classes that have been looked at.
	tallies [][]*tally
	spreads [][]*spread
	// repellers are the anti-affinity terms that others have to keep to; repels those of
	// each class that has been placed.
	repellers []repeller
	repels    [][]*tally
	views     []*View // of each class that has been looked at
	// made are the volumes that pods placed here share and that were found or made for
	// the first of them; taken are the free ones that were found.
	made  map[string]*made
	taken map[string]bool
	// claimed are the shared claims to devices that pods placed here have.
	claimed map[string]*claimed
}

// node is a host or a node that is bought.
type node struct {
	id       int // in the world, −1 for one that is not in it
	offering int // that it was bought as, −1 for a host
	label    cluster.Lookup
	taints   []cluster.Taint
	closed   string
	total    cluster.Vector // before anything is on it
	free     cluster.Vector
	ports    []cluster.HostPort
	// volumes that are attached, of those that pods may share, with how many use them; nil
	// for none.
	volumes map[string]int
	// hanging are attached although no pod of the snapshot uses them.
	hanging []string
	placed  map[int32]int32 // pods placed here by class; nil for none
	// found are the free volumes that pods placed here have taken: for each class, of
	// each pod.
	found map[int32][][]string
}

// New returns the world of a snapshot before anything is added.
func New(snap *cluster.Snapshot) *World {
	w := &World{
		snap: snap, nodes: make([]node, 0, len(snap.Hosts)), topologies: map[string]*topology{},
		groups: make([][]int32, len(snap.Groups)), tallies: make([][]*tally, len(snap.Groups)), spreads: make([][]*spread, len(snap.Groups)),
		repels: make([][]*tally, len(snap.Classes)), views: make([]*View, len(snap.Classes)),
		made: map[string]*made{}, taken: map[string]bool{}, claimed: map[string]*claimed{},
	}
	room := make(cluster.Vector, 0, len(snap.Hosts)*len(snap.Resources)) // side by side: it is what is asked most
	for i := range snap.Hosts {
		h := &snap.Hosts[i]
		room = append(room, h.Free...)
		n := node{id: i, offering: -1, label: h.Label, taints: h.Taints, closed: h.Closed, total: h.Allocatable, free: slices.Clip(room[len(room)-len(h.Free):]), hanging: h.Hanging}
		n.ports = append(n.ports, h.Expected...)
		for _, pods := range [][]*cluster.Pod{h.Pods, h.Promised} {
			for _, p := range pods {
				n.ports = append(n.ports, p.Demand.Ports...)
			}
		}
		for _, id := range h.Volumes {
			n.use(id, 1)
		}
		w.nodes = append(w.nodes, n)
	}
	for i := range snap.Groups {
		w.groups[i] = make([]int32, len(snap.Hosts))
		for _, c := range snap.Groups[i].Hosts {
			w.groups[i][c.Host] = c.Pods
		}
	}
	w.addRepulsions()
	return w
}

// use counts users of a volume.
func (n *node) use(id string, by int) {
	if n.volumes == nil {
		n.volumes = map[string]int{}
	}
	n.volumes[id] += by
}

// Nodes is how many nodes there are.
func (w *World) Nodes() int { return len(w.nodes) }

// Buy adds an empty node of an offering and returns its number.
func (w *World) Buy(offering int) int {
	n := w.fresh(offering, "new-"+strconv.Itoa(len(w.nodes)))
	n.id = len(w.nodes)
	w.nodes = append(w.nodes, n)
	for _, t := range w.topologies {
		t.nodes = append(t.nodes, t.of(n.label))
	}
	if w.kinds != nil {
		w.addKind(&n)
	}
	for i := range w.groups {
		w.groups[i] = append(w.groups[i], 0)
	}
	for _, v := range w.views {
		if v != nil {
			v.addNode()
		}
	}
	return n.id
}

// fresh is an empty node of an offering.
func (w *World) fresh(offering int, name string) node {
	o := &w.snap.Offerings[offering]
	label := func(key string) (string, bool) {
		if key == cluster.LabelHostname || key == cluster.FieldName {
			return name, true
		}
		return o.Label(key)
	}
	return node{id: -1, offering: offering, label: label, taints: w.snap.Pools[o.Pool].Taints, total: o.Allocatable, free: slices.Clone(o.Free), ports: slices.Clone(o.Ports)}
}

// Place puts pods of a class on a node, whether they fit or not.
func (w *World) Place(class, node int, pods int32) {
	n := &w.nodes[node]
	for range pods {
		w.use(int32(class), n)
	}
	w.repel(int32(class))
	w.count(int32(class), n, pods)
}

// count notes that pods of a class came to a node, or left it.
func (w *World) count(class int32, n *node, pods int32) {
	if n.placed == nil {
		n.placed = map[int32]int32{}
	}
	n.placed[class] += pods
	for _, g := range w.snap.Classes[class].Groups {
		w.shift(g, n.id, pods)
	}
	for _, t := range w.repels[class] {
		t.add(n.id, pods)
	}
}

// shift changes the number of pods of a group on a node.
func (w *World) shift(group int32, node int, by int32) {
	w.groups[group][node] += by
	for _, t := range w.tallies[group] {
		t.add(node, by)
	}
	for _, s := range w.spreads[group] {
		s.count(node, by)
	}
}

// use takes what one pod uses of a node.
func (w *World) use(class int32, n *node) {
	c := &w.snap.Classes[class]
	n.free.Sub(c.Requests)
	n.ports = append(n.ports, c.Demand.Ports...)
	w.bind(class, n)
	for i := range c.Volumes {
		w.attach(n, &c.Volumes[i], 1)
	}
	for i := range c.Claims {
		w.allocate(n, &c.Claims[i])
	}
}

// Remove takes one pod of a class away from a node on which it was placed.
func (w *World) Remove(class, node int) {
	c, n := &w.snap.Classes[class], &w.nodes[node]
	n.free.Add(c.Requests)
	for _, p := range c.Demand.Ports {
		i := slices.Index(n.ports, p)
		n.ports = slices.Delete(n.ports, i, i+1)
	}
	w.unbind(int32(class), n)
	for i := range c.Volumes {
		w.attach(n, &c.Volumes[i], -1)
	}
	for i := range c.Claims {
		w.deallocate(n, &c.Claims[i])
	}
	w.count(int32(class), n, -1)
}

// Placed returns the pods placed on a node, by class.
func (w *World) Placed(node int) []Placed {
	var out []Placed
	for _, c := range slices.Sorted(maps.Keys(w.nodes[node].placed)) {
		out = append(out, Placed{int(c), w.nodes[node].placed[c]})
	}
	return out
}

// Placed is a number of pods of a class.
type Placed struct {
	Class int
	Pods  int32
}
