package engine

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// A node that is being drained may have pods that nobody may evict, and no
// terminationGracePeriod after which they go all the same: it was deleted by hand, or they
// became protected meanwhile. It is waited for, but it takes nothing away from anybody as long
// as it does. So after a while it no longer counts against the budgets of its pool: else one
// annotation would keep all others of the pool for ever.

// endlessAfter is how long nothing has happened on such a node until it no longer counts.
const endlessAfter = 10 * cluster.Minute

// endless looks whether a drain waits for nothing but pods that are protected for good. It
// returns which of them is told, "" for none, and when the node no longer counts.
func (e *Engine) endless(c *cluster.Claim, group []*cluster.Pod) (why string, again cluster.Instant) {
	again = cluster.Never
	if len(group) == 0 || slices.ContainsFunc(group, func(p *cluster.Pod) bool { return !c.WaitsFor(p) }) {
		e.countAgain(c.Name)
		return "", again
	}
	for _, p := range group {
		e.disruptor.moved.drop(p.UID) // it needs no place
	}
	why = "pod " + group[0].ID() + " carries " + repack.Protection(group[0]) + more(len(group)) + ", and the node has no terminationGracePeriod"
	since := max(c.DeletingAt, e.quietSince(c)).Add(e.opts.scaled(endlessAfter))
	if e.now < since {
		e.countAgain(c.Name)
		return why, since
	}
	if !e.endlessly[c.Name] {
		e.endlessly[c.Name] = true
		e.recount(c.Name)
		e.passIn()
		if n := e.nodeOfClaim(c); n != nil {
			e.note(Note{About: aboutNode(n), Warning: true, Reason: "FailedDraining", Pool: c.Pool, Message: strings.ToUpper(why[:1]) + why[1:] + ": it is waited for, and the node no longer counts against the budgets of its pool"})
		}
	}
	return why, again
}

// replaces tells whether a claim replaces others that are about to go. Those that wait without
// end have sent it all pods that they could.
func (e *Engine) replaces(claim string) bool {
	for name := range e.disruptor.waitFor[claim] {
		if !e.endlessly[name] {
			return true
		}
	}
	return false
}

// countAgain makes a claim count against the budgets of its pool.
func (e *Engine) countAgain(claim string) {
	if e.endlessly[claim] {
		delete(e.endlessly, claim)
		e.recount(claim)
	}
}
