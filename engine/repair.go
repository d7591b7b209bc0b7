package engine

import (
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// A node that has been ill for long is given back, and what its pods need bought anew.
// Its pods are not waited for: most of them do not run any more. When more than a fifth
// of a pool is ill, it is more likely that something else is, and nothing is done.

// ailment is a condition of nodes that tells of an illness, and how long one is borne.
type ailment struct {
	kind, status string
	borne        cluster.Duration
}

// ailments are those that the kubelet and EKS's node monitoring agent report, with the
// times that Karpenter waits.
var ailments = []ailment{
	{"Ready", "False", 30 * cluster.Minute},
	{"Ready", "Unknown", 30 * cluster.Minute},
	{"AcceleratedHardwareReady", "False", 10 * cluster.Minute},
	{"StorageReady", "False", 30 * cluster.Minute},
	{"NetworkingReady", "False", 30 * cluster.Minute},
	{"KernelReady", "False", 30 * cluster.Minute},
	{"ContainerRuntimeReady", "False", 30 * cluster.Minute},
}

// illPercent is how much of a pool may be ill for anything to be done.
const illPercent = 20

// repairAgain is when it is looked at again whether a pool is well enough.
const repairAgain = 5 * cluster.Minute

// illness returns what a node suffers from that will be borne for the shortest time, and
// until when; ok is false for a node that is well.
func (e *Engine) illness(n *cluster.Node) (what cluster.Condition, until cluster.Instant, ok bool) {
	until = cluster.Never
	for _, a := range ailments {
		if x := n.Condition(a.kind); x.Status == a.status {
			if due := x.Since.Add(e.opts.scaled(a.borne)); due < until {
				what, until, ok = x, due, true
			}
		}
	}
	return what, until, ok
}

// pastHope tells whether a node has been ill for too long.
func (e *Engine) pastHope(n *cluster.Node) bool {
	_, until, ill := e.illness(n)
	return ill && e.now >= until
}

// repair gives back a node that has been ill for too long, and returns when it will have
// been.
func (e *Engine) repair(c *cluster.Claim, n *cluster.Node) cluster.Instant {
	what, until, ill := e.illness(n)
	switch {
	case !ill || e.deletionExpected(c):
		return cluster.Never
	case e.now < until:
		return until
	}
	total, sick := 0, 0
	for _, other := range e.claims {
		if node := e.nodeOfClaim(other); other.Pool == c.Pool && node != nil {
			total++
			if _, _, ill := e.illness(node); ill {
				sick++
			}
		}
	}
	if sick > (total*illPercent+99)/100 {
		e.note(Note{About: aboutNode(n), Warning: true, Reason: "NodeRepairBlocked", Pool: c.Pool,
			Message: "Not repaired: " + strconv.Itoa(sick) + " of " + strconv.Itoa(total) + " nodes of NodePool " + c.Pool + " are unhealthy, more than " + strconv.Itoa(illPercent) + " %"})
		return e.now.Add(e.opts.scaled(repairAgain))
	}
	e.deleteClaim(c, "Unhealthy", "its node "+n.Name+" has had "+what.Type+"="+what.Status+" since "+what.Since.RFC3339()+" ("+what.Reason+")")
	return cluster.Never
}
