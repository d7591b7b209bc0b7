// Package policy runs one scenario under several policies and puts what came of it side
// by side.
//
// A policy decides what is bought for pods that wait and which nodes are given back
// ([engine.Policy]). Everything else is the same for all: the life of a node, the cloud,
// the workload, the faults, and with the same seed each draw of chance. Karpenter's and
// Cluster Autoscaler's are packages below this one.
//
// Beside them stands what no policy could beat ([Floor]): at each point of the run, the
// least that nodes for the pods that were running then must cost.
//
// The package refuses to print: that is sim/report's.
package policy
