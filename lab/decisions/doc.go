// Package decisions records what the real kube-scheduler (k8s.io/kubernetes, default
// profile) decides in random clusters of some tens of nodes while nodes and pods come
// and go: one pod at a time, so that what it saw is known exactly.
//
// It owns the clusters ([Record]): nodes of a few sizes in three zones, with labels and
// taints, and workloads with the constraints that people write: spreads, affinity and
// anti-affinity of pods and nodes, required and preferred, ports, selectors. It refuses
// to know what the scheduler should do: sim/schedule/trace compares.
//
// Left out is what package sim/schedule says that it does not do (volumes, devices,
// preemption), and what its records do not tell: images that nodes have, Services that
// select pods, pods of several containers of which only some ask for something, labels
// of namespaces.
//
//	go test ./decisions -decisions-clusters 60 -decisions-seed 1 -v
//
// records anew and compares; with -decisions-write the record is kept in
// sim/schedule/trace/testdata, where the tests of the simulator compare with it.
package decisions
