package judge

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// rest is since when nothing has been under way: no claim on its way up or down, no pod that
// waits or is going.
type rest struct {
	busy  bool
	since cluster.Instant
}

// lie notes whether something is under way.
func (j *Judge) lie() {
	if busy := j.moves.claims > 0 || j.moves.pods > 0; busy != j.rest.busy {
		j.rest = rest{busy, j.clock.Now()}
	}
}

// checkRest: when the last event is long past, and nothing has been under way for a while,
// a write is about nothing, unless something begins with it. What begins has to come to an
// end ([Unsettled]) and to be worth it ([PointlessMove]).
func (j *Judge) checkRest(f engine.Effect) {
	now, quiet := j.clock.Now(), j.clock.QuietSince()
	if quiet == cluster.Never || max(j.outside, quiet).Add(settleAfter) > now || begins(f) {
		return
	}
	if !j.rest.busy && j.rest.since.Add(restAfter) <= now {
		j.broken(Restless, f.Key(), "it was written at "+now.RFC3339()+", nothing has been under way since "+j.rest.since.RFC3339()+" and nothing has happened since "+j.outside.RFC3339())
	}
}

// begins tells whether an effect begins to give a node back.
func begins(f engine.Effect) bool {
	switch f := f.(type) {
	case engine.PatchNode:
		return slices.Contains(f.Taints, cluster.DisruptedTaint)
	case engine.PatchClaim:
		return f.Annotations[doomReason] != ""
	case engine.PatchClaimStatus: // that says why it goes
		return slices.ContainsFunc(f.Conditions, func(c cluster.Condition) bool { return c.Type == cluster.DisruptionReason })
	}
	return false
}

// idleSteps is how often in a row an operator may look again at once although it has heard
// and done nothing.
const idleSteps = 50

// Stepped is told each step of the operator. An idle one is for nothing, and asks for another
// at once.
func (j *Judge) Stepped(idle bool) {
	if !idle {
		j.idle = 0
		return
	}
	if j.idle++; j.idle == idleSteps {
		j.broken(Restless, "operator", fmt.Sprintf("it has looked %d times in a row without hearing or doing anything, and does not wait", j.idle))
	}
}
