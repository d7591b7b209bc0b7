package eks

import (
	"github.com/ullage-sh/ullage/awssim/world"
)

// Nodes is what EKS does in its cluster when it takes instances out of service. A cluster
// that nobody simulates has no pods: its nodes are ready when they have booted, and
// drained at once.
type Nodes struct {
	// Ready tells whether an instance has joined the cluster and is ready.
	Ready func(*world.Instance) bool
	// Cordon keeps new pods off a node, and load balancers' traffic, or lets them come again.
	Cordon func(i *world.Instance, cordoned bool)
	// Drain asks the pods of a node to leave, by the eviction API or, with force, by
	// deleting them, and tells how many are still there.
	Drain func(i *world.Instance, force bool) (left int)
}

// complete fills in what a cluster without pods does.
func (n Nodes) complete() Nodes {
	if n.Ready == nil {
		n.Ready = func(i *world.Instance) bool { return i.Booted != 0 && i.Stopping == 0 }
	}
	if n.Cordon == nil {
		n.Cordon = func(*world.Instance, bool) {}
	}
	if n.Drain == nil {
		n.Drain = func(*world.Instance, bool) int { return 0 }
	}
	return n
}
