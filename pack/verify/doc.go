// Package verify checks the proof that comes with a packing, in whole numbers and
// without knowing how it was found.
//
// It owns one question: does the proof show what it claims? It shares no code with
// package pack but the types of the problem and of the proof, and refuses to
// search: everything it needs is in the proof, and what is not there is not proven.
// It only tries the loads of a place where the proof says that few could be worth more
// than it claims.
//
// What a proof claims: to hold so many of each item ([pack.Proof.Held]) on hosts
// and on new nodes, each item in the tier given for it, the new nodes' prices and
// charges sum up to at least Bound. Quotas, rules and variety are only looked at as
// far as they concern one item alone on a node; the rest could only make it dearer.
//
// # Why a checked proof is right
//
// Take any way to hold the items. A row gives each item a value. What a place holds
// is worth at most its room, at the row's prices, and for every item that is worth
// more than its size the difference, as often as the item fits there alone. Or it is
// worth at most what the best of its loads is: while loads are tried item by item, what
// has been taken, the room that is left and what further items are worth beyond their
// size is more than any load to come can be worth (loads.go). So the
// bought nodes hold at least what all items are worth less what hosts can hold: they
// cover every row's Need. Whatever numbers of shapes cover the rows falls into one
// of the undivided cases, because a case is divided into one in which another node of
// a shape is bought and one in which none is. In an undivided case, a node holds, of
// what is still needed, at most its Most of each row and never more than the need
// itself; if the case's prices make that worth no more than the node costs, then what
// is still needed costs at least what it is worth at those prices.
package verify
