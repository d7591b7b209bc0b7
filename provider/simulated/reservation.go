package simulated

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// Reservation is capacity that somebody pays for whether it is used or not: so many instances
// of a type in a zone can be launched, whatever is sold out.
type Reservation struct {
	InstanceType, Zone string
	Count              int
}

// Offering is what instances are bought by that are to be in the reservation.
func (r Reservation) Offering() cluster.OfferingID {
	return cluster.OfferingID{InstanceType: r.InstanceType, Zone: r.Zone, CapacityType: cluster.Reserved}
}

// Stock names what is left of the reservation.
func (r Reservation) Stock() string {
	return "reserved " + r.InstanceType + "/" + r.Zone + ": instances"
}

// WithReserved adds to types the offerings of reservations, for [Config]. How many instances
// each has is said by [Cloud.SetCapacity]; before, it has none. It fails for a type that is not
// sold on demand in the zone, and for two reservations of the same. types is left as it is.
func WithReserved(types []cluster.InstanceType, all []Reservation) ([]cluster.InstanceType, error) {
	out := slices.Clone(types)
	for _, r := range all {
		i := slices.IndexFunc(out, func(t cluster.InstanceType) bool { return t.Name == r.InstanceType })
		if i < 0 {
			return nil, fmt.Errorf("reservation: no instance type %q is sold", r.InstanceType)
		}
		price := cluster.Money(0)
		for _, o := range out[i].Offerings {
			switch {
			case o.Zone != r.Zone:
			case o.CapacityType == cluster.Reserved:
				return nil, fmt.Errorf("reservation: there are two of %s in %s: make them one", r.InstanceType, r.Zone)
			case o.CapacityType == cluster.OnDemand && o.Available:
				price = provider.ReservedPrice(o.Price)
			}
		}
		if price == 0 {
			return nil, fmt.Errorf("reservation: %s is not sold on demand in %q", r.InstanceType, r.Zone)
		}
		out[i].Offerings = append(slices.Clone(out[i].Offerings), cluster.Offering{
			Zone: r.Zone, CapacityType: cluster.Reserved, Price: price, Available: true,
			Draws: []cluster.Draw{{Stock: r.Stock(), Amount: 1}},
		})
	}
	return out, nil
}

// unreserved is how many more instances a reservation can take. What is said of capacity
// types in general is not said of it: it is kept for whoever has it.
func (c *Cloud) unreserved(id cluster.OfferingID) int {
	for _, s := range slices.Backward(c.stocks) {
		if s.CapacityType == cluster.Reserved && s.Matches(id) {
			return max(s.Capacity-c.held[id], 0)
		}
	}
	return 0
}

// reservedOf is what is left of the reservations among what a class sells, and those of which
// nothing is are marked unavailable.
func (c *Cloud) reservedOf(now cluster.Instant, types []cluster.InstanceType) []cluster.Stock {
	defer c.enter(now)()
	var out []cluster.Stock
	for i := range types {
		for j := range types[i].Offerings {
			o := &types[i].Offerings[j]
			if o.CapacityType != cluster.Reserved {
				continue
			}
			r := Reservation{InstanceType: types[i].Name, Zone: o.Zone}
			left := c.unreserved(r.Offering())
			o.Available = o.Available && left > 0
			out = append(out, cluster.Stock{Name: r.Stock(), Left: int64(left)})
		}
	}
	return out
}
