package judge

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
	"github.com/ullage-sh/ullage/solve"
)

const (
	// headroomEvery is how often it is looked at whether buffers have their room.
	headroomEvery = cluster.Minute
	// headroomCalm and headroomBound are in how much time room that was taken is there again,
	// as for pods: those that wait come before it.
	headroomCalm  = pendingCalm + 4*cluster.Minute
	headroomBound = pendingBound + 5*cluster.Minute
)

// BufferChanged is told every change of a CapacityBuffer.
func (j *Judge) BufferChanged(o *store.Object[cluster.CapacityBuffer], old *cluster.CapacityBuffer) {
	if j.rooms == nil {
		j.rooms = map[string]*lasting{}
		j.clock.At(j.clock.Now().Add(headroomEvery), j.lookHeadroom)
	}
	x := j.rooms[o.Key]
	if x == nil {
		x = &lasting{}
		j.rooms[o.Key] = x
	}
	if o.Now != nil && (old == nil || old.Chunks != o.Now.Chunks) {
		x.since = j.clock.Now() // another number is wanted now
	}
}

// lookHeadroom sees that there is room for the chunks of each buffer, now and every while.
func (j *Judge) lookHeadroom() {
	now := j.clock.Now()
	for _, o := range j.store.Buffers.All() {
		b, x := o.Now, j.rooms[o.Key]
		if !x.turn(j.lacks(b), now) {
			continue
		}
		j.watchInCalm(headroomCalm, headroomBound, func() (cluster.Instant, bool) { return x.since, x.is && o.Now != nil }, func() {
			j.broken(Headroom, o.Key, fmt.Sprintf("there has been no room for all of its %d chunks since %s", o.Now.Chunks, x.since.RFC3339()))
		})
	}
	j.clock.At(now.Add(headroomEvery), j.lookHeadroom)
}

// lacks tells whether there is no room for all chunks of a buffer, as far as counting each
// buffer by itself can tell, although room could be bought.
func (j *Judge) lacks(b *cluster.CapacityBuffer) bool {
	if b.Demand == nil || b.Chunks == 0 || !j.placeable(&cluster.Pod{Demand: b.Demand}) {
		return false
	}
	room := int64(0)
	for o := range j.store.Nodes.Each {
		if room += j.roomOn(o.Now, b); room >= int64(b.Chunks) {
			return false
		}
	}
	return true
}

// lacksAny tells whether some buffer has not got its room.
func (j *Judge) lacksAny() bool {
	for o := range j.store.Buffers.Each {
		if j.lacks(o.Now) {
			return true
		}
	}
	return false
}

// boughtForRoom excuses moves that were made when a claim is written for chunks: pods that
// came have taken their room, or it was pods that had to move. Where these go is up to the
// scheduler, so that may happen; but not again and again. Since what is lacking is counted
// generously, what came from outside a moment ago is taken to be the cause.
func (j *Judge) boughtForRoom(c *cluster.Claim) {
	switch {
	case j.lacksAny() || j.clock.Now() < j.outside.Add(roomTakenWithin):
		j.moves.known = false
	case !j.replaces(c.Name):
		j.moves.crowded = true
	}
}

// excuses tells whether a move may have been pointless: its pods took room that was to be
// kept free, which has not happened for a while.
func (j *Judge) excuses() bool {
	if now := j.clock.Now(); j.moves.crowded && j.excused.Add(excuseEvery) <= now {
		j.excused = now
		return true
	}
	return false
}

// roomTakenWithin is how long after something from outside a claim may be written for the
// room that it took: pods that wait and pods that move come first.
const roomTakenWithin = 5 * cluster.Minute

// excuseEvery is how often a move may turn out to be pointless since its pods took room that
// was to be kept free.
const excuseEvery = cluster.Hour

// roomOn is how many chunks of a buffer a node has room for, if it takes pods.
func (j *Judge) roomOn(n *cluster.Node, b *cluster.CapacityBuffer) int64 {
	c := j.claimOn(n)
	if c == nil || !serves(c) || !n.Ready || n.DeletingAt != 0 || n.Unschedulable || !b.Demand.Admits(n.Labels.Get, lasts(n.Taints)) {
		return 0
	}
	pods := j.store.PodsOn(n.Name)
	for _, t := range b.Demand.PodAntiAffinity {
		if t.Key == cluster.LabelHostname && slices.ContainsFunc(pods, func(o *store.Pod) bool { return !o.Now.Terminal() && t.Pods.Matches(o.Now.Identity, nil) }) {
			return 0
		}
	}
	room := times(j.freeOn(n), b.Demand.Requests)
	if len(b.Demand.PodAntiAffinity) > 0 {
		room = min(room, 1)
	}
	return room
}

