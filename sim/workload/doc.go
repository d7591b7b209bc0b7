// Package workload says what is to run in a simulated cluster and when: services
// that scale and roll, sets with ordinals, batches, DaemonSets, and recorded traces of
// pods.
//
// It owns the description and where it comes from: generate.go makes workloads from a
// stream of chance, trace.go reads those that were recorded. It refuses to act: the
// controllers that create and delete pods are sim's.
package workload
