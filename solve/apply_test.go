package solve_test

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// applied returns the cluster after a plan: creates have become nodes and pods
// that had a place are bound. With bind false the new nodes are claims on their
// way, and all pods still wait for what they were promised.
func applied(in cluster.Input, p *plan.Plan, bind bool) cluster.Input {
	snap := cluster.NewSnapshot(in)
	in.Pods, in.Nodes, in.Claims = slices.Clone(in.Pods), slices.Clone(in.Nodes), slices.Clone(in.Claims)
	where := map[*cluster.Pod]string{}
	for _, x := range p.Placements {
		for _, q := range x.Pods {
			where[q] = x.Host
		}
	}
	for i, x := range p.Creates {
		name := fmt.Sprintf("%s-%04d", x.Pool, (i*7919)%10007) // not in the order of the plan
		claim, n := bought(snap, x, name)
		in.Claims = append(in.Claims, claim)
		if bind {
			in.Nodes = append(in.Nodes, n)
		}
		for _, q := range x.Pods {
			where[q] = name
		}
	}
	if !bind {
		in.Promised = map[string]string{}
		for q, name := range where {
			in.Promised[q.UID] = name
		}
		return in
	}
	for i, q := range in.Pods {
		if name := where[q]; name != "" {
			copied := *q
			copied.Node, copied.Phase, copied.UnschedulableSince = name, cluster.Running, 0
			in.Pods[i] = &copied
		}
	}
	return in
}

// bought returns the claim and node that a create becomes.
func bought(snap *cluster.Snapshot, x plan.Create, name string) (*cluster.Claim, *cluster.Node) {
	i := slices.IndexFunc(snap.Offerings, func(o cluster.PoolOffering) bool {
		return o.ID == x.Offerings[0] && snap.Pools[o.Pool].Name == x.Pool
	})
	o := &snap.Offerings[i]
	pool := snap.Pools[o.Pool]
	claim := &cluster.Claim{
		Name: name, UID: name, Pool: x.Pool, Class: pool.Class, Labels: o.Labels(), Taints: pool.Taints,
		ProviderID: "test:///" + name, NodeName: name, Capacity: o.Type.Capacity, Allocatable: o.Type.Allocatable,
	}
	for _, kind := range []string{cluster.Launched, cluster.Registered, cluster.Initialized} {
		claim.Conditions = append(claim.Conditions, cluster.Condition{Type: kind, Status: "True"})
	}
	labels := cluster.Labels{cluster.LabelHostname: name}
	for k, v := range o.Labels() {
		labels[k] = v
	}
	return claim, &cluster.Node{
		Name: name, UID: name, ProviderID: claim.ProviderID, Labels: labels, Taints: pool.Taints, Ready: true,
		Capacity: o.Type.Capacity, Allocatable: o.Type.Allocatable,
	}
}
