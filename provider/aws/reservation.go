package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/fleet"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
)

// labelReservation says on a node which capacity reservation its instance is in.
const labelReservation = "karpenter.k8s.aws/capacity-reservation-id"

// reservedStock names what is left of reservations for one type in one zone.
func reservedStock(all []nodeclass.Reservation) string {
	ids := make([]string, len(all))
	for i, x := range all {
		ids[i] = x.ID
	}
	return strings.Join(ids, ", ") + ": instances"
}

// reserved is the way to buy a type in a zone out of the class's reservations, if it has
// any there. One that is used up is still what nodes are bought by.
func (o *offer) reserved(t *stocked, zone string, onDemand cluster.Money) (cluster.Offering, bool) {
	if o.class == nil {
		return cluster.Offering{}, false
	}
	all := o.class.ReservedIn(t.Name, zone)
	if len(all) == 0 {
		return cluster.Offering{}, false
	}
	return cluster.Offering{
		Zone: zone, CapacityType: cluster.Reserved, Price: provider.ReservedPrice(onDemand), Available: free(all) > 0,
		Draws: []cluster.Draw{{Stock: reservedStock(all), Amount: 1}},
	}, true
}

// free is how many instances reservations have left.
func free(all []nodeclass.Reservation) (n int) {
	for _, x := range all {
		n += x.Free
	}
	return n
}

// reservedNow is what a launch leaves sold out: what it found so, and the reserved offerings
// that it took the last instances of. What is left of the others is asked for anew.
func (p *Provider) reservedNow(class cluster.ClassRef, receipt fleet.Receipt) []cluster.OfferingID {
	p.mu.Lock()
	o := p.known[keyOf(class)]
	p.mu.Unlock()
	out, taken := receipt.SoldOut, map[cluster.OfferingID]int{}
	for _, r := range receipt.Instances {
		id := r.Offering
		if id.CapacityType != cluster.Reserved {
			continue
		}
		p.classes.Reserved()
		if taken[id]++; o != nil && o.class != nil && taken[id] == free(o.class.ReservedIn(id.InstanceType, id.Zone)) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// stocks are what is left of the class's reservations, by name. Two classes that select the
// same ones name the same stock.
func (o *offer) stocks() []cluster.Stock {
	var out []cluster.Stock
	for _, t := range o.types {
		for _, zone := range t.zones {
			all := o.class.ReservedIn(t.Name, zone)
			if len(all) == 0 {
				continue
			}
			out = append(out, cluster.Stock{Name: reservedStock(all), Left: int64(free(all))})
		}
	}
	slices.SortFunc(out, func(a, b cluster.Stock) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// within are the reservations that an offering is launched into, by id; one of "" for an
// offering that is not reserved.
func (o *offer) within(id cluster.OfferingID) []string {
	if id.CapacityType != cluster.Reserved {
		return []string{""}
	}
	var out []string
	for _, x := range o.class.ReservedIn(id.InstanceType, id.Zone) {
		out = append(out, x.ID)
	}
	return out
}

// intoReservation is what a launch template says so that instances run in one reservation
// or not at all.
func intoReservation(id string) *types.LaunchTemplateCapacityReservationSpecificationRequest {
	return &types.LaunchTemplateCapacityReservationSpecificationRequest{
		CapacityReservationPreference: types.CapacityReservationPreferenceCapacityReservationsOnly,
		CapacityReservationTarget:     &types.CapacityReservationTarget{CapacityReservationId: aws.String(id)},
	}
}
