// Package operator is one operator process: it wires kube, runner and a provider
// into a controller-runtime manager with leader election, probes, metrics and
// rate limits. It is the same inside the lab and in a cluster.
//
// It is wiring only. What the metrics count is read off the steps of the engine
// ([Meters]); nothing here decides anything.
package operator
