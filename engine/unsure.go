package engine

import "github.com/ullage-sh/ullage/cluster"

// A claim whose creation failed may be there all the same: the answer was lost, or came
// too late. Planning anew at once, for pods that are not quite the same any more, would
// give them another claim under another name, and a pool more than its limit. So the same
// claim is asked for again, which is no harm, until there is an answer; in the meantime it
// counts as one that is on its way.

// unsure notes that a claim may be there, and asks for it again.
func (e *Engine) unsure(f CreateClaim, again cluster.Instant) {
	e.expected.put(f.Key(), expectation{effect: f, unsure: true})
	e.agenda.by(job{jobClaim, f.Claim.Name}, again)
}

// askAgain asks for a claim of which it is not known whether it is there.
func (e *Engine) askAgain(name string) {
	f, creating := e.expected.by[claimKey(name)].effect.(CreateClaim)
	if !creating || !e.expected.by[f.Key()].unsure {
		return
	}
	e.expected.drop(f.Key())
	if !e.issue(f) {
		e.unsure(f, e.held)
	}
}

// isThere ends the uncertainty about a claim.
func (e *Engine) isThere(name string) {
	if e.expected.by[claimKey(name)].unsure {
		e.expected.drop(claimKey(name))
	}
}
