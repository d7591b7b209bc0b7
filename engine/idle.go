package engine

import "github.com/ullage-sh/ullage/cluster"

// A claim is looked at whenever a pod comes to its node or leaves it, and of most of these looks
// nothing follows but that the node counts as left alone at a later time. So what a look has
// found after which nothing was left to do is remembered as long as what it depends on stays,
// and the next one asks about that time only. It can be lost.

// idle is a claim for which nothing had to be done when it was looked at.
type idle struct {
	claim *cluster.Claim
	node  string
	// until is when it has to be looked at whatever pods do.
	until cluster.Instant
	// quiet is when pods last came or went as records say, and rest how long after that the
	// node counts as left alone; says tells whether the claim says that it does.
	quiet cluster.Instant
	rest  cluster.Duration // Forever if that does not matter
	says  bool
	// late is when it has to be written that pods came or went since the claim last said so.
	late cluster.Instant
}

// notIdle makes the next look at a claim ask everything.
func (e *Engine) notIdle(claim string) { delete(e.idle, claim) }

// rememberIdle notes that nothing had to be done for a claim whose conditions say all, unless
// something is about to happen to it. until is what asked for another look beside pods.
func (e *Engine) rememberIdle(c *cluster.Claim, n *cluster.Node, until cluster.Instant) {
	if _, _, ill := e.illness(n); ill || e.tied || n.Reserved(c.Name) || !e.calm(c) || e.lastMoment(c) != cluster.Never || e.invites(c, n) {
		return
	}
	x := &idle{
		claim: c, node: n.Name, until: until, rest: cluster.Forever, says: c.Is(cluster.Consolidatable), late: e.podEventLate(c),
		quiet: max(c.LastPodEvent, e.presumed[c.Name], c.Condition(cluster.Initialized).Since),
	}
	if p := e.pools[c.Pool]; lets(p) {
		x.rest = e.opts.scaled(p.ConsolidateAfter)
	}
	e.idle[c.Name] = x
}

// stillIdle returns when to look at an idle claim again, if nothing has to be done for it now.
func (e *Engine) stillIdle(x *idle) (again cluster.Instant, still bool) {
	name, d := x.claim.Name, &e.disruptor
	_, told := e.notices[name]
	if e.now >= x.until || told || e.tied || d.vain[name] != 0 || d.empties[name] || d.vacating[name] != nil || d.actions[name] != nil ||
		e.expected.ending[name] || e.expected.tainting[x.node] || e.podNotes.evicted[name] != nil {
		return 0, false
	}
	again, last := x.until, e.podEvents[name]
	if last.Whole() > x.claim.LastPodEvent {
		if e.now >= x.late {
			return 0, false
		}
		again = min(again, x.late)
	}
	rested := x.says
	if x.rest != cluster.Forever {
		due := max(x.quiet, last).Add(x.rest)
		if rested = e.now >= due; !rested {
			again = min(again, due)
		}
	}
	due := e.unsaidUntil(name, rested != x.says)
	return min(again, due), e.now < due
}
