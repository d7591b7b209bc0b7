package sim

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/judge"
)

// Result is what came of a run.
type Result struct {
	Seed   uint64
	Length cluster.Duration
	// Digest of everything that happened, in hexadecimal.
	Digest string

	// Cost of all instances: each second from launch until it is stopped, a minute at
	// the least, at the price of its offering.
	Cost cluster.Money
	// Nodes launched, ended, and how many there were at the most.
	Launched, Ended, NodesMost int
	// NodeTime is the sum over nodes of how long each was paid for.
	NodeTime cluster.Duration

	PodsStarted, Finished int
	PodsMost              int
	// Evictions that the API server has granted.
	Evictions int
	// Preempted are the pods that the scheduler has ended for more important ones.
	Preempted int
	// Waits is how long pods waited for a node, from creation to binding.
	Waits Waits
	// Used is what pods requested of what was paid for, in millionths.
	Used Usage

	// What it took.
	Events, Steps, Effects, Writes, Plans, Passes, Failures, Faults int

	Violations []judge.Violation
	Series     []Point
}

// Waits sums up how long pods waited.
type Waits struct {
	Pods int
	// Sum is in pod-seconds; P50, P99 and Most are of single pods.
	Sum            int64
	P50, P99, Most cluster.Duration
}

// Usage is in millionths of capacity, over the whole run.
type Usage struct{ CPU, Memory int64 }

// Point is the state at a time.
type Point struct {
	At cluster.Duration // since the beginning
	// Nodes that are paid for, pods on nodes, and pods that wait.
	Nodes, Pods, Pending int
	// Rate is what the nodes cost per hour; Cost all until now.
	Rate, Cost cluster.Money
	// Requested and paid for: millicores, and bytes.
	CPU, CPUPaid, Memory, MemoryPaid int64
	// PendingMost is how many pods waited at the most since the point before.
	PendingMost int
	// Evicted, Launched and Ended count pods and nodes until now.
	Evicted, Launched, Ended int
}

// Moment is what there is at the time of a point.
type Moment struct {
	Point
	// Pods are on nodes and have not ended; by namespace and name.
	Pods []*cluster.Pod
	// Bought are the nodes that are paid for, sorted.
	Bought []cluster.OfferingID
	// Daemons run on every node.
	Daemons []*cluster.DaemonSet
}
