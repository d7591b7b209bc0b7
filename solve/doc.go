// Package solve answers a snapshot with a plan: which waiting pods fit on hosts
// there are, which nodes to buy for the others, what fits nowhere and why, and a
// proven lower bound of what the new nodes must cost.
//
// It owns the way from a snapshot to a problem of packing and from a packing to a
// plan. It refuses to pack (package pack does), to remember anything between two
// calls, to read a clock and to touch a record: the same snapshot gives the same
// plan, byte for byte, on every architecture.
//
// # How it is laid out
//
//  1. Pods are counted, not listed: classes with counts become items, and pods only
//     in the plan. Offerings are bits: the offerings that a class may use are one AND
//     of memoised sets, one set for each distinct requirement (side.go, problem.go).
//  2. Offerings that no waiting pod can tell apart (same pool, same room, same pods
//     admitted) are one shape, of which only the cheapest counts while packing;
//     zones are chosen at the end. Pools' weights are tiers, their limits quotas,
//     their minValues variety (layout.go, pool.go, quota.go).
//  3. Constraints between pods, and preferences as far as they may cost (prefer.go),
//     have become places, dimensions and rules before that: package topology.
//  4. What packing has put somewhere becomes pods of classes again (answer.go). What
//     it has left over is tried once more, pod by pod and exactly, by package fit; what
//     held only with those that are left over is taken back first (loose.go).
//     Of gangs that do not get enough places all pods are left out, and the rest is
//     packed anew (gang.go).
//  5. Each node becomes a Create with every offering of its pool that holds its pods
//     (creates.go).
//  6. What is left over now gets its reasons: for each constraint, how many places it
//     rules out (reasons.go).
//
// # The bound
//
// The bound is about the objective: prices of new nodes and Options.NodeCharge for
// each. It holds for every plan that places as many pods of each class, whatever
// domains they go to and in whatever order they come. Packing proves one where it was
// given nothing to hold to but what every plan must. Else the classes are relaxed
// (bound.go, topology.Relax) until this plan is a solution itself, and what comes out
// is proven anew. Limits and stocks are left out: they could only make plans dearer.
package solve
