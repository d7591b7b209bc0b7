package engine

import "github.com/ullage-sh/ullage/cluster"

// What was bought for an action that is taken back ends at once, and not when a pass finds it
// empty: as far as nobody has come there or is to come, and nobody wants it to stay. What was
// only waited for, since it was on its way already, may belong to a fixed number.

// abandon ends what was bought in vain, as soon as it can be.
func (e *Engine) abandon(m mark) {
	for _, name := range m.replacedBy {
		if c := e.claims[name]; c != nil && !c.Deleting() {
			e.disruptor.vain[name] = e.now
			e.agenda.by(job{jobClaim, name}, e.now)
		}
	}
}

// endVain deletes a claim that was bought in vain, unless it has come to be of use. It returns
// when to look again if its pool's budgets forbid it for the moment.
func (e *Engine) endVain(c *cluster.Claim) cluster.Instant {
	if e.disruptor.vain[c.Name] == 0 {
		return cluster.Never
	}
	now, soon := e.mayDelete(c, cluster.ReasonEmpty)
	switch {
	case !e.useless(c):
		delete(e.disruptor.vain, c.Name)
	case now || !c.Is(cluster.Initialized):
		e.deleteClaim(c, "Abandoned", "what it was to replace stays")
	case soon:
		return e.now.Add(e.opts.scaled(budgetAgain))
	default:
		delete(e.disruptor.vain, c.Name)
	}
	return cluster.Never
}

// useless tells whether nobody is on the node of a claim, or is to come there, and nobody
// keeps it.
func (e *Engine) useless(c *cluster.Claim) bool {
	n := e.nodeOfClaim(c)
	if p := e.pools[c.Pool]; p != nil && p.Replicas != nil || ownerForbids(c, n) || e.headroom.hosts[c.Name] > 0 {
		return false
	}
	for waiting := range e.disruptor.waitFor[c.Name] {
		if !e.takesAgain(e.claims[waiting]) && !e.endlessly[waiting] {
			return false
		}
	}
	return e.meantFor(c, n)+e.movedTo(c, n) == 0 && (n == nil || len(e.occupants(n.Name)) == 0)
}
