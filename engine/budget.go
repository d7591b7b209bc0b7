package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// AllowedDisruptions returns how many of a pool's total nodes may be disrupted at
// the same time for a reason: the least that any budget in force allows, none if the pool
// is not valid. changes is when another answer is possible at the earliest.
func AllowedDisruptions(p *cluster.Pool, total int, why cluster.Reason, now cluster.Instant) (allowed int, changes cluster.Instant) {
	if p.Invalid != "" {
		return 0, cluster.Never // what its budgets are to say nobody knows
	}
	allowed, changes = total, cluster.Never
	for _, b := range p.Budgets {
		if b.Reasons != nil && !slices.Contains(b.Reasons, why) {
			continue
		}
		if b.Window != nil {
			changes = min(changes, b.Window.Changes(now))
			if !b.Window.Contains(now) {
				continue
			}
		}
		n := b.Nodes
		if b.Percent {
			n = (total*b.Nodes + 99) / 100
		}
		allowed = min(allowed, n)
	}
	return allowed, changes
}

// usage is what counts of a pool's nodes when some are about to go. Those that are only
// marked do not count: between a decision and its execution there are minutes, in which
// the window of a budget may open, or the pool become smaller.
type usage struct {
	total    int // nodes that were initialized
	going    int // on their way out, or not ready
	emptying int // about to be, as soon as their pods have gone
}

func (e *Engine) usageOf(pool string) usage {
	h := e.headcount(pool)
	u := usage{total: h.initialized, going: h.ending}
	for name := range e.expected.ending {
		if x := e.census.of[name]; x.pool == pool && x.initialized && !x.ending {
			u.going++
		}
	}
	for name, v := range e.disruptor.vacating {
		if x := e.census.of[name]; x.pool == pool && x.initialized && !x.ending && !e.endlessly[name] && !e.expected.ending[name] && v.kept == "" {
			u.emptying++
		}
	}
	return u
}

// mayDelete tells whether a claim that is chosen to go for a reason may be deleted now, as
// far as its pool's budgets say, and whether they may allow it as soon as others have gone.
func (e *Engine) mayDelete(c *cluster.Claim, why cluster.Reason) (now, soon bool) {
	p := e.pools[c.Pool]
	if p == nil || forced(why) {
		return true, true
	}
	u := e.usageOf(c.Pool)
	allowed, _ := AllowedDisruptions(p, u.total, why, e.now)
	return u.going < allowed, allowed > 0
}

// mayDeleteAll is mayDelete for claims that go together to save money: none goes before all of
// them may, or as many as a budget allows at once.
func (e *Engine) mayDeleteAll(claims []*cluster.Claim) (now, soon bool) {
	needs := map[string]int{}
	for _, c := range claims {
		needs[c.Pool]++
	}
	now, soon = true, true
	for pool, n := range needs {
		p := e.pools[pool]
		if p == nil {
			continue
		}
		u := e.usageOf(pool)
		allowed, _ := AllowedDisruptions(p, u.total, cluster.ReasonUnderutilized, e.now)
		soon = soon && allowed > 0
		now = now && u.going+min(n, allowed) <= allowed
	}
	return now && soon, soon
}

// overBudget holds claims that are about to go together against the budgets of their pools:
// it says why they have to stay, "" if they may go, now or when others have gone.
func (e *Engine) overBudget(claims []*cluster.Claim) (why string, wait bool) {
	needs := map[string]int{}
	for _, c := range claims {
		needs[c.Pool]++
	}
	for _, c := range claims {
		m, _ := doom(c)
		p := e.pools[c.Pool]
		if p == nil || forced(m.reason) {
			continue
		}
		u := e.usageOf(c.Pool)
		allowed, _ := AllowedDisruptions(p, u.total, m.reason, e.now)
		if needs[c.Pool] > allowed {
			return overBudget, false
		}
		wait = wait || u.going+u.emptying+needs[c.Pool] > allowed
	}
	return "", wait
}

const overBudget = "the disruption budget of its pool allows no more now"
