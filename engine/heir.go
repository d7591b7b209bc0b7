package engine

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// A pod that is evicted comes back as another, which nobody has planned for: the
// scheduler puts it wherever most is free, and what was bought for it goes to whoever
// comes first. So a node that replaces others is reserved for their pods until these have
// left, and each pod that comes in the place of one of them, and finds no other, is sent
// where that one was meant to go, without another plan.
//
// This is safe whoever goes where: the nodes bought for an action hold all pods that are
// planned for them, and so any part of them that finds no room elsewhere.

// heir tells pods apart that can stand in for each other: of one controller, and alike
// to the scheduler.
type heir struct {
	owner  string // UID
	demand *cluster.Demand
}

func heirOf(p *cluster.Pod) heir { return heir{p.Owner.UID, p.Demand} }

// follows notes that a pod is about to leave its node, or has found one.
func (e *Engine) follows(old, now *cluster.Pod) {
	e.disruptor.turns.known = false
	switch {
	case old != nil && old.Node != "" && !old.Deleting() && (now == nil || now.Deleting()):
		e.bequeath(old)
		e.takeOff(old)
	case now != nil && now.Node != "" && (old == nil || old.Node == ""):
		e.trade(now)
		e.land(now)
	case now != nil && now.Ready && !old.Ready:
		e.disruptor.turns.readied(now, e.now)
	}
}

// bequeath leaves the place that a pod was to have, when its end has been asked for, to
// whoever comes for it.
func (e *Engine) bequeath(old *cluster.Pod) {
	if to := e.disruptor.moved.to[old.UID]; to != "" && len(e.disruptor.waitFor[to]) > 0 {
		k := heirOf(old)
		e.disruptor.heirs[k], e.disruptor.late[k] = append(e.disruptor.heirs[k], to), old
	}
}

// inherit sends a pod that has begun to wait where the one before it was to go, and tells
// whether there was such a one.
func (e *Engine) inherit(p *cluster.Pod) bool {
	k := heirOf(p)
	left := e.disruptor.heirs[k]
	for len(left) > 0 {
		to := left[0]
		left = left[1:]
		if e.awaited(to) && e.reservedBy(to) != "" {
			e.disruptor.heirs[k] = left
			delete(e.disruptor.given, p.ID())
			e.sendTo(p, to)
			return true
		}
	}
	delete(e.disruptor.heirs, k)
	delete(e.disruptor.late, k)
	return false
}

// inheritLate lets pods inherit that began to wait before it was known whose place they
// take.
func (e *Engine) inheritLate() {
	if len(e.disruptor.heirs) == 0 {
		return
	}
	for _, p := range sorted(e.waiting.pods) {
		if _, answered := e.answered.of[p.ID()]; !answered && !e.provision.crowded[p.ID()] {
			e.inherit(p)
		}
	}
}

// inheritsWithin is how soon it is looked again whether a pod that waits is an heir.
const inheritsWithin = 200 * cluster.Millisecond

// mayInherit tells whether a pod that has just come, and no plan has looked at, may have come for
// one whose eviction has been asked for without an answer: it may have gone all the same.
func (e *Engine) mayInherit() bool {
	if len(e.disruptor.turns.emptying) == 0 {
		return false
	}
	asked := map[heir]bool{}
	for id, p := range e.waiting.pods {
		if _, answered := e.answered.of[id]; answered || e.now >= p.Created.Add(undecidedFor) {
			continue
		}
		k := heirOf(p)
		if _, known := asked[k]; !known {
			asked[k] = slices.ContainsFunc(e.toEvict(k), e.mayBeGone)
		}
		if asked[k] {
			return true
		}
	}
	return false
}

// mayBeGone tells whether a pod that leaves a place of its own has been asked to, and nobody has
// said no.
func (e *Engine) mayBeGone(p *cluster.Pod) bool {
	key := podKey(p.ID())
	_, underway := e.expected.by[key].effect.(EvictPod)
	lost := e.retry[key].failures > 0 && !e.blocked[p.ID()]
	return !p.Deleting() && (underway || lost) && e.awaited(e.disruptor.moved.to[p.UID])
}

