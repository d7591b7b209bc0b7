// Package repack finds out which nodes a cluster could do without: nodes whose pods
// have room elsewhere, and nodes whose pods would cost less on others.
//
// It owns that question, and the verdict on every node: what becomes of it, or why it
// stays. It refuses to act, to know budgets of pools and the time at which nodes may be
// disrupted (its caller says which nodes may go, and how many at once), and to place or
// buy by rules of its own: fit has the last word on where a pod may run, and solve says
// what to buy.
//
// # How it is laid out
//
//  1. Nodes that may not go are told apart, each with its reason (candidate.go).
//  2. The pods of the others become classes with counts, on hosts that hold only what
//     stays: the cluster as it is, is a world of package fit in which these pods have
//     been placed (state.go). Pods are taken away and put elsewhere in that one world,
//     and back if it comes to nothing: no copies.
//  3. Nodes are tried one by one, those first that give most for the pods that have to
//     move: if all its pods find room on what is there, a node goes (remove.go). It must
//     not matter who comes first: the placing is rehearsed as the scheduler might do it.
//  4. What a node's pods are worth, at the prices of the cheapest mix for all of them,
//     tells how much could be saved by replacing it. Nodes that cost much more are
//     replaced together, M by N: solve is asked what their pods need (replace.go), of a
//     world in which only the hosts with room are told apart (without.go).
//  5. Everything is bounded from below by what holding the same pods must cost, whatever
//     becomes of the nodes that may go (bound.go).
package repack
