package workload

import "github.com/ullage-sh/ullage/cluster"

// Buffer is room that is to be kept for pods to come (a CapacityBuffer of
// autoscaling.x-k8s.io): so many chunks, each with room for one pod.
type Buffer struct {
	Namespace, Name string
	// Of is the workload, of the same namespace, whose pods chunks are like (scalableRef);
	// "" for those of Pod (podTemplateRef).
	Of  string
	Pod *Pod
	// Chunks and Percent, of the workload's replicas, rounded up, say how many there are:
	// the larger number counts.
	Chunks, Percent int
	Changes         []BufferChange // in order of time
}

// BufferChange gives a buffer another number of chunks.
type BufferChange struct {
	At     cluster.Duration // since the beginning
	Chunks int
}

// ID is namespace/name.
func (b *Buffer) ID() string { return b.Namespace + "/" + b.Name }

// Wants is how many chunks there are for a workload of so many replicas.
func (b *Buffer) Wants(chunks, replicas int) int {
	return max(chunks, (replicas*b.Percent+99)/100)
}
