package engine

import (
	"maps"

	"github.com/ullage-sh/ullage/cluster"
)

// A move that was to save money and ended with another node being bought has failed,
// however well it was planned: somebody else was quicker, or the scheduler scores in a way
// that nobody foresaw. Done again it would fail again. So the pods for which the node was
// bought keep theirs for a while, twice as long each time.
//
// An engine that has just begun remembers nothing of it. The worst that comes of that is
// one more such move.

const (
	// regretWithin is how soon after pods have been evicted another like them, for which a
	// node is bought, is taken for one of them.
	regretWithin = 3 * cluster.Minute
	regretMin    = 10 * cluster.Minute
	regretMax    = 12 * cluster.Hour
)

// regret is about pods that lost their places.
type regret struct {
	wait  cluster.Duration
	until cluster.Instant
}

// regrets finds out whether a node that is bought for pods takes back what was saved by
// evicting them.
func (e *Engine) regrets(pods []*cluster.Pod) {
	d := &e.disruptor
	for _, p := range pods {
		k := heirOf(p)
		if at, moved := d.turns.evicted[k]; moved && e.now <= at.Add(regretWithin) {
			e.regret(k)
		}
	}
}

func (e *Engine) regret(k heir) {
	d := &e.disruptor
	delete(d.turns.evicted, k) // once for all of them
	x := d.regrets[k]
	if e.now > x.until.Add(x.wait) {
		x.wait = 0 // that was long ago
	}
	x.wait = min(max(2*x.wait, regretMin), regretMax)
	x.until = e.now.Add(e.opts.scaled(x.wait))
	d.regrets[k] = x
}

// regretAll notes the same of all pods that were evicted of late: one of them, nobody knows
// which, has taken the room that was to be kept free.
func (e *Engine) regretAll() {
	for k, at := range e.disruptor.turns.evicted {
		if e.now <= at.Add(regretWithin) {
			e.regret(k)
		}
	}
}

// forgive drops what no longer matters.
func (e *Engine) forgive() {
	maps.DeleteFunc(e.disruptor.turns.evicted, func(_ heir, at cluster.Instant) bool { return e.now > at.Add(regretWithin) })
	maps.DeleteFunc(e.disruptor.regrets, func(_ heir, x regret) bool { return e.now > x.until.Add(x.wait) })
}

// firstRegret is when the first of the regrets that still count ends, Never if none does.
func (e *Engine) firstRegret() cluster.Instant {
	first := cluster.Never
	for _, x := range e.disruptor.regrets {
		if e.now < x.until {
			first = min(first, x.until)
		}
	}
	return first
}

// regretted tells until when pods of a node stay since they lost their places when they
// were last moved, 0 if none does.
func (e *Engine) regretted(node string) cluster.Instant {
	until := cluster.Instant(0)
	if len(e.disruptor.regrets) == 0 {
		return until
	}
	for _, p := range e.podsOn[node] {
		if x := e.disruptor.regrets[heirOf(p)]; e.now < x.until {
			until = max(until, x.until)
		}
	}
	return until
}
