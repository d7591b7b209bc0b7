// Package cases makes the inputs that are measured: the pod classes and instance
// types of Karpenter's own scheduling benchmark, and workloads of our own before
// what EC2 sells in Seoul.
//
// A case is a function of a seed and a number of pods: the same two give the same
// input, byte for byte. Pods of a case share what they have in common, so nobody
// may write to them.
package cases
