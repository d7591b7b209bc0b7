package engine

import (
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// The scheduler does not read plans. So that pods find the nodes that were bought for
// them, a new node is reserved from the moment it registers: it has a taint that only
// the pods planned for it are given a toleration of, until they have had their turn
// (docs/decisions/0006).
//
// Nothing of it has to be remembered. That a node is reserved is written on the node,
// for whom on the pods, and since when follows from conditions. While some pod waits
// that no plan of this engine has looked at, as after a crash, nodes stay reserved; the
// first plan finds the pods that have their tolerations where they are meant to go, and
// gives the others theirs.

const (
	// reservedFor is how long a node that is ready stays reserved for its pods at the most.
	// A pod that the scheduler has given up it tries again, if nothing wakes it before,
	// after five minutes, and looks for such pods every thirty seconds. (Nobody scales the
	// scheduler's time, so Options.Speed does not divide this.)
	reservedFor = 5*cluster.Minute + 30*cluster.Second
	// reservedForOthers is how long it stays so for the sake of pods on their way to other
	// nodes: those that are launched together boot within a minute of each other.
	reservedForOthers = cluster.Minute
	// letInAtOnce bounds the tolerations that are being written at the same time, so
	// that what makes nodes come is not behind ten thousand of them.
	letInAtOnce = 64
	// mostTolerations bounds those of a pod, to which one is added whenever a plan finds
	// another reserved node for it: its own could not be had, or has failed. The next node
	// for a pod that has so many is open to all.
	mostTolerations = 16
)

// reservations are the reserved nodes and the way of pods onto them.
type reservations struct {
	gates
	// refused are claims that some pod cannot be let onto: their nodes are open to all.
	refused map[string]bool
	// entries are pods to be let onto theirs, and underway those that are being let.
	entries  entries
	underway map[string]bool
}

func newReservations() reservations {
	return reservations{gates: newGates(), refused: map[string]bool{}, entries: entries{asked: map[entry]bool{}}, underway: map[string]bool{}}
}

// refuse opens the node of a claim to all.
func (r *reservations) refuse(claim string) {
	r.refused[claim] = true
	r.look(claim)
}

// reserves tells for how long after it is ready the node of a claim, nil for one that is
// not there yet, has to be reserved; 0 for one that is open to all. It is reserved while it
// is meant for somebody who might otherwise find it taken. And where others go can take
// their places away from pods that depend on that, so that nothing is open to all while one
// of them is expected somewhere.
func (e *Engine) reserves(c *cluster.Claim, n *cluster.Node) cluster.Duration {
	switch {
	case !e.opts.ReserveNodes || e.reserved.refused[c.Name] || !e.reservable(c):
		return 0
	case e.awaited(c.Name):
		if e.vacatedFor(c.Name) {
			return cluster.Forever // they have their own end
		}
		return reservedFor
	case e.waiting.interchangeable():
		return 0
	case e.unanswered() > 0 || e.meantFor(c, n) > 0:
		return reservedFor
	case e.answered.depending > 0:
		return reservedForOthers
	}
	return 0
}

// meantFor is how many waiting pods are planned for a claim or its node.
func (e *Engine) meantFor(c *cluster.Claim, n *cluster.Node) int {
	meant := len(e.answered.on[c.Name])
	if n != nil && n.Name != c.Name {
		meant += len(e.answered.on[n.Name])
	}
	return meant
}

// reservable tells whether the node of a claim can be what it was bought for while it is
// reserved. A DaemonSet that does not tolerate the taint comes when it has gone, and it
// may be the one that makes the devices known that pods wait for.
func (e *Engine) reservable(c *cluster.Claim) bool {
	if e.waiting.claiming == 0 && !slices.ContainsFunc(c.Requests, extended) {
		return true
	}
	taint := []cluster.Taint{cluster.ReservedTaint(c.Name)}
	for _, d := range e.daemons {
		_, never := cluster.Untolerated(c.Taints, d.Demand.Tolerations)
		_, later := cluster.Untolerated(taint, d.Demand.Tolerations)
		if later && !never {
			return false
		}
	}
	return true
}

// extended tells whether an amount is of something that not every node has.
func extended(a cluster.Amount) bool {
	switch a.Name {
	case cluster.CPU, cluster.Memory, cluster.EphemeralStorage, cluster.Pods:
		return false
	}
	return true
}

// reserve returns the taint for a node that is being registered, if it is to have one.
func (e *Engine) reserve(c *cluster.Claim, n *cluster.Node) []cluster.Taint {
	if n.Reserved(c.Name) || e.reserves(c, n) == 0 {
		return nil
	}
	return []cluster.Taint{cluster.ReservedTaint(c.Name)}
}

func (e *Engine) tellReserved(c *cluster.Claim, n *cluster.Node) {
	e.note(Note{About: aboutNode(n), Reason: "Reserved", Pool: c.Pool, Quiet: e.podNotes.named[c.Name], // which the taint names
		Message: "node " + n.Name + " is reserved for " + podCount(e.meantFor(c, n)) + ", until " + reservedFor.String() + " after it is ready at the most"})
}

func podCount(n int) string {
	switch n {
	case 0:
		return "the pods that are planned for it"
	case 1:
		return "1 pod"
	}
	return strconv.Itoa(n) + " pods"
}

// follow keeps the list of reserved nodes.
func (e *Engine) follow(c *cluster.Claim, n *cluster.Node) {
	if !n.Reserved(c.Name) {
		e.reserved.forget(c.Name)
		return
	}
	e.reserved.add(c.Name)
	e.agenda.by(job{jobReserve, ""}, e.now)
}

// reservedSince is when the time of a reserved node began: it can take pods since. Never if
// that is still to come.
func reservedSince(c *cluster.Claim, n *cluster.Node) cluster.Instant {
	r := c.Condition(cluster.Registered)
	if !n.Ready || r.Status != "True" {
		return cluster.Never
	}
	return max(r.Since, n.ReadySince)
}

// withdraw drops the answer for a pod. Nodes may have been reserved for its sake.
func (e *Engine) withdraw(id string) {
	e.answered.drop(id)
	e.waiting.bringBack(id)
	if len(e.reserved.nodes) > 0 {
		e.agenda.by(job{jobReserve, ""}, e.now)
	}
}

// fitsNoNewNode tells whether reasons for which a pod fits nowhere hold for any new node,
// however empty: then it can take nobody's room there.
func fitsNoNewNode(reasons []plan.Reason) bool {
	return !slices.ContainsFunc(reasons, func(r plan.Reason) bool {
		switch r.Constraint {
		case plan.Refused, plan.Barred, plan.Taints, plan.NodeSelector, plan.NodeAffinity, plan.Resources:
			return false
		}
		return r.Offerings > 0
	})
}

// recall finds in the tolerations of waiting pods what an earlier engine had planned: a
// packing that was found once need not be found again.
func (e *Engine) recall() {
	claims := map[string]string{} // by the value of their taints
	for name, c := range e.claims {
		n := e.nodeOfClaim(c)
		if open := n != nil && n.Labels[cluster.LabelRegistered] == "true" && !n.Reserved(name); !open && !c.Deleting() {
			claims[cluster.ReservedTaint(name).Value] = name
		}
	}
	for id, p := range e.waiting.pods {
		for _, value := range slices.Backward(p.Reserved) {
			if claim, ok := claims[value]; ok {
				e.answered.set(id, e.answerOf(p, claim))
				break
			}
		}
	}
}