// swapPlaces lets pods that cannot have the places that were left to them try those of others
// like them, one after the other: which of them a spread allows first nobody has planned. It
// tells whether there are any that have not been tried.
func (e *Engine) swapPlaces(pods []*cluster.Pod) bool {
	swapped := false
	for _, p := range pods {
		a, answered := e.answered.of[p.ID()]
		if !answered || e.lacks(p.ID()) != "" || len(p.Reserved) >= mostTolerations {
			continue // the next node for one that has so many would be open to all
		}
		for _, to := range e.placesLike(heirOf(p)) {
			if to == a.host || p.Enters(to) || !e.awaited(to) || e.reservedBy(to) == "" {
				continue
			}
			e.exchange(p, to, a.host)
			e.sendTo(p, to)
			swapped = true
			break
		}
	}
	return swapped
}

// trade is told when a pod has found a node. One that has tried several places may go to any
// of them, and each has room only for those that are planned for it.
func (e *Engine) trade(p *cluster.Pod) {
	own := e.answered.host(p.ID())
	if own == "" {
		e.tookAnother(p)
	}
	n := e.nodes[p.Node]
	if own == "" || own == p.Node || n == nil || !e.awaited(own) {
		return
	}
	if c := e.claimOfNode(n); c != nil && c.Name != own && e.awaited(c.Name) {
		e.exchange(p, c.Name, own)
	}
}

// exchange leaves the place that a pod had to another like it, whose place the pod has taken:
// to one that will come for who was evicted, that is to be evicted, or that waits.
func (e *Engine) exchange(p *cluster.Pod, taken, own string) {
	k := heirOf(p)
	if i := slices.Index(e.disruptor.heirs[k], taken); i >= 0 {
		if e.awaited(own) {
			e.disruptor.heirs[k][i] = own
		} else {
			e.disruptor.heirs[k] = slices.Delete(e.disruptor.heirs[k], i, i+1)
		}
		return
	}
	if own == "" {
		return
	}
	for _, q := range slices.Backward(e.toEvict(k)) { // by the time that the last goes, a spread may allow what p could not have
		if e.disruptor.moved.to[q.UID] == taken {
			e.disruptor.moved.swap(q.UID, own)
			return
		}
	}
	if !e.awaited(own) {
		return
	}
	for _, q := range sorted(e.waiting.pods) {
		if e.answered.host(q.ID()) == taken && q.UID != p.UID && heirOf(q) == k {
			e.sendTo(q, own)
			return
		}
	}
}

// sendTo lets a waiting pod onto the node of a claim that is reserved for such as it.
func (e *Engine) sendTo(p *cluster.Pod, claim string) {
	e.answered.set(p.ID(), e.answerOf(p, claim))
	e.reserved.entries.join(entry{claim, p.ID()})
	e.agenda.by(job{jobReserve, ""}, e.now)
}

// toEvict are the pods that are alike on nodes that are drained in turns, by node.
func (e *Engine) toEvict(k heir) []*cluster.Pod {
	var out []*cluster.Pod
	for _, name := range slices.Sorted(maps.Keys(e.disruptor.turns.emptying)) {
		if c := e.claims[name]; c != nil {
			for _, p := range e.podsOn[c.NodeName] {
				if heirOf(p) == k {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// placesLike are what was bought for pods that are alike, by name: for those that have been
// evicted and those that will be.
func (e *Engine) placesLike(k heir) []string {
	places := slices.Clone(e.disruptor.heirs[k])
	for _, p := range e.toEvict(k) {
		if to := e.disruptor.moved.to[p.UID]; e.claims[to] != nil {
			places = append(places, to)
		}
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// vacatedFor tells whether nodes are being emptied that a claim replaces.
func (e *Engine) vacatedFor(claim string) bool {
	for name := range e.disruptor.waitFor[claim] {
		if x := e.disruptor.vacating[name]; x != nil && x.kept == "" {
			return true
		}
	}
	return false
}

// awaited tells whether pods of nodes that a claim replaces are still to come. Those that
// go whatever becomes of their pods have no time for it.
func (e *Engine) awaited(claim string) bool {
	for name := range e.disruptor.waitFor[claim] {
		c := e.claims[name]
		if m, _ := doom(c); c != nil && !forced(m.reason) && !c.Is(cluster.Drained) && !e.endlessly[name] {
			return true
		}
	}
	return false
}
