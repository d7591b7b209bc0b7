package workload

import (
	"github.com/ullage-sh/ullage/cluster"
)

// Kind is the controller that keeps a workload's pods.
type Kind string

// The kinds. Their pods name as owner what they would in Kubernetes: those of a
// Deployment a ReplicaSet.
const (
	Deployment  Kind = "Deployment"
	StatefulSet Kind = "StatefulSet"
	Job         Kind = "Job"
	DaemonSet   Kind = "DaemonSet"
)

// Workload is something that wants pods.
type Workload struct {
	Namespace, Name string
	Kind            Kind
	Pod             Pod
	// Replicas from the beginning on, and how that changes; for Deployments and
	// StatefulSets.
	Replicas int
	Changes  []Change // in order of time
	// Batches of a Job.
	Batches []Batch
	// Gang is how many of its pods have to have a node before any of them gets one; 0 for pods
	// that come one by one. Coscheduling: their group is one of the coscheduling plugin.
	Gang         int
	Coscheduling bool
	// Volume is the size in bytes of a disk that each of its pods has, for a StatefulSet; 0 for
	// none.
	Volume int64
	// Budget limits evictions of its pods; nil for none.
	Budget *Budget
}

// Pod is what the pods of a workload are like.
type Pod struct {
	Demand *cluster.Demand
	Labels cluster.Labels
	Grace  cluster.Duration // terminationGracePeriodSeconds
	// Ends is how long it takes to end when asked; at most Grace. Deaf pods take all of
	// their grace.
	Ends cluster.Duration
	Deaf bool
	// Starts is how long it takes from the binding until it runs, images pulled.
	Starts cluster.Duration
	// Protected: it carries karpenter.sh/do-not-disrupt.
	Protected bool
	Priority  int32
	// Preempts: it makes less important pods go where it fits nowhere (preemptionPolicy
	// PreemptLowerPriority).
	Preempts     bool
	Critical     bool
	DeletionCost int32
}

// Change is a change of a workload.
type Change struct {
	At       cluster.Duration // since the beginning
	Replicas int
	// Rollout replaces all pods by new ones, a quarter at a time.
	Rollout bool
}

// Batch is pods that run to their end.
type Batch struct {
	At          cluster.Duration
	Pods        int
	Parallelism int // 0 for all at once
	Runs        cluster.Duration
}

// Budget is a PodDisruptionBudget. One of the two is set: a number of pods, or a
// percentage.
type Budget struct {
	MinAvailable, MaxUnavailable *Share
}

// Share is a number of pods or a percentage of those wanted.
type Share struct {
	Value   int
	Percent bool
}

// ID is namespace/name.
func (w *Workload) ID() string { return w.Namespace + "/" + w.Name }

// GangID is the [cluster.Gang.ID] of the group of its pods, "" for none.
func (w *Workload) GangID() string {
	switch {
	case w.Gang == 0:
		return ""
	case w.Coscheduling:
		return cluster.GangID(cluster.Coscheduling, w.Namespace, w.Name)
	}
	return cluster.GangID(cluster.PodGroups, w.Namespace, w.Name)
}

// App is the label by which the selectors of generated and recorded workloads find
// their own pods.
const App = "app"

// Own selects the pods of a workload.
func Own(namespace, name string) cluster.PodSelector {
	return cluster.PodSelector{Namespaces: []string{namespace}, Labels: cluster.Term{{Key: App, Operator: cluster.In, Values: []string{name}}}}
}
