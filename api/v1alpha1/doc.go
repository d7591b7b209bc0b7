// Package v1alpha1 holds the API types of the group ullage.sh that exist nowhere
// else: SimulatedNodeClass, the node class of the simulated cloud, and NodeGroup and
// FargateProfile, pools that AWS keeps outside of the cluster.
//
// It owns their Go types, their deep copies and their definitions ([CRDs]). It
// refuses behaviour: what a class means, and whether its zones exist, the
// provider says. It also refuses types that upstream projects publish already
// (NodePool, NodeClaim, EC2NodeClass): those are used as they are.
//
// After a change of the types run "make gen"; "make check" fails until that has
// been done.
//
// +kubebuilder:object:generate=true
// +groupName=ullage.sh
package v1alpha1
