// Package pack covers counted items with places, as cheaply as it can, and proves
// how cheap it could be.
//
// It owns one problem of whole numbers: items with sizes, places that are there
// and free of charge (hosts), places for sale (shapes), and what limits their use.
// It refuses to know where any of that comes from: there is no pod, no price list
// and no cluster in here, only int64 and sets of small integers. It remembers
// nothing between two calls; the same problem gives the same packing, byte for
// byte, on every architecture.
//
// # What is best
//
// As few as possible are left without a place; those with a place are in as early
// tiers as possible; and what is bought costs as little as possible. A few things
// are packed in the best way by trying all (exact.go). Beyond that tiers are packed
// one after the other, and quotas may keep out more than they must.
//
// # How it is laid out
//
// Items are counted, never listed: a thousand alike cost as much as one. They are
// numbered anew, largest first, so that walking a bit set in order is
// first-fit-decreasing (layout.go). Dimensions in which places differ are dense rows
// of int64; those in which all shapes offer the same (anti-affinity, host ports) are
// short lists and bit sets, because there may be hundreds and each concerns few items
// (sides.go). All packing happens in one state with an undo log: mark, try, roll back
// (state.go).
//
// # How it packs
//
//  1. Hosts are filled at no cost: the largest items first, each where it leaves
//     least (hosts.go), or where others can move on (rehouse.go).
//  2. A tier falls into regions that have nothing in common (region.go). For each, a
//     linear program says what is worth how much, which shapes to buy how often, and
//     which items belong on them. For a first packing all that is many or small is
//     poured (liquid.go), and what may be on a node only a few at a time is put in as
//     stones (stones.go).
//  3. While there is demand for many nodes, they are bought as that mix says and each
//     is filled so that no dimension is used up before the others (bulk.go, fill.go,
//     polish.go); then those that cost least for what they hold (greedy.go). A node
//     too many is held by a larger one (enlarge.go).
//  4. For the last nodes, and for small problems from the beginning, a covering
//     problem enumerates fleets with enough room from cheap to dear, until one holds
//     all (covering.go, relax.go, fleet.go). A single item is solved exactly (single.go).
//  5. While steps last: where items are in each other's way, all of that once more with
//     column generation over classes of items (class.go, master.go, knapsack.go,
//     whole.go); then nodes that lose most are taken back a few at a time and packed
//     anew (improve.go). Where quotas keep items out, nodes are changed for ones that
//     hold more (limited.go). How much is done of each is in care.go.
//
// # The bound
//
// A linear program, with the demand that found no room, gives values; they and the
// dimensions themselves are the rows of a small integer covering problem that every
// packing must satisfy. What hosts can hold does not count: while steps last, values
// are lowered, at first to what an item's place is worth to others and then by a
// subgradient method, until the best loads of hosts, in whole numbers of items, are
// worth little (absorb.go, lagrange.go, loader.go). The branch-and-bound
// tree of the covering problem, rounded to integers and made to hold exactly, is the
// proof (bound.go, certify.go, leaves.go, proof.go). Where few sizes are wanted there is
// a row more, in which nodes hold whole items only (certify_whole.go). Package verify checks it. [Prove]
// proves a bound for what somebody else has packed.
package pack
