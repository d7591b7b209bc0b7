// Package cluster says what is: the records of a cluster (pods, nodes, claims,
// pools, instance types) and the immutable [Snapshot] that a solver reads.
//
// It owns the vocabulary every other package speaks: resources as int64, money
// as integer micro-USD, instants as integers handed in by the caller, and the
// rules by which a label, a taint or a requirement matches.
//
// Most of a cluster stays as it is while pods come and wait: nodes and what runs on
// them, what pools may buy. That is worked out once, as a [Ground], on which snapshots
// of the pods that wait are made; [NewSnapshot] is both in one.
//
// It refuses to decide anything (that is solve and engine), to know where a
// record came from (kube, a file, a simulator) and to read a clock.
//
// Records are values shared by pointer and never written after they are handed
// over; a change is a new record.
package cluster
