package awssim

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// reserving is a lab with ways to reserve capacity and to look at what is reserved.
type reserving struct {
	*lab
	t *testing.T
}

const reservedZone = "us-west-2a"

// stock bounds the on-demand pool of a type in reservedZone to so many instances.
func (r reserving) stock(instanceType string, n int) {
	r.t.Helper()
	r.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), simulated.Pattern{InstanceType: instanceType, Zone: reservedZone, CapacityType: cluster.OnDemand}, n); err != nil {
			r.t.Fatal(err)
		}
	})
}

func (r reserving) reserve(instanceType string, n int32, change func(*awsec2.CreateCapacityReservationInput)) (string, error) {
	in := &awsec2.CreateCapacityReservationInput{
		InstanceType: &instanceType, AvailabilityZone: aws.String(reservedZone), InstanceCount: &n, InstancePlatform: types.CapacityReservationInstancePlatformLinuxUnix,
	}
	if change != nil {
		change(in)
	}
	out, err := r.ec2.CreateCapacityReservation(context.Background(), in)
	if err != nil {
		return "", err
	}
	return *out.CapacityReservation.CapacityReservationId, nil
}

// must is reserve of what can be reserved.
func (r reserving) must(instanceType string, n int32, change func(*awsec2.CreateCapacityReservationInput)) string {
	r.t.Helper()
	id, err := r.reserve(instanceType, n, change)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r reserving) describe(id string) types.CapacityReservation {
	r.t.Helper()
	out, err := r.ec2.DescribeCapacityReservations(context.Background(), &awsec2.DescribeCapacityReservationsInput{CapacityReservationIds: []string{id}})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.CapacityReservations[0]
}

// free checks how many instances a reservation has room for.
func (r reserving) free(when, id string, want int32) {
	r.t.Helper()
	if got := r.describe(id); *got.AvailableInstanceCount != want {
		r.t.Errorf("%s %s has room for %d of %d, want %d", when, id, *got.AvailableInstanceCount, *got.TotalInstanceCount, want)
	}
}

// in is a run of n in reservedZone with a preference or a target, "" for none.
func (r reserving) in(n int32, preference types.CapacityReservationPreference, target string) ([]types.Instance, error) {
	r.t.Helper()
	out, err := r.run(r.t, func(in *awsec2.RunInstancesInput) {
		in.MinCount, in.MaxCount = &n, &n
		in.Placement = &types.Placement{AvailabilityZone: aws.String(reservedZone)}
		in.CapacityReservationSpecification = &types.CapacityReservationSpecification{CapacityReservationPreference: preference}
		if target != "" {
			in.CapacityReservationSpecification.CapacityReservationTarget = &types.CapacityReservationTarget{CapacityReservationId: &target}
		}
	})
	if err != nil {
		return nil, err
	}
	return out.Instances, nil
}

func targeted(in *awsec2.CreateCapacityReservationInput) {
	in.InstanceMatchCriteria = types.InstanceMatchCriteriaTargeted
}

