// Package karpenter decides as Karpenter v1.14 does, for comparison in simulations: the
// algorithm that its documentation and behaviour show, in our own words, on our records.
//
//	Provision: (cluster.Snapshot)  → plan.Plan     waiting pods onto hosts, claims, new claims
//	Disrupt:   (repack.Input)      → Command       which nodes to give back or replace, one command at a time
//	Brain:     the engine with both, at Karpenter's pace
//
// Pods are placed one after the other, those with the most cpu, then memory, first: on
// the first host that takes them, else on the claim with the fewest pods that still has
// an instance type left, else on a new claim of the pool with the highest weight that
// can have them. Preferences count as requirements until a pod fits nowhere, and are
// then given up one by one (queue.go, trial.go, claim.go, topology.go).
//
// Nodes are disrupted by the first of four methods that finds a command: empty nodes,
// drifted ones, several replaced by one at the most, one replaced by a cheaper one
// (pass.go, consolidate.go). Each look at what would become of pods costs Karpenter the
// time it was measured to take; several are given up after a minute, single ones after
// three; a command is checked again after 15 seconds (pace.go).
//
// Not there: capacity reservations, devices, volumes whose zone is open, taints that only
// ask to be avoided, the time that provisioning itself takes. The package refuses to know
// what becomes of a decision: that is the engine's, as for every policy. It was compared
// with the real Karpenter's decisions in the module bench.
package karpenter
