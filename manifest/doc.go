// Package manifest reads Kubernetes objects from files, directories and streams,
// whatever "kubectl get -o yaml" or "-o json" prints and people write, and turns
// them into the records of package cluster.
//
// It owns three things: cutting a stream into objects without holding more than
// one of them (split.go), saying where something is wrong in a way that helps
// (position.go, blame.go), and standing in for what happens between "kubectl
// apply" and the scheduler: the API server's defaults and admission (admit.go)
// and the controllers that make pods (expand.go).
//
// It refuses to convert what a pod needs (that is kube's), to choose nodes or
// types, and to guess: a kind that it does not know is named and left out, a field
// that it does not know is named, and what is wrong is an error with file, document
// and field.
//
// # What counts as waiting
//
// A pod with a node sits on that node. Every other pod that has not ended and is
// not gated waits, whether the scheduler has looked at it or not. A workload adds
// the pods that it wants and that are not in the input: replicas less the pods it
// has. A DaemonSet adds none: it is a part of every node it matches. A CronJob that
// a cluster printed adds none either, because its Jobs are printed too; one from a
// file counts as one run, unless it is suspended.
//
// # Memory
//
// One object is held while it is read ([MaxObject] at the most). Of a pod that a
// cluster printed only its record is kept; of a workload or a pod from a file the
// part of the spec that the scheduler looks at, until everything has been read.
package manifest