// freeOn is what the pods of a node leave of it.
func (j *Judge) freeOn(n *cluster.Node) cluster.Resources {
	free := n.Allocatable
	for _, o := range j.store.PodsOn(n.Name) {
		if !o.Now.Terminal() {
			free = free.Minus(o.Now.Demand.Requests)
		}
	}
	return free
}

// times is how often some requests fit into what is free.
func times(free, requests cluster.Resources) int64 {
	n := int64(1) << 32
	for _, r := range requests {
		n = min(n, max(free.Get(r.Name), 0)/r.Value)
	}
	return n
}

// lasts are the taints of a node without those that it has for a while: of nodes that are
// reserved for pods that are on their way, and of nodes that wait for their replacements.
func lasts(taints []cluster.Taint) []cluster.Taint {
	return slices.DeleteFunc(slices.Clone(taints), func(t cluster.Taint) bool {
		return t.Key == cluster.ReservedKey || t == cluster.DisruptedTaint
	})
}

// keepsRoom tells whether an empty node may be there for a chunk: there are no more empty
// nodes with room for one than there are chunks.
func (j *Judge) keepsRoom(n *cluster.Node) bool {
	chunks, with := int64(0), int64(0)
	for o := range j.store.Buffers.Each {
		if o.Now.Demand != nil {
			chunks += int64(o.Now.Chunks)
		}
	}
	for name := range j.empty {
		if o := j.store.Nodes.Get(name); o != nil && j.takesChunk(o.Now) {
			with++
		}
	}
	return j.takesChunk(n) && with <= chunks
}

// takesChunk tells whether a node has room for a chunk of some buffer.
func (j *Judge) takesChunk(n *cluster.Node) bool {
	for o := range j.store.Buffers.Each {
		if b := o.Now; b.Demand != nil && b.Chunks > 0 && j.roomOn(n, b) > 0 {
			return true
		}
	}
	return false
}

// roomSteps is what is done to find room for all chunks before it is said that there is none.
const roomSteps = 50_000

// checkRoom looks whether there is room in the end for the chunks of all buffers together:
// whether a plan for them, and nothing else, would buy something.
func (j *Judge) checkRoom(left cluster.Input) {
	if j.store.Buffers.Len() == 0 {
		return
	}
	left.Pods = slices.DeleteFunc(slices.Clone(left.Pods), func(p *cluster.Pod) bool {
		n := j.store.Nodes.Get(p.Node)
		return n == nil || !serves(j.claimOn(n.Now)) // who waits, or will, has had the time for it
	})
	for _, o := range j.store.Buffers.All() {
		left.Pods = append(left.Pods, o.Now.Pods(j.clock.Now())...)
	}
	p := solve.Solve(cluster.NewSnapshot(left), solve.Options{NodeCharge: j.opts.Solve.NodeCharge, Steps: roomSteps, Hosts: true, Unproven: true})
	if len(p.Creates) > 0 {
		pods := p.Creates[0].Pods
		j.broken(Headroom, pods[0].Namespace+"/"+pods[0].Owner.Name, fmt.Sprintf("a node would have to be bought for %d of the chunks of all buffers; nothing has happened since %s", len(pods), j.outside.RFC3339()))
	}
}

// withChunks adds to what is left the chunks that have room, empty nodes before others:
// where they are only the operator knows.
func (j *Judge) withChunks(left cluster.Input) []*cluster.Pod {
	if j.store.Buffers.Len() == 0 {
		return left.Pods
	}
	nodes := slices.Clone(left.Nodes)
	slices.SortStableFunc(nodes, func(a, b *cluster.Node) int {
		x, y := j.store.Occupied(a.Name), j.store.Occupied(b.Name)
		switch {
		case x == y:
			return 0
		case y:
			return -1
		}
		return 1
	})
	out := slices.Clone(left.Pods)
	used := map[string]cluster.Resources{}
	for _, o := range j.store.Buffers.All() {
		for _, p := range o.Now.Pods(j.clock.Now()) {
			for _, n := range nodes {
				with := used[n.Name].Plus(p.Demand.Requests)
				if j.roomOn(n, o.Now) > 0 && times(j.freeOn(n), with) > 0 {
					used[n.Name] = with
					p.Node = n.Name
					out = append(out, p)
					break
				}
			}
		}
	}
	return out
}
