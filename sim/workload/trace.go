package workload

import "github.com/ullage-sh/ullage/cluster"

// Source is a stream of pods in the order of their time.
type Source interface {
	// Next returns the next pod, or io.EOF after the last.
	Next() (Arrival, error)
}

// Arrival is a pod of a trace.
type Arrival struct {
	At   cluster.Duration // since the beginning of the trace
	Runs cluster.Duration // 0 for ever
	Pod  *Pod             // shared by pods that are alike
}
