package record

import (
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// Cluster is a cluster in which everything has its place, and the time: what a side
// gets to say which nodes should go. Nobody may change what it points to.
type Cluster struct {
	Case      string
	Seed      uint64
	Now       metav1.Time
	NodePools []*karpv1.NodePool
	Types     []Type
	Nodes     []*corev1.Node
	Claims    []*karpv1.NodeClaim // one for each node
	Budgets   []*policyv1.PodDisruptionBudget
	Pods      []*corev1.Pod // each on a node
}

// Decision is what a side does about a cluster's nodes.
type Decision struct {
	// Method that found it, as the side calls it; "" if nothing is done.
	Method string
	// Gone are the nodes that are given back, by name, sorted.
	Gone []string
	// Plan says where their pods go. Pods that nobody makes anew are in none.
	Plan *Plan
}

// Without is the cluster as an input of the check of a decision's plan: the nodes are
// gone, and their pods wait. Nodes and pods that stay are shared, those that wait are
// copies.
func (c *Cluster) Without(gone []string) *Input {
	in := &Input{
		Case: c.Case, Seed: c.Seed, Preferences: Respect,
		NodePool: c.NodePools[0], MorePools: c.NodePools[1:], Types: c.Types,
	}
	going := map[string]bool{}
	for _, name := range gone {
		going[name] = true
	}
	for _, n := range c.Nodes {
		if !going[n.Name] {
			in.Nodes = append(in.Nodes, n)
		}
	}
	for _, p := range c.Pods {
		if !going[p.Spec.NodeName] {
			in.Running = append(in.Running, p)
			continue
		}
		if !ComesBack(p) {
			continue
		}
		p = p.DeepCopy()
		p.Spec.NodeName, p.Status = "", corev1.PodStatus{Phase: corev1.PodPending}
		in.Pods = append(in.Pods, p)
	}
	return in
}

// ComesBack tells whether a pod waits for another node when its own goes: all do but
// those that belong to the node, and those that have ended.
func ComesBack(p *corev1.Pod) bool {
	for _, o := range p.OwnerReferences {
		if o.Kind == "DaemonSet" || o.Kind == "Node" {
			return false
		}
	}
	return p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed
}
