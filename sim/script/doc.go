// Package script reads the scenarios that people write: YAML with pools, workloads and
// faults, in the words of Kubernetes and Karpenter. See scenarios.
//
// It owns the format and its messages. It refuses to simulate, and to know what a field
// does beyond turning it into a record: what is impossible sim says, what is misspelt
// this package.
package script
