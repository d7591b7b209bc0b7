// Package schedule is the kube-scheduler (Kubernetes 1.36, default profile) as fast
// as a simulation of days needs it.
//
// It filters as package fit does, whose semantics are checked against the real
// scheduler's plugins. What differs is the form: fit.World answers for one plan and is
// thrown away; a [Cache] lives for days, so each class of pods keeps what it knows
// about every node and catches up with a log of the nodes that have changed since it
// was last asked (class.go), and counts of pods by topology domain follow each pod
// that comes and goes (tally.go). A decision costs what has changed, plus one look at
// the nodes that have room.
//
// It scores as the default profile does: LeastAllocated, BalancedAllocation,
// TaintToleration, NodeAffinity, PodTopologySpread with the system's default
// constraints, InterPodAffinity; of large clusters it looks at a sample only, and
// breaks ties at random, as upstream. What the real one decided in random clusters is
// recorded by lab/decisions, and package trace compares: each choice of the real one is
// among the best here.
//
// [Queue] holds the pods that wait: active, backing off, or parked until something
// happens that could help.
//
// For a pod that fits nowhere [Cache.Preempt] finds who would have to make room.
//
// Not there: devices, and volumes other than those that volume.go speaks of, which somebody
// has to tell it about; [Cache.Supports] says so of a pod. What a node has of images, what
// namespaces have of labels and that Services spread pods is not known to the records of
// package cluster, and pods are taken to be of one container where their requests have
// defaults. The package refuses to know the time and how a binding is written.
package schedule
