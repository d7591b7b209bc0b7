package fit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Room is what is free on a node. It must not be written.
func (w *World) Room(node int) cluster.Vector { return w.nodes[node].free }

// Settle returns the world as a snapshot: what has been placed counts as being there,
// and nodes that were bought are hosts that take nothing more, and have used up limits and
// stocks. On leaving nodes, which are closed, nothing counts, but they still count against
// limits: what replaces them comes first. The classes are left with the pods that waiting
// names, those that have any.
func (w *World) Settle(leaving []bool, waiting func(class int) []*cluster.Pod) *cluster.Snapshot {
	out := *w.snap
	leaving = slices.Concat(leaving, make([]bool, len(w.nodes)-len(leaving))) // what was bought stays
	groups := make([]bool, len(out.Groups))                                   // that somebody who waits is in
	out.Classes = w.left(waiting, groups)
	out.Hosts = make([]cluster.Host, len(w.nodes))
	room := make(cluster.Vector, 0, len(w.nodes)*len(out.Resources))
	for i := range w.nodes {
		at := len(room)
		room = append(room, w.nodes[i].free...)
		out.Hosts[i] = w.settled(i, leaving[i], slices.Clip(room[at:]))
	}
	out.Groups = slices.Clone(out.Groups)
	for g := range out.Groups {
		out.Groups[g].Hosts = w.settledGroup(int32(g), leaving)
	}
	out.Repulsions = w.settledRepulsions(leaving, groups)
	out.Pools, out.Stocks = w.usedUp()
	return &out
}

// usedUp are the pools with the nodes that were bought, and what these leave of the stocks.
func (w *World) usedUp() ([]cluster.PoolState, []cluster.Stock) {
	bought := w.nodes[len(w.snap.Hosts):]
	if len(bought) == 0 {
		return w.snap.Pools, w.snap.Stocks
	}
	pools, stocks := slices.Clone(w.snap.Pools), slices.Clone(w.snap.Stocks)
	for i := range bought {
		o := &w.snap.Offerings[bought[i].offering]
		p := &pools[o.Pool]
		p.Used = p.Used.Plus(o.Type.Capacity).Plus(cluster.Resources{{Name: cluster.NodesLimit, Value: 1}})
		for _, d := range o.Draws {
			for j := range stocks {
				if stocks[j].Name == d.Stock {
					stocks[j].Left -= d.Amount
				}
			}
		}
	}
	return pools, stocks
}

// settled is a node as a host with that room.
func (w *World) settled(i int, leaves bool, room cluster.Vector) cluster.Host {
	n := &w.nodes[i]
	var h cluster.Host
	if i < len(w.snap.Hosts) {
		h = w.snap.Hosts[i]
	} else {
		h = w.boughtHost(n)
	}
	if leaves {
		h.Closed = "to be given back"
		return h
	}
	h.Free = room
	for class, pods := range n.placed {
		if pods > 0 { // those that are in each other's way, too: each may be removed
			h.Expected = append(slices.Clip(h.Expected), slices.Repeat(w.snap.Classes[class].Demand.Ports, int(pods))...)
		}
	}
	slices.SortFunc(h.Expected, cluster.HostPort.Compare)
	h.Volumes = nil
	for id, users := range n.volumes {
		if users > 0 {
			h.Volumes = append(h.Volumes, id)
		}
	}
	slices.Sort(h.Volumes)
	return h
}

// boughtHost is a node that was bought. Its name comes after those of all others.
func (w *World) boughtHost(n *node) cluster.Host {
	o := &w.snap.Offerings[n.offering]
	name := fmt.Sprintf("~%06d", n.id)
	labels := o.Labels()
	labels[cluster.LabelHostname] = name
	return cluster.Host{
		Name: name, Pool: -1, Labels: labels, Taints: n.taints, Allocatable: n.total, Price: o.Price, Imputed: o.Imputed, Closed: "not there yet",
	}
}

// settledGroup counts the pods of a group.
func (w *World) settledGroup(g int32, leaving []bool) []cluster.Count {
	var out []cluster.Count
	for i, pods := range w.groups[g] {
		if pods > 0 && !leaving[i] {
			out = append(out, cluster.Count{Host: int32(i), Pods: pods})
		}
	}
	return out
}

// settledRepulsions are those that touch one of the groups.
func (w *World) settledRepulsions(leaving, groups []bool) []cluster.Repulsion {
	x := newRepulsions(groups)
	for _, r := range w.snap.Repulsions {
		x.add(r)
	}
	for _, r := range w.repellers {
		if r.class < 0 || !groups[r.group] {
			continue
		}
		var hosts []int32
		for i := range w.nodes {
			if w.nodes[i].placed[r.class] > 0 && !leaving[i] {
				hosts = append(hosts, int32(i))
			}
		}
		x.add(cluster.Repulsion{Key: r.key, Group: r.group, Hosts: hosts})
	}
	return x.sorted()
}

// repulsions collects those that touch one of the groups, those of the same label and group
// as one.
type repulsions struct {
	groups []bool
	index  map[repulsion]int
	list   []cluster.Repulsion
}

type repulsion struct {
	key   string
	group int32
}

func newRepulsions(groups []bool) *repulsions {
	return &repulsions{groups: groups, index: map[repulsion]int{}}
}

func (x *repulsions) add(r cluster.Repulsion) {
	if !x.groups[r.Group] || len(r.Hosts) == 0 {
		return
	}
	k := repulsion{r.Key, r.Group}
	at, ok := x.index[k]
	if !ok {
		x.index[k] = len(x.list)
		x.list = append(x.list, r)
		return
	}
	all := slices.Concat(x.list[at].Hosts, r.Hosts)
	slices.Sort(all)
	x.list[at].Hosts = slices.Compact(all)
}

func (x *repulsions) sorted() []cluster.Repulsion {
	slices.SortFunc(x.list, func(a, b cluster.Repulsion) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.Group, b.Group))
	})
	return x.list
}

// Overfull tells whether a node holds more than it should: its room is less than
// nothing, or two pods have the same port. Pods that were put there past the scheduler,
// or that have grown, can do that.
func (w *World) Overfull(node int) bool {
	n := &w.nodes[node]
	for _, v := range n.free {
		if v < 0 {
			return true
		}
	}
	for i, p := range n.ports {
		if slices.ContainsFunc(n.ports[:i], p.Conflicts) {
			return true
		}
	}
	return false
}

// Vacate makes what a snapshot's host holds beside what has been placed there count no
// more: it will go with the host. The result is for [World.Occupy], which undoes it.
func (w *World) Vacate(node int) []int32 {
	was := make([]int32, len(w.groups))
	for g := range w.groups {
		was[g] = w.groups[g][node]
		w.shift(int32(g), node, -was[g])
	}
	return was
}

// Occupy undoes [World.Vacate].
func (w *World) Occupy(node int, was []int32) {
	for g, pods := range was {
		w.shift(int32(g), node, pods)
	}
}
