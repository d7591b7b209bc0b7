// Package price knows what instances cost in a region: on demand from the Price List
// API, Spot from EC2's price history.
//
// It owns asking for both and when to ask again. It refuses to choose, and to fail a plan
// for want of a price: where AWS does not answer, what it said last holds, and before that
// the catalogue's price, which is marked as imputed.
package price
