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
// # How it is laid out
//
// Items are counted, never listed: a thousand items alike cost as much as one.
// They are numbered anew, largest first, so that walking a bit set in order is
// first-fit-decreasing. Dimensions in which places differ are dense rows of int64;
// those in which all shapes offer the same (anti-affinity, host ports) are short
// lists and bit sets, because there may be hundreds and each concerns few items.
// All packing happens in one state with an undo log: mark, try, roll back.
//
// # How it packs
//
//  1. Hosts are filled one by one, fullest first, at no cost (hosts.go).
//  2. For each tier, first to last, the dual prices of a covering linear program say
//     what a unit of each dimension is worth in the market at hand (tariff.go). The
//     node that costs least per worth of items it holds is bought as often as demand
//     fills it alike, and again (buy.go). The last few nodes are searched
//     (search.go); a single item is solved exactly (single.go).
//  3. The worst nodes are taken back two or three at a time and searched anew, while
//     steps last (improve.go). Where quotas keep items out, nodes are changed for
//     ones that hold more (limited.go).
//
// # The bound
//
// The same linear program, with the demand that found no room, gives prices of
// resources. They are rounded down to integers and checked exactly against every
// shape, so no floating-point error can make the bound invalid (bound.go).
package pack
