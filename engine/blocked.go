package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// An eviction that a PodDisruptionBudget does not allow is asked for again when the
// budget allows one, for as many pods as it does: those first whose instance ends first.
// Asking in ever longer intervals instead takes half a minute for a pod whose turn has
// come, which is more than there is before a spot instance ends, and a refused write each
// time. The intervals stay for budgets that are not seen to change.

// blockedFirst is how many failures an eviction that is known not to be allowed begins
// with: the first retry comes after 3.2 s.
const blockedFirst = 5

// blockedRarely is how long an eviction waits that was refused blockedOften times in a row
// and is still not allowed, as far as is known: unblock will say when it is.
const (
	blockedOften  = 12
	blockedRarely = 5 * cluster.Minute
)

// block notes that an eviction was refused; again is when it is tried without a reason.
func (e *Engine) block(p *cluster.Pod, again cluster.Instant) cluster.Instant {
	key := podKey(p.ID())
	first := !e.blocked[p.ID()]
	e.blocked[p.ID()] = true
	b := e.retry[key]
	switch {
	case e.allowedNow(p):
		return again // a budget that allows it by now has not said so to everybody yet
	case b.failures > blockedOften:
		// Nobody knows when it goes, if ever: no node is kept for that.
		e.disruptor.moved.drop(p.UID)
		b.notBefore = e.now.Add(blockedRarely)
		e.retry[key] = b
		return b.notBefore
	case !first:
		return again
	}
	b.failures = max(b.failures, blockedFirst)
	b.notBefore = e.now.Add(retryMin << b.failures)
	e.retry[key] = b
	return b.notBefore
}

// progressed notes that one of its controller's pods has been evicted: others of them were
// refused for its sake, and are not what goes nobody knows when.
func (e *Engine) progressed(p *cluster.Pod) {
	for id := range e.blocked {
		q := e.pods[id]
		if q == nil || q.Owner.UID != p.Owner.UID {
			continue
		}
		if b := e.retry[podKey(id)]; b.failures > blockedFirst {
			b.failures = blockedFirst
			e.retry[podKey(id)] = b
		}
	}
}

// allowedNow tells whether no budget that is known forbids to evict a pod.
func (e *Engine) allowedNow(p *cluster.Pod) bool {
	for _, b := range e.guards {
		if b.Covers(p) && !b.Allows(p) {
			return false
		}
	}
	return true
}

// unblock has evictions tried again that a budget allows now.
func (e *Engine) unblock(b *cluster.PodDisruptionBudget) {
	if b.Allowed <= 0 || len(e.blocked) == 0 {
		return
	}
	var pods []*cluster.Pod
	for id := range e.blocked {
		switch p := e.pods[id]; {
		case p == nil || p.Deleting():
			delete(e.blocked, id)
		case b.Covers(p):
			pods = append(pods, p)
		}
	}
	slices.SortFunc(pods, func(x, y *cluster.Pod) int {
		return cmp.Or(cmp.Compare(e.endOf(x.Node), e.endOf(y.Node)), strings.Compare(x.ID(), y.ID()))
	})
	for _, p := range pods[:min(len(pods), int(b.Allowed))] {
		key := podKey(p.ID())
		x := e.retry[key]
		x.notBefore = 0
		e.retry[key] = x
		e.podWritten(p.ID(), e.now)
	}
}

// endOf is when the instance of a node ends whatever is done, Never if it does not.
func (e *Engine) endOf(node string) cluster.Instant {
	if n := e.nodes[node]; n != nil {
		if c := e.claimOfNode(n); c != nil {
			if t, ok := cluster.ParseRFC3339(c.Annotations[endsAt]); ok {
				return t
			}
			return endsBy(c)
		}
	}
	return cluster.Never
}
