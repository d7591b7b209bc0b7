// Package topology turns constraints between pods into ones that packing
// understands: where each pod of a class may go, and what a node may hold.
//
// It owns two translations. Constraints over domains that hold many nodes (zones,
// racks, capacity types) are decided before packing: the pods of a class are dealt
// out to domains, and each portion is then bound to the places of its domain
// (assign.go). Constraints on one node (the host name as topology key, host ports)
// become dimensions of which a node has little, or rules (rules.go); pods that must
// share a node become one item (bundle.go).
//
// It refuses to weigh prices beyond a preference between domains that are alike
// otherwise, and to say what is feasible: fit has the last word, and what is left
// over here is tried again there, pod by pod.
//
// # What is aimed for
//
// The scheduler looks at one pod at a time, so whether a pod fits may depend on
// who came first. What is dealt out here holds whatever the order, when all is in
// place: each pod passes its filters with all others where they are. Domains in
// which nodes could be bought count as if they were there, so that a workload
// spreads over zones although the first node is only in one.
//
// # What holds for every plan
//
// What is dealt out is one way of many. [Relax] tells what all of them have in common,
// for a bound that holds for every plan: pods may be in any domain, but for those that
// spreads force into one, and of the caps on one node those count that hold in whatever
// order pods come.
package topology
