// Package fit says whether a pod may run on a node, and if not, what forbids it:
// exactly as the filters of the kube-scheduler (Kubernetes 1.36) would.
//
// It owns the meaning of every constraint, in the most direct form that is still
// quick enough to ask about all nodes: the last word on what a plan places and
// refuses. It refuses to choose: packing, prices and everything clever are solve's,
// which asks here about what it is not sure of, and is checked against this package
// in tests. In turn this package is checked against the scheduler's own plugins.
//
// A [World] is a snapshot to which nodes and pods have been added. A [View] is the
// world as the pods of one class see it at that moment: what the scheduler computes
// in PreFilter. It answers for each node, and for each offering as a node of its
// own that is empty. [World.Settle] makes a snapshot of a world again, and
// [World.Among] one for those who look at few of its nodes.
//
// The constraints are checked in the scheduler's order. Beside them come first what
// only an autoscaler knows: hosts that are about to go, and pools that are closed.
package fit
