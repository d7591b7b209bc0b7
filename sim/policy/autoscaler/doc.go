// Package autoscaler decides as Cluster Autoscaler does with its defaults, for comparison
// in simulations: what its documentation says, in our own words, on our records.
//
//	Provision: (cluster.Snapshot) → plan.Plan    pods onto hosts, then node groups grow
//	Brain:     the engine with that, and nodes given back that are little used
//
// It knows node groups, whose nodes are alike, and not instance types. People make these
// by hand; which ones is part of what is compared. Here a pool becomes ([Groups]), for
// each zone and capacity type that it allows: for each of 2, 4 and 8 GiB of memory a
// core, and for GPUs, the cheapest instance type of 8 cores, or of as many as the pool
// allows below that; and the same of 32 cores, for what is larger.
//
// Scaling up, it finds for each group how many nodes the pods that it can hold would
// need, first-fit decreasing, takes a spot group before an on-demand one (expander
// priority), of these the one that wastes least (least-waste), and again for the pods
// that are left (scaleup.go).
//
// Scaling down, it looks every ten seconds for nodes of which less than half is
// requested and whose pods have room on others. Those for which that has been so for ten
// minutes go, if no node was added for ten minutes: empty ones ten at a time, others one
// after the other (scaledown.go). It knows neither prices nor the budgets of pools; it
// spares pods without a controller, with local storage, of kube-system, and what
// disruption budgets protect.
//
// Groups take as long as any pool to bring up a node. What it is slower at, its loop of
// ten seconds for each group that grows, is left out in its favour.
package autoscaler
