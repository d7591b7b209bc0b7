package provider

import "github.com/ullage-sh/ullage/cluster"

// reservedShare is by how much reserved capacity is taken to be cheaper than on demand.
const reservedShare = 100_000

// ReservedPrice is what an instance in a capacity reservation is taken to cost, by what it
// costs on demand, both in USD per hour. It is paid for whether it is used or not: only that it
// is used first matters, and that of two reservations that of the cheaper type is.
func ReservedPrice(onDemand cluster.Money) cluster.Money { return max(onDemand/reservedShare, 1) }
