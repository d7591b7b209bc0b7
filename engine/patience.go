package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// What the status of a claim says is of two kinds. Steps on its way are written at once:
// launched, registered, initialized, drifted, drained. What lies between two steps or goes
// back and forth is for people to read, and decides nothing: why a node is not initialized
// yet, whether pods have left it alone for long enough, why it is about to go. That is
// written along with the next step, or when it has been so for a while: most of it has
// become something else by then (docs/decisions/0030).

// patienceFor is how long the status of a claim may say less than it could. (Nobody scales
// the pace of the API server, so Options.Speed does not divide it.)
const patienceFor = 10 * cluster.Second

// patience is when the conditions of a claim have to be written that it should have: now if
// one of them is a step, Never if it has all of them, and nothing else of its status is late.
func (e *Engine) patience(c *cluster.Claim, want *conditions, late bool) cluster.Instant {
	differs, step := compared(c.Conditions, want.list)
	if step {
		return e.now
	}
	return e.unsaidUntil(c.Name, differs || late)
}

// unsaidUntil is when the status of a claim has to say what it does not, Never if it says all.
func (e *Engine) unsaidUntil(claim string, less bool) cluster.Instant {
	if !less {
		delete(e.unsaid, claim)
		return cluster.Never
	}
	since, known := e.unsaid[claim]
	if !known {
		since = e.now
		e.unsaid[claim] = since
	}
	return since.Add(patienceFor)
}

// compared tells whether conditions differ at all, and whether one of those is a step.
func compared(have, want []cluster.Condition) (differs, step bool) {
	look := func(a []cluster.Condition, x cluster.Condition) {
		i := slices.IndexFunc(a, func(y cluster.Condition) bool { return y.Type == x.Type })
		if i >= 0 && a[i].Status == x.Status && a[i].Reason == x.Reason && a[i].Message == x.Message {
			return
		}
		differs = true
		step = step || !between(x.Type) && (i < 0 || a[i].Status != x.Status || !summary(x.Type))
	}
	for _, x := range want {
		look(have, x)
	}
	for _, x := range have {
		look(want, x)
	}
	return differs, step
}

// between tells whether a condition goes back and forth between the steps of a claim.
func between(kind string) bool {
	return kind == cluster.Consolidatable || kind == cluster.DisruptionReason
}

// summary tells whether a condition is a step only when its status changes, whatever its
// reason is.
func summary(kind string) bool { return kind == cluster.Initialized || kind == cluster.ReadyCondition }
