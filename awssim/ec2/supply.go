package ec2

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// supply is where the instances of a launch in one pool come from: the reservations that
// it may use, in their order, and then the pool itself, unless it must not.
type supply struct {
	reservations []*world.Reservation
	confined     bool // to the reservations
	unreserved   bool // the launch wants none
}

// supply is that of the launch in a pool. The error says that it names a reservation that
// there is not.
func (l *launch) supply(w *world.World, id cluster.OfferingID) (supply, error) {
	c := l.CapacityReservationSpecification
	if c == nil {
		c = &types.LaunchTemplateCapacityReservationSpecificationResponse{}
	}
	if t := c.CapacityReservationTarget; t != nil {
		return aimed(w, c.CapacityReservationPreference, t, id)
	}
	only := c.CapacityReservationPreference == types.CapacityReservationPreferenceCapacityReservationsOnly
	switch {
	case id.CapacityType == cluster.Spot && only:
		return supply{}, wire.Errorf("InvalidParameterCombination", "Spot Instances do not run in capacity reservations")
	case id.CapacityType == cluster.Spot:
		return supply{}, nil
	case c.CapacityReservationPreference == types.CapacityReservationPreferenceNone:
		return supply{unreserved: true}, nil
	}
	return supply{reservations: w.OpenReservations(id), confined: only}, nil
}

// aimed is the supply of a launch that names its reservation.
func aimed(w *world.World, preference types.CapacityReservationPreference, t *types.CapacityReservationTargetResponse, id cluster.OfferingID) (supply, error) {
	switch {
	case aws.ToString(t.CapacityReservationResourceGroupArn) != "":
		return supply{}, notSimulated("a group of capacity reservations")
	case preference != "" && preference != types.CapacityReservationPreferenceCapacityReservationsOnly:
		return supply{}, wire.Errorf("InvalidParameterCombination", "A capacity reservation is named and the preference is %s", preference)
	case id.CapacityType == cluster.Spot:
		return supply{}, wire.Errorf("InvalidParameterCombination", "Spot Instances do not run in capacity reservations")
	}
	r := w.Reservation(aws.ToString(t.CapacityReservationId))
	if r == nil {
		return supply{}, noReservation(aws.ToString(t.CapacityReservationId))
	}
	s := supply{confined: true}
	if r.Covers(id) {
		s.reservations = append(s.reservations, r)
	}
	return s, nil
}

func noReservation(id string) error {
	return wire.Errorf("InvalidCapacityReservationId.NotFound", "The capacity reservation '%s' does not exist", id)
}

// reserved is how many instances the reservations have left.
func (s *supply) reserved(w *world.World) int {
	n := 0
	for _, r := range s.reservations {
		n += w.Unused(r)
	}
	return n
}

// room is how many instances a launch in the pool can have. What the account may run is
// a bound on what is not reserved: that counts already.
func (s *supply) room(w *world.World, id cluster.OfferingID) (capacity, within int) {
	reserved := s.reserved(w)
	if s.confined {
		return reserved, reserved
	}
	add := func(n int) int { return min(n, 1<<30) + reserved }
	return add(w.Room(id)), add(w.Within(id.InstanceType, id.CapacityType == cluster.Spot))
}

// pools are what the world launches from, in this order: into the reservations, and then
// beside them.
func (s *supply) pools(p world.Pool, beside bool) []world.Pool {
	var out []world.Pool
	for _, r := range s.reservations {
		into := p
		into.Reservation = r
		out = append(out, into)
	}
	if beside && !s.confined {
		p.Unreserved = s.unreserved
		out = append(out, p)
	}
	return out
}

// short is the error for a pool that cannot give what is wanted of it.
func (s *supply) short(id cluster.OfferingID) *wire.Error {
	if s.confined {
		return wire.Errorf("ReservationCapacityExceeded", "The requested reservation does not have sufficient compatible and available capacity for this request.")
	}
	return wire.Errorf("InsufficientInstanceCapacity",
		"We currently do not have sufficient %s capacity in the Availability Zone you requested (%s). Our system will be working on provisioning additional capacity.", id.InstanceType, id.Zone)
}
