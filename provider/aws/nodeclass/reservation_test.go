package nodeclass

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/cluster"
)

// TestReservations: which are selected, and what is known of them. The simulated account
// has none, so AWS's answer is given here.
func TestReservations(t *testing.T) {
	a := newAccount(t)
	ends := time.Unix(0, int64(a.now())).Add(30 * time.Minute).UTC()
	one := func(id string, change func(*types.CapacityReservation)) types.CapacityReservation {
		x := types.CapacityReservation{
			CapacityReservationId: &id, InstanceType: aws.String("m5.large"), AvailabilityZone: aws.String("us-west-2a"), OwnerId: aws.String("111122223333"),
			InstanceMatchCriteria: types.InstanceMatchCriteriaTargeted, TotalInstanceCount: aws.Int32(10), AvailableInstanceCount: aws.Int32(4),
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}},
		}
		if change != nil {
			change(&x)
		}
		return x
	}
	all := []types.CapacityReservation{
		one("cr-3", nil),
		one("cr-2", func(x *types.CapacityReservation) {
			x.InstanceMatchCriteria, x.Tags, x.EndDate = types.InstanceMatchCriteriaOpen, nil, &ends
		}),
		one("cr-1", func(x *types.CapacityReservation) {
			x.OwnerId, x.EndDate, x.ReservationType = aws.String("444455556666"), &ends, types.CapacityReservationTypeCapacityBlock
		}),
	}
	for name, x := range map[string]struct {
		terms []awsv1.CapacityReservationTerm
		want  []string
	}{
		"none":          {nil, nil},
		"nothing said":  {[]awsv1.CapacityReservationTerm{{}}, nil},
		"id":            {[]awsv1.CapacityReservationTerm{{ID: "cr-2"}, {ID: "cr-ended"}}, []string{"cr-2"}},
		"tag":           {[]awsv1.CapacityReservationTerm{{Tags: map[string]string{"team": "*"}}}, []string{"cr-1", "cr-3"}},
		"tag and owner": {[]awsv1.CapacityReservationTerm{{Tags: map[string]string{"team": "blue"}, OwnerID: "444455556666"}}, []string{"cr-1"}},
		"criteria":      {[]awsv1.CapacityReservationTerm{{InstanceMatchCriteria: "open"}, {ID: "cr-2"}}, []string{"cr-2"}},
		"other value":   {[]awsv1.CapacityReservationTerm{{Tags: map[string]string{"team": "red"}}}, nil},
	} {
		a.memory.kept["capacity reservations"] = answer{all, cluster.Never}
		c := a.resolve(t, spec(func(s *awsv1.EC2NodeClassSpec) { s.CapacityReservationSelectorTerms = x.terms }))
		var got []string
		for _, r := range c.Reservations {
			got = append(got, r.ID)
		}
		if ok, why := c.Ready(); !ok || !slices.Equal(got, x.want) {
			t.Errorf("%s: %v (ready %v: %s), want %v", name, got, ok, why, x.want)
		}
	}
	got := reservationOf(all[2], a.now())
	want := Reservation{
		ID: "cr-1", InstanceType: "m5.large", Zone: "us-west-2a", OwnerID: "444455556666", Criteria: "targeted", Type: "capacity-block",
		Total: 10, Free: 4, Ends: cluster.Instant(ends.UnixNano()), Expiring: true,
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if reservationOf(all[1], a.now()).Expiring {
		t.Error("only capacity blocks are taken back before they end")
	}
}

// TestReservedIn: what is launched into in the usual way.
func TestReservedIn(t *testing.T) {
	plain := Reservation{ID: "plain", InstanceType: "m5.large", Zone: "us-west-2a", Type: "default"}
	var c Class
	for name, change := range map[string]func(*Reservation){
		"plain":         func(*Reservation) {},
		"type":          func(x *Reservation) { x.InstanceType = "m5.xlarge" },
		"zone":          func(x *Reservation) { x.Zone = "us-west-2b" },
		"block":         func(x *Reservation) { x.Type = "capacity-block" },
		"interruptible": func(x *Reservation) { x.Interruptible = true },
		"expiring":      func(x *Reservation) { x.Expiring = true },
	} {
		x := plain
		x.ID = name
		change(&x)
		c.Reservations = append(c.Reservations, x)
	}
	if got := c.ReservedIn("m5.large", "us-west-2a"); !slices.Equal(got, []Reservation{plain}) {
		t.Errorf("%+v, want only %+v", got, plain)
	}
}

// TestReservationsAreAsked of EC2, where there are none: that is no problem.
func TestReservationsAreAsked(t *testing.T) {
	a := newAccount(t)
	c, err := a.Resolve(context.Background(), spec(func(s *awsv1.EC2NodeClassSpec) {
		s.CapacityReservationSelectorTerms = []awsv1.CapacityReservationTerm{{ID: "cr-1"}}
	}))
	if err != nil || state(c, CapacityReservationsReady) != "CapacityReservationsReady=True CapacityReservationsReady" {
		t.Fatalf("%v, %v", c, err)
	}
	if !slices.Contains(a.asked(), "DescribeCapacityReservations") {
		t.Error("EC2 was not asked")
	}
}
