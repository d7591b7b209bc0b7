package karpenter

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// trial is what would become of some pods: a board on which they are placed one after
// the other. Trials share their board and nothing else.
type trial struct {
	board  *board
	free   []cluster.Vector // of hosts
	ports  map[int32][]cluster.HostPort
	counts [][]int32 // of each tally, by domain
	claims []*claim
	quotas []quota // of each pool
	gone   []bool  // hosts that take nothing
	// quiet are hosts that take only pods that wait, and those that have to leave.
	quiet []bool
	// start says of each class that is plain that hosts in order before this one are
	// full: for pods that wait, then for those that only might move.
	start  [2][]int32
	placed map[int32][]item // by host
}

// quota is what a pool's limits leave; nil for no limits.
type quota struct {
	left cluster.Resources
	none bool
}

func newTrial(b *board) *trial {
	n := len(b.snap.Hosts)
	t := &trial{board: b, free: make([]cluster.Vector, n), counts: make([][]int32, len(b.tallies)), gone: make([]bool, n), quiet: make([]bool, n),
		start: [2][]int32{make([]int32, len(b.classes)), make([]int32, len(b.classes))}, placed: map[int32][]item{}, ports: map[int32][]cluster.HostPort{}, quotas: make([]quota, len(b.snap.Pools))}
	for h := range b.snap.Hosts {
		x := &b.snap.Hosts[h]
		t.free[h] = slices.Clone(x.Free)
		for _, p := range x.Pods {
			if len(p.Demand.Ports) > 0 {
				t.ports[int32(h)] = append(t.ports[int32(h)], p.Demand.Ports...)
			}
		}
	}
	for i, x := range b.tallies {
		t.counts[i] = slices.Clone(x.first)
	}
	for i := range b.snap.Pools {
		p := &b.snap.Pools[i]
		t.quotas[i].none = p.Limits == nil
		t.quotas[i].left = slices.Clone(p.Limits)
		for j := range t.quotas[i].left {
			t.quotas[i].left[j].Value -= p.Used.Get(t.quotas[i].left[j].Name)
		}
	}
	return t
}

// refund gives back to a pool's limits what a node takes that goes.
func (t *trial) refund(host int32, n *cluster.Node) {
	pool := t.board.snap.Hosts[host].Pool
	if pool < 0 {
		return
	}
	for i := range t.quotas[pool].left {
		a := &t.quotas[pool].left[i]
		if a.Name == cluster.NodesLimit {
			a.Value++
		} else {
			a.Value += n.Capacity.Get(a.Name)
		}
	}
}

// fork is a copy before any claim is made.
func (t *trial) fork() *trial {
	u := *t
	width := len(t.board.snap.Resources)
	slab := make(cluster.Vector, 0, width*len(t.free))
	u.free = make([]cluster.Vector, len(t.free))
	for h, v := range t.free {
		slab = append(slab, v...)
		u.free[h] = slab[len(slab)-len(v) : len(slab) : len(slab)]
	}
	u.counts = make([][]int32, len(t.counts))
	for i, c := range t.counts {
		u.counts[i] = slices.Clone(c)
	}
	u.quotas = make([]quota, len(t.quotas))
	for i, q := range t.quotas {
		u.quotas[i] = quota{slices.Clone(q.left), q.none}
	}
	u.gone = slices.Clone(t.gone)
	u.start = [2][]int32{make([]int32, len(t.start[0])), make([]int32, len(t.start[0]))}
	u.placed = map[int32][]item{}
	u.ports = make(map[int32][]cluster.HostPort, len(t.ports))
	for h, p := range t.ports {
		u.ports[h] = slices.Clone(p)
	}
	return &u
}

// add places a pod on a host, else on a claim, else on a new one.
func (t *trial) add(x item, c *class, v *variant) bool {
	return t.addToHost(x, c, v) || t.addToClaim(x, c, v) || t.addToNew(x, c, v)
}

func (t *trial) addToHost(x item, c *class, v *variant) bool {
	start := t.start[0]
	moves := x.pod.Node != "" && !t.board.leaving[x.pod.Node] // it might, and stays if it cannot
	if moves {
		start = t.start[1]
	}
	steady, from := v.plain && len(c.variants) == 1, int32(0)
	if steady {
		from = start[x.class]
	}
	for i := from; i < int32(len(t.board.order)); i++ {
		h := t.board.order[i]
		if t.gone[h] || moves && t.quiet[h] || !t.takes(h, c, v) {
			continue
		}
		if steady {
			start[x.class] = i
		}
		t.put(x, c, h)
		return true
	}
	if steady {
		start[x.class] = int32(len(t.board.order))
	}
	return false
}

// takes tells whether a host takes one more pod of a class.
func (t *trial) takes(host int32, c *class, v *variant) bool {
	if !c.Requests.Fits(t.free[host]) || !t.board.admitted(c, v, host) {
		return false
	}
	if len(c.Demand.Ports) > 0 && conflict(c.Demand.Ports, t.ports[host]) {
		return false
	}
	for i := range v.constraints {
		x := &v.constraints[i]
		if !t.allows(x, t.board.tallies[x.tally].at[host]) {
			return false
		}
	}
	return true
}

func conflict(a, b []cluster.HostPort) bool {
	return slices.ContainsFunc(a, func(p cluster.HostPort) bool { return slices.ContainsFunc(b, p.Conflicts) })
}

func (t *trial) put(x item, c *class, host int32) {
	t.free[host].Sub(c.Requests)
	if len(c.Demand.Ports) > 0 {
		t.ports[host] = append(t.ports[host], c.Demand.Ports...)
	}
	t.count(c, host, 1)
	t.placed[host] = append(t.placed[host], x)
}

// lift takes a pod off its host.
func (t *trial) lift(c *class, host int32) {
	t.free[host].Add(c.Requests)
	t.count(c, host, -1)
}
