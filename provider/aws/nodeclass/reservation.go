package nodeclass

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/cluster"
)

// EC2 takes instances out of a capacity block this long before it ends.
const reclaimedBefore = 40 * cluster.Minute

// reservations selects capacity reservations. There are few, and a term may name one that
// has ended since, which EC2 calls an error: so all that are active are asked for, once
// for all classes, and selected here. That none matches is no problem: nodes are then
// bought in other ways.
func (r *Resolver) reservations(ctx context.Context, c *Class, _ *findings) error {
	if len(c.Spec.CapacityReservationSelectorTerms) == 0 {
		return nil
	}
	all, err := remembered(r, allReservations, networkFor, func() ([]types.CapacityReservation, error) {
		var out []types.CapacityReservation
		pages := ec2.NewDescribeCapacityReservationsPaginator(r.EC2, &ec2.DescribeCapacityReservationsInput{Filters: []types.Filter{filter("state", "active")}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			out = append(out, page.CapacityReservations...)
		}
		return out, nil
	})
	for _, x := range all {
		if slices.ContainsFunc(c.Spec.CapacityReservationSelectorTerms, func(t awsv1.CapacityReservationTerm) bool { return selects(t, x) }) {
			c.Reservations = append(c.Reservations, reservationOf(x, r.now()))
		}
	}
	c.Reservations = distinct(c.Reservations, func(x Reservation) string { return x.ID })
	return err
}

const allReservations = "capacity reservations"

// Reserved says that something was launched into reservations: how much is left of them is
// asked for anew.
func (r *Resolver) Reserved() { r.memory.forget(allReservations) }

// ReservedIn are the reservations that nodes of a type can be launched into in a zone. None
// is that ends soon, nor a capacity block or an interruptible one, which EC2 launches into in
// ways of their own.
func (c *Class) ReservedIn(instanceType, zone string) []Reservation {
	var out []Reservation
	for _, x := range c.Reservations {
		if x.InstanceType == instanceType && x.Zone == zone && x.Type == "default" && !x.Interruptible && !x.Expiring {
			out = append(out, x)
		}
	}
	return out
}

// selects tells whether a term selects a reservation.
func selects(t awsv1.CapacityReservationTerm, x types.CapacityReservation) bool {
	if t.ID != "" {
		return t.ID == aws.ToString(x.CapacityReservationId)
	}
	if len(t.Tags) == 0 && t.OwnerID == "" && t.InstanceMatchCriteria == "" {
		return false // a term of nothing would select everything
	}
	for k, v := range t.Tags {
		if !slices.ContainsFunc(x.Tags, func(tag types.Tag) bool {
			return aws.ToString(tag.Key) == k && (v == "*" || aws.ToString(tag.Value) == v)
		}) {
			return false
		}
	}
	return (t.OwnerID == "" || t.OwnerID == aws.ToString(x.OwnerId)) && (t.InstanceMatchCriteria == "" || t.InstanceMatchCriteria == string(x.InstanceMatchCriteria))
}

func reservationOf(x types.CapacityReservation, now cluster.Instant) Reservation {
	out := Reservation{
		ID: aws.ToString(x.CapacityReservationId), InstanceType: aws.ToString(x.InstanceType), Zone: aws.ToString(x.AvailabilityZone),
		OwnerID: aws.ToString(x.OwnerId), Criteria: string(x.InstanceMatchCriteria), Type: string(x.ReservationType),
		Interruptible: aws.ToBool(x.Interruptible), Total: int(aws.ToInt32(x.TotalInstanceCount)), Free: int(aws.ToInt32(x.AvailableInstanceCount)),
	}
	if out.Type == "" {
		out.Type = "default"
	}
	if x.EndDate != nil {
		out.Ends = cluster.Instant(x.EndDate.UnixNano())
		out.Expiring = out.Type == string(types.CapacityReservationTypeCapacityBlock) && now.Add(reclaimedBefore) >= out.Ends
	}
	return out
}

// placementGroup finds the placement group.
func (r *Resolver) placementGroup(ctx context.Context, c *Class, f *findings) error {
	s := c.Spec.PlacementGroupSelector
	if s == nil {
		return nil
	}
	in := &ec2.DescribePlacementGroupsInput{GroupIds: []string{s.ID}}
	if s.ID == "" {
		in = &ec2.DescribePlacementGroupsInput{GroupNames: []string{s.Name}}
	}
	found, err := remembered(r, "placement group "+asText(s), imagesFor, func() (string, error) {
		out, err := r.EC2.DescribePlacementGroups(ctx, in)
		if err != nil {
			return "", ignoring(err, "InvalidPlacementGroup.Unknown")
		}
		for _, g := range out.PlacementGroups {
			if g.State == types.PlacementGroupStateAvailable {
				return aws.ToString(g.GroupId), nil
			}
		}
		return "", nil
	})
	if err == nil && found == "" {
		f.add(PlacementGroupReady, "PlacementGroupNotFound", "spec.placementGroupSelector: there is no placement group %s in %s", asText(s), r.cfg.Region)
	}
	c.PlacementGroup = found
	return err
}