// TestReservations: reserved room is kept from others, used by whoever may, and free again
// when what used it has ended.
func TestReservations(t *testing.T) {
	l := newLab(t, world.Config{Seed: 3}, nil)
	r := reserving{l, t}
	ctx := context.Background()
	r.stock("m5.large", 5)
	open := r.must("m5.large", 2, func(in *awsec2.CreateCapacityReservationInput) {
		in.TagSpecifications = []types.TagSpecification{{ResourceType: "capacity-reservation", Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue")}}}}
	})
	aimed := r.must("m5.large", 2, targeted)
	if _, err := r.reserve("m5.large", 2, nil); code(err) != "InsufficientInstanceCapacity" {
		t.Errorf("six of five: %v", err)
	}
	if _, err := r.in(2, types.CapacityReservationPreferenceNone, ""); code(err) != "InsufficientInstanceCapacity" {
		t.Errorf("two beside the reservations, of one: %v", err)
	}
	// Two run in the open one by themselves, the third beside it.
	made, err := r.in(3, "", "")
	if err != nil || len(made) != 3 {
		t.Fatalf("three: %v, %v", made, err)
	}
	inside := 0
	for _, i := range made {
		if aws.ToString(i.CapacityReservationId) == open {
			inside++
		}
	}
	if inside != 2 {
		t.Errorf("%d run in the open reservation, want 2", inside)
	}
	r.free("when it is full", open, 0)
	r.free("for nobody has named it", aimed, 2)
	if _, err := r.in(1, types.CapacityReservationPreferenceCapacityReservationsOnly, ""); code(err) != "ReservationCapacityExceeded" {
		t.Errorf("in open reservations only, which are full: %v", err)
	}
	if _, err := r.in(3, "", aimed); code(err) != "ReservationCapacityExceeded" {
		t.Errorf("three in a reservation of two: %v", err)
	}
	r.stock("m5.large", 0) // what is sold out to others is still reserved
	into, err := r.in(2, "", aimed)
	if err != nil || aws.ToString(into[0].CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId) != aimed {
		t.Fatalf("into the one that is named: %+v, %v", into, err)
	}
	r.free("when it is full", aimed, 0)
	l.clock.pass(cluster.Minute)
	if _, err := l.ec2.TerminateInstances(ctx, &awsec2.TerminateInstancesInput{InstanceIds: []string{*into[0].InstanceId}}); err != nil {
		t.Fatal(err)
	}
	l.clock.pass(3 * cluster.Minute)
	r.free("after one has ended", aimed, 1)
	for name, filter := range map[string][]types.Filter{"by tag": filters("tag:team", "blue"), "by criteria": filters("instance-match-criteria", "open", "state", "active")} {
		out, err := l.ec2.DescribeCapacityReservations(ctx, &awsec2.DescribeCapacityReservationsInput{Filters: filter})
		if err != nil || len(out.CapacityReservations) != 1 || *out.CapacityReservations[0].CapacityReservationId != open {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	// Its instances go on when it is cancelled.
	if _, err := l.ec2.CancelCapacityReservation(ctx, &awsec2.CancelCapacityReservationInput{CapacityReservationId: &open}); err != nil {
		t.Fatal(err)
	}
	if d := r.describe(open); d.State != types.CapacityReservationStateCancelled || *d.AvailableInstanceCount != 0 {
		t.Errorf("cancelled it is %+v", d)
	}
	seen, err := l.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{Filters: filters("instance-state-name", "running")})
	if err != nil || len(seen.Reservations) != 2 {
		t.Errorf("%+v, %v", seen, err)
	}
	if _, err := r.in(1, "", open); code(err) != "ReservationCapacityExceeded" {
		t.Errorf("into one that is cancelled: %v", err)
	}
	if _, err := r.in(1, "", "cr-0"); code(err) != "InvalidCapacityReservationId.NotFound" {
		t.Errorf("into one that there is not: %v", err)
	}
}

// TestReservationTakesIn: an open reservation takes in what runs already; it can be made
// smaller and larger, and ends when it should.
func TestReservationTakesIn(t *testing.T) {
	l := newLab(t, world.Config{Seed: 3, Quotas: map[world.Quota]int64{{Class: "standard"}: 12}}, nil)
	r := reserving{l, t}
	ctx := context.Background()
	if _, err := r.in(2, "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.in(1, types.CapacityReservationPreferenceNone, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.reserve("m5.xlarge", 2, nil); code(err) != "VcpuLimitExceeded" {
		t.Errorf("8 vCPUs beside 6 of 12: %v", err)
	}
	id := r.must("m5.large", 3, func(in *awsec2.CreateCapacityReservationInput) {
		in.EndDateType, in.EndDate = types.EndDateTypeLimited, aws.Time(world.Time(l.clock.Now().Add(cluster.Hour)))
	})
	r.free("with the two that ran", id, 1)
	modify := func(n int32) error {
		_, err := l.ec2.ModifyCapacityReservation(ctx, &awsec2.ModifyCapacityReservationInput{CapacityReservationId: &id, InstanceCount: &n})
		return err
	}
	if err := modify(1); code(err) != "InvalidParameterValue" {
		t.Errorf("smaller than what is in use: %v", err)
	}
	if err := modify(6); code(err) != "VcpuLimitExceeded" {
		t.Errorf("larger than the quota: %v", err)
	}
	if err := modify(4); err != nil {
		t.Error(err)
	}
	r.free("after it has grown", id, 2)
	// What is reserved counts already: there is quota for both, and one beside.
	if made, err := r.in(3, "", ""); err != nil || len(made) != 3 {
		t.Errorf("three: %v", err)
	}
	if _, err := r.in(1, "", ""); code(err) != "VcpuLimitExceeded" {
		t.Errorf("beyond the quota: %v", err)
	}
	l.clock.pass(cluster.Hour)
	if d := r.describe(id); d.State != types.CapacityReservationStateExpired {
		t.Errorf("after its time it is %s", d.State)
	}
	if err := modify(5); code(err) != "InvalidCapacityReservationState" {
		t.Errorf("after its time: %v", err)
	}
	for name, change := range map[string]func(*awsec2.CreateCapacityReservationInput){
		"InvalidParameterCombination": func(in *awsec2.CreateCapacityReservationInput) { in.EndDateType = types.EndDateTypeLimited },
		"InvalidParameterValue":       func(in *awsec2.CreateCapacityReservationInput) { in.InstanceType = aws.String("m5.tiny") },
		"MissingParameter":            func(in *awsec2.CreateCapacityReservationInput) { in.AvailabilityZone = nil },
		"UnsupportedOperation": func(in *awsec2.CreateCapacityReservationInput) {
			in.Tenancy = types.CapacityReservationTenancyDedicated
		},
	} {
		if _, err := r.reserve("m5.large", 1, change); code(err) != name {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

// TestFleetReservations: a fleet that is to use reservations first does so before it buys
// where it is cheapest; one that names its reservation has that or nothing.
func TestFleetReservations(t *testing.T) {
	l := newLab(t, world.Config{Seed: 3}, nil)
	r := reserving{l, t}
	id := l.template(t)
	dear := r.must("r5.large", 2, nil) // the dearest of fleetTypes
	aimed := r.must("m5.large", 1, targeted)
	ask := func(n int32, first bool) map[string]int {
		out := l.fleet(t, id, n, func(in *awsec2.CreateFleetInput) {
			in.TargetCapacitySpecification.DefaultTargetCapacityType, in.SpotOptions = "on-demand", nil
			in.OnDemandOptions = &types.OnDemandOptionsRequest{AllocationStrategy: "lowest-price"}
			if first {
				in.OnDemandOptions.CapacityReservationOptions = &types.CapacityReservationOptionsRequest{UsageStrategy: "use-capacity-reservations-first"}
			}
		})
		got := map[string]int{}
		for _, i := range out.Instances {
			got[string(i.InstanceType)] += len(i.InstanceIds)
		}
		return got
	}
	if got := ask(1, false); got["c5.large"] != 1 && got["c6i.large"] != 1 {
		t.Errorf("the cheapest is %v", got)
	}
	if got := ask(3, true); got["r5.large"] != 2 || len(got) != 2 {
		t.Errorf("reservations first: %v", got)
	}
	r.free("after that", dear, 0)
	r.free("which nobody named", aimed, 1)
	if _, err := l.ec2.CreateLaunchTemplateVersion(context.Background(), &awsec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: &id, SourceVersion: aws.String("1"), LaunchTemplateData: &types.RequestLaunchTemplateData{
			CapacityReservationSpecification: &types.LaunchTemplateCapacityReservationSpecificationRequest{
				CapacityReservationPreference: types.CapacityReservationPreferenceCapacityReservationsOnly,
				CapacityReservationTarget:     &types.CapacityReservationTarget{CapacityReservationId: &aimed},
			},
		},
	}); err != nil {
		t.Fatal(err)
	}
	out := l.fleet(t, id, 2, func(in *awsec2.CreateFleetInput) {
		in.TargetCapacitySpecification.DefaultTargetCapacityType, in.SpotOptions = "on-demand", nil
	})
	if len(out.Instances) != 1 || len(out.Instances[0].InstanceIds) != 1 || out.Instances[0].InstanceType != "m5.large" {
		t.Fatalf("with a reservation of one it has %+v", out.Instances)
	}
	for _, e := range out.Errors {
		if *e.ErrorCode != "ReservationCapacityExceeded" {
			t.Errorf("%s: %s", *e.ErrorCode, *e.ErrorMessage)
		}
	}
	if len(out.Errors) == 0 {
		t.Error("it does not say what was short")
	}
	l.clock.pass(cluster.Minute)
	seen, err := l.ec2.DescribeInstances(context.Background(), &awsec2.DescribeInstancesInput{Filters: filters("capacity-reservation-id", aimed)})
	if err != nil || len(seen.Reservations) != 1 || len(seen.Reservations[0].Instances) != 1 {
		t.Errorf("%+v, %v", seen, err)
	}
}
