// Package instancetype knows what EC2 sells in a region: the facts of instance types,
// the zones they are sold in, and how much memory real nodes of them turned out to have.
//
// It owns EC2's records of types ([Facts]) and a [Shelf] that keeps them and refreshes
// them. How a machine becomes a node is worked out in package catalog; prices and what
// is sold out are others'. Types that no Linux node can be made of are not taken in.
package instancetype
