// Package solve answers a snapshot with a plan: which waiting pods fit on hosts
// there are, which nodes to buy for the others, what fits nowhere and why, and a
// proven lower bound of what the new nodes must cost.
//
// It owns feasibility, packing and the bound. It refuses to remember anything
// between two calls, to read a clock and to touch a record: the same snapshot
// gives the same plan, byte for byte, on every architecture.
//
// # How it is laid out
//
// Pods are counted, not listed: the solver sees classes with counts and turns
// them into pods only in the plan. Offerings are bits: the offerings that a
// class may use are one AND of memoised sets, one set for each distinct
// requirement. Offerings that no waiting pod can tell apart (same pool, same
// room, same pods admitted) are one shape, of which only the cheapest counts
// while packing; zones are chosen at the end. Amounts are dense rows of int64,
// only in the dimensions that a waiting pod asks for. All packing happens in one
// state with an undo log: mark, try, roll back.
//
// # How it packs
//
//  1. Open hosts are filled one by one, fullest first, at no cost (hosts.go).
//  2. For each weight, highest first, the dual prices of a covering linear program
//     say what a core and a gibibyte are worth in the market at hand (tariff.go).
//     The node that costs least per worth of pods it holds is bought as often as
//     demand fills it alike, and again (pack.go). The last few nodes are searched
//     (search.go); a single class is solved exactly (single.go).
//  3. The worst nodes are taken back two or three at a time and searched anew, while
//     steps last (improve.go). Where limits keep pods out, nodes are changed for
//     ones that hold more (limited.go).
//  4. Each node becomes a Create with every offering of its pool that holds its
//     pods (creates.go).
//
// # The bound
//
// The same linear program, with the demand that found no room, gives resource
// prices. They are rounded down to integers and checked exactly against every
// offering, so no floating-point error can make the bound invalid (bound.go). It
// bounds plans that keep to the pools' weights: each pod goes to the highest
// weight that can hold it. When limits have made a pod spill over to a lower
// weight, it bounds plans that use the pools in any order.
package solve
