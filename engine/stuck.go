package engine

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// What does not come to an end although all has been done here has to be told: a pod that
// does not stop, a finalizer of somebody else's. Each is told once.

// tellStuck says of a pod, once, that its node does not wait for it any longer.
func (e *Engine) tellStuck(p *cluster.Pod) {
	n := e.nodes[p.Node]
	if n == nil || e.stuck[p.UID] {
		return
	}
	e.stuck[p.UID] = true
	e.note(Note{About: aboutNode(n), Warning: true, Reason: "FailedDraining", Pool: n.Labels[cluster.LabelNodePool],
		Message: "Pod " + p.ID() + " has not ended " + e.opts.StuckPod.String() + " after its grace period: the node no longer waits for it"})
}

// overdue is when a pod that is going counts as one that does not end. Its grace begins
// when its end is seen, too: by a clock that is ahead it would be over at once.
func (e *Engine) overdue(p *cluster.Pod) cluster.Instant {
	return max(p.DeleteAt, e.going[p.UID].Add(p.Grace)).Add(e.opts.StuckPod)
}

// sees notes since when a pod is known to be going.
func (e *Engine) sees(old, now *cluster.Pod) {
	if old != nil && (now == nil || now.UID != old.UID) {
		delete(e.going, old.UID)
	}
	if now != nil && now.Deleting() && e.going[now.UID] == 0 {
		e.going[now.UID] = e.now
	}
}

// released tells whether a claim is only kept by finalizers of others: what it stood for
// is gone.
func released(c *cluster.Claim) bool {
	return c.Deleting() && !slices.Contains(c.Finalizers, terminationFinalizer)
}

// tellHeld says, once, that an object is only kept by finalizers of others.
func (e *Engine) tellHeld(about Object, pool string, finalizers []string) {
	if len(finalizers) == 0 || e.stuck[about.UID] {
		return
	}
	e.stuck[about.UID] = true
	e.note(Note{About: about, Warning: true, Reason: "FailedTermination", Pool: pool,
		Message: "Its instance has ended. What still keeps it are finalizers that somebody else has to take away: " + strings.Join(finalizers, ", ")})
}
