package ec2

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// CreateCapacityReservation reserves room on demand in one pool, from now on.
func CreateCapacityReservation(w *world.World, _ *world.Call, in *ec2.CreateCapacityReservationInput) (*ec2.CreateCapacityReservationOutput, error) {
	tags, err := tagSets(in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	id, err := reservedPool(w, in)
	if err != nil {
		return nil, err
	}
	ends, err := reservedUntil(w, in.EndDateType, in.EndDate)
	if err != nil {
		return nil, err
	}
	count := int(aws.ToInt32(in.InstanceCount))
	if count < 1 || count > maxReserved {
		return nil, wire.Errorf("InvalidParameterValue", "Value (%d) for parameter InstanceCount is invalid. Want 1 to %d", count, maxReserved)
	}
	if w.Within(id.InstanceType, false) < count {
		return nil, overQuota(id.InstanceType, false)
	}
	r := w.Reserve(id.InstanceType, id.Zone, count, in.InstanceMatchCriteria == types.InstanceMatchCriteriaTargeted, ends)
	if r == nil {
		return nil, noCapacity()
	}
	w.SetTags(r.ID, tags["capacity-reservation"])
	return &ec2.CreateCapacityReservationOutput{CapacityReservation: describeReservation(w, r)}, nil
}

func noCapacity() error {
	return &wire.Error{Code: "InsufficientInstanceCapacity", Status: 500, Message: "Insufficient capacity."}
}

// maxReserved is EC2's bound on the instances of one request.
const maxReserved = 1000

// reservedPool is the pool that a request is for.
func reservedPool(w *world.World, in *ec2.CreateCapacityReservationInput) (cluster.OfferingID, error) {
	id := cluster.OfferingID{InstanceType: aws.ToString(in.InstanceType), Zone: aws.ToString(in.AvailabilityZone), CapacityType: cluster.OnDemand}
	for _, s := range w.Subnets() {
		if s.ZoneID == aws.ToString(in.AvailabilityZoneId) {
			id.Zone = s.Zone
		}
	}
	switch _, sold := w.Type(id.InstanceType); {
	case in.InstancePlatform != types.CapacityReservationInstancePlatformLinuxUnix:
		return id, notSimulated("the platform " + string(in.InstancePlatform))
	case in.Tenancy != "" && in.Tenancy != types.CapacityReservationTenancyDefault:
		return id, notSimulated("tenancy " + string(in.Tenancy))
	case in.StartDate != nil || in.CommitmentDuration != nil || aws.ToString(in.PlacementGroupArn)+aws.ToString(in.OutpostArn) != "":
		return id, notSimulated("a capacity reservation of later, in a placement group or on an outpost")
	case id.Zone == "":
		return id, missing("AvailabilityZone")
	case !sold:
		return id, wire.Errorf("InvalidParameterValue", "Invalid value '%.40s' for InstanceType.", id.InstanceType)
	}
	if _, there := w.SubnetOf(id.Zone); !there {
		return id, wire.Errorf("InvalidParameterValue", "Invalid availability zone: [%.40s]", id.Zone)
	}
	if _, sold := w.Offering(id); !sold {
		return id, wire.Errorf("Unsupported", "The requested configuration is currently not supported: %s is not sold in %s", id.InstanceType, id.Zone)
	}
	return id, nil
}

// reservedUntil is when a reservation ends.
func reservedUntil(w *world.World, kind types.EndDateType, date *time.Time) (cluster.Instant, error) {
	switch {
	case kind == types.EndDateTypeLimited && date == nil, kind != types.EndDateTypeLimited && date != nil:
		return 0, wire.Errorf("InvalidParameterCombination", "EndDate goes with the EndDateType limited, and only with that")
	case date == nil:
		return cluster.Never, nil
	case world.Instant(*date) <= w.Now():
		return 0, wire.Errorf("InvalidParameterValue", "EndDate is not to come")
	}
	return world.Instant(*date), nil
}

// describeReservation is a reservation as EC2 tells of it.
func describeReservation(w *world.World, r *world.Reservation) *types.CapacityReservation {
	out := &types.CapacityReservation{
		CapacityReservationId: aws.String(r.ID), CapacityReservationArn: aws.String(w.ARN("ec2", w.Config().Region, "capacity-reservation/"+r.ID)),
		OwnerId: aws.String(w.Config().Account), InstanceType: aws.String(r.Type), AvailabilityZone: aws.String(r.Zone), InstancePlatform: types.CapacityReservationInstancePlatformLinuxUnix,
		Tenancy: types.CapacityReservationTenancyDefault, TotalInstanceCount: aws.Int32(int32(r.Count)), AvailableInstanceCount: aws.Int32(int32(w.Unused(r))),
		State: stateOfReservation(r), CreateDate: aws.Time(world.Time(r.Created)), StartDate: aws.Time(world.Time(r.Created)), EbsOptimized: aws.Bool(false), EphemeralStorage: aws.Bool(false),
		EndDateType: types.EndDateTypeUnlimited, InstanceMatchCriteria: criteria(r), ReservationType: types.CapacityReservationTypeDefault,
		CapacityAllocations: []types.CapacityAllocation{}, Tags: tagsOf(w, r.ID),
	}
	if s, ok := w.SubnetOf(r.Zone); ok {
		out.AvailabilityZoneId = aws.String(s.ZoneID)
	}
	if r.Ends != cluster.Never {
		out.EndDateType, out.EndDate = types.EndDateTypeLimited, aws.Time(world.Time(r.Ends))
	}
	if used := r.Count - w.Unused(r); r.Active() && used > 0 {
		out.CapacityAllocations = append(out.CapacityAllocations, types.CapacityAllocation{AllocationType: types.AllocationTypeUsed, Count: aws.Int32(int32(used))})
	}
	return out
}

func criteria(r *world.Reservation) types.InstanceMatchCriteria {
	if r.Targeted {
		return types.InstanceMatchCriteriaTargeted
	}
	return types.InstanceMatchCriteriaOpen
}

func stateOfReservation(r *world.Reservation) types.CapacityReservationState {
	if r.Active() {
		return types.CapacityReservationStateActive
	}
	return types.CapacityReservationState(r.Ended)
}

// DescribeCapacityReservations lists capacity reservations, those that have ended too.
func DescribeCapacityReservations(w *world.World, _ *world.Call, in *ec2.DescribeCapacityReservationsInput) (*ec2.DescribeCapacityReservationsOutput, error) {
	id := func(r *world.Reservation) string { return r.ID }
	all, err := selected(w.Reservations(), in.CapacityReservationIds, "InvalidCapacityReservationId.NotFound", "capacity reservation", id)
	if err != nil {
		return nil, err
	}
	all, err = filtered(w, all, in.Filters, attributes[*world.Reservation]{
		"instance-type": one(func(r *world.Reservation) string { return r.Type }), "availability-zone": one(func(r *world.Reservation) string { return r.Zone }),
		"owner-id": one(func(*world.Reservation) string { return w.Config().Account }), "tenancy": one(func(*world.Reservation) string { return "default" }),
		"instance-platform": one(func(*world.Reservation) string { return "Linux/UNIX" }), "state": one(func(r *world.Reservation) string { return string(stateOfReservation(r)) }),
		"instance-match-criteria": one(func(r *world.Reservation) string { return string(criteria(r)) }),
		"start-date":              one(func(r *world.Reservation) string { return timestamp(r.Created) }),
		"end-date-type":           one(func(r *world.Reservation) string { return string(describeReservation(w, r).EndDateType) }),
		"end-date": func(r *world.Reservation) []string {
			if r.Ends == cluster.Never {
				return nil
			}
			return []string{timestamp(r.Ends)}
		},
	}, id)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeCapacityReservations", all, in.MaxResults, in.NextToken, paging.Bounds{Least: 1, Most: 1000, Usual: 1000})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeCapacityReservationsOutput{CapacityReservations: []types.CapacityReservation{}, NextToken: next}
	for _, r := range all {
		out.CapacityReservations = append(out.CapacityReservations, *describeReservation(w, r))
	}
	return out, nil
}

// reservation finds the one that a request is about, as long as it holds.
func reservation(w *world.World, id *string) (*world.Reservation, error) {
	r := w.Reservation(aws.ToString(id))
	switch {
	case r == nil:
		return nil, noReservation(aws.ToString(id))
	case !r.Active():
		return nil, wire.Errorf("InvalidCapacityReservationState", "The capacity reservation %s is %s", r.ID, r.Ended)
	}
	return r, nil
}

// CancelCapacityReservation ends a reservation; its instances go on.
func CancelCapacityReservation(w *world.World, _ *world.Call, in *ec2.CancelCapacityReservationInput) (*ec2.CancelCapacityReservationOutput, error) {
	r, err := reservation(w, in.CapacityReservationId)
	if err != nil {
		return nil, err
	}
	w.Release(r, "cancelled")
	return &ec2.CancelCapacityReservationOutput{Return: aws.Bool(true)}, nil
}

// ModifyCapacityReservation changes how many instances a reservation is for, and its end.
func ModifyCapacityReservation(w *world.World, _ *world.Call, in *ec2.ModifyCapacityReservationInput) (*ec2.ModifyCapacityReservationOutput, error) {
	r, err := reservation(w, in.CapacityReservationId)
	if err != nil {
		return nil, err
	}
	if aws.ToBool(in.Accept) || in.AdditionalInfo != nil || in.InstanceMatchCriteria != "" {
		return nil, notSimulated("a change beyond the number of instances and the end")
	}
	count, ends := r.Count, r.Ends
	if in.InstanceCount != nil {
		if count = int(*in.InstanceCount); count < 1 || count > maxReserved {
			return nil, wire.Errorf("InvalidParameterValue", "Value (%d) for parameter InstanceCount is invalid. Want 1 to %d", count, maxReserved)
		}
	}
	if in.EndDateType != "" || in.EndDate != nil {
		if ends, err = reservedUntil(w, in.EndDateType, in.EndDate); err != nil {
			return nil, err
		}
	}
	switch used := r.Count - w.Unused(r); {
	case count < used:
		return nil, wire.Errorf("InvalidParameterValue", "The capacity reservation has %d instances in use, and cannot be for %d", used, count)
	case w.Within(r.Type, false) < count-r.Count:
		return nil, overQuota(r.Type, false)
	case !w.Resize(r, count, ends):
		return nil, noCapacity()
	}
	return &ec2.ModifyCapacityReservationOutput{Return: aws.Bool(true)}, nil
}

// reservationOf is how an instance stands to capacity reservations.
func reservationOf(w *world.World, i *world.Instance) *types.CapacityReservationSpecificationResponse {
	if r := w.Reservation(i.Reserved); r != nil && r.Targeted {
		return &types.CapacityReservationSpecificationResponse{CapacityReservationTarget: &types.CapacityReservationTargetResponse{CapacityReservationId: aws.String(r.ID)}}
	}
	preference := types.CapacityReservationPreferenceOpen
	if i.Unreserved || i.Spot {
		preference = types.CapacityReservationPreferenceNone
	}
	return &types.CapacityReservationSpecificationResponse{CapacityReservationPreference: preference}
}
