package awssim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// scaling is a lab with a client for Auto Scaling and a group named g.
type scaling struct {
	*lab
	t   *testing.T
	asg *awsasg.Client
}

// newScaling makes a group of m5.large in all zones of us-west-2 (a to d).
func newScaling(t *testing.T, cfg world.Config, size [3]int32, change func(*awsasg.CreateAutoScalingGroupInput)) *scaling {
	t.Helper()
	l := newLab(t, cfg, nil)
	s := &scaling{l, t, awsasg.New(awsasg.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: thrice()})}
	id := l.template(t)
	subnets, err := l.ec2.DescribeSubnets(context.Background(), &awsec2.DescribeSubnetsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, n := range subnets.Subnets {
		ids = append(ids, *n.SubnetId)
	}
	in := &awsasg.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("g"), MinSize: &size[0], MaxSize: &size[1], DesiredCapacity: &size[2], VPCZoneIdentifier: aws.String(strings.Join(ids, ",")),
		MixedInstancesPolicy: &types.MixedInstancesPolicy{LaunchTemplate: &types.LaunchTemplate{
			LaunchTemplateSpecification: &types.LaunchTemplateSpecification{LaunchTemplateId: &id, Version: aws.String("$Latest")},
			Overrides:                   []types.LaunchTemplateOverrides{{InstanceType: aws.String("m5.large")}, {InstanceType: aws.String("m6i.large")}},
		}},
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("blue"), PropagateAtLaunch: aws.Bool(true)}, {Key: aws.String("k8s.io/cluster-autoscaler/enabled"), Value: aws.String("")}},
	}
	if change != nil {
		change(in)
	}
	if _, err := s.asg.CreateAutoScalingGroup(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	return s
}

// group is how the group is described now.
func (s *scaling) group() types.AutoScalingGroup {
	s.t.Helper()
	out, err := s.asg.DescribeAutoScalingGroups(context.Background(), &awsasg.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"g"}})
	if err != nil || len(out.AutoScalingGroups) != 1 {
		s.t.Fatalf("got %+v, %v, want the group", out, err)
	}
	return out.AutoScalingGroups[0]
}

// until lets time pass, second by second, until the group is as it should be.
func (s *scaling) until(what string, done func(types.AutoScalingGroup) bool) types.AutoScalingGroup {
	s.t.Helper()
	for range 1200 {
		g := s.group()
		if done(g) {
			return g
		}
		s.clock.pass(cluster.Second)
	}
	s.t.Fatalf("after 20 minutes still not: %s; %s", what, show(s.group()))
	panic("not reached")
}

func show(g types.AutoScalingGroup) string {
	text := fmt.Sprintf("desired %d:", *g.DesiredCapacity)
	for _, i := range g.Instances {
		text += fmt.Sprintf(" %s %s %s %s", *i.InstanceId, *i.AvailabilityZone, *i.InstanceType, i.LifecycleState)
	}
	return text
}

// serving are n instances in service, and no others.
func serving(n int) func(types.AutoScalingGroup) bool {
	return func(g types.AutoScalingGroup) bool {
		return len(g.Instances) == n && !slices.ContainsFunc(g.Instances, func(i types.Instance) bool { return i.LifecycleState != types.LifecycleStateInService })
	}
}

func (s *scaling) activities() []types.Activity {
	s.t.Helper()
	var all []types.Activity
	for p := awsasg.NewDescribeScalingActivitiesPaginator(s.asg, &awsasg.DescribeScalingActivitiesInput{AutoScalingGroupName: aws.String("g"), MaxRecords: aws.Int32(3)}); p.HasMorePages(); {
		out, err := p.NextPage(context.Background())
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, out.Activities...)
	}
	return all
}

func zones(g types.AutoScalingGroup) map[string]int {
	out := map[string]int{}
	for _, i := range g.Instances {
		out[*i.AvailabilityZone]++
	}
	return out
}

func (s *scaling) desire(n int32) {
	s.t.Helper()
	if _, err := s.asg.SetDesiredCapacity(context.Background(), &awsasg.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("g"), DesiredCapacity: &n}); err != nil {
		s.t.Fatal(err)
	}
}

// TestGroup: a group launches what it should have, spread over zones, grows, shrinks,
// replaces what dies, and goes.
func TestGroup(t *testing.T) {
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{1, 10, 6}, nil)
	ctx := context.Background()
	g := s.until("six in service", serving(6))
	for zone, n := range zones(g) {
		if n < 1 || n > 2 {
			t.Errorf("%d of six instances are in %s", n, zone)
		}
	}
	tagged, err := s.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{Filters: filters("tag:aws:autoscaling:groupName", "g", "tag:team", "blue", "tag:from", "template")})
	if err != nil || len(tagged.Reservations) != 6 {
		t.Errorf("%d instances have the tags of group and template, %v", len(tagged.Reservations), err)
	}
	s.desire(3)
	g = s.until("three in service", serving(3))
	if len(zones(g)) != 3 {
		t.Errorf("three are left in %v, want three zones", zones(g))
	}
	// One ends by itself: it is noticed and replaced.
	lost := *g.Instances[0].InstanceId
	if _, err := s.ec2.TerminateInstances(ctx, &awsec2.TerminateInstancesInput{InstanceIds: []string{lost}}); err != nil {
		t.Fatal(err)
	}
	s.until("it is noticed", func(g types.AutoScalingGroup) bool {
		return slices.ContainsFunc(g.Instances, func(i types.Instance) bool { return *i.InstanceId == lost && *i.HealthStatus == "Unhealthy" }) || len(g.Instances) == 2
	})
	g = s.until("it is replaced", func(g types.AutoScalingGroup) bool {
		return serving(3)(g) && !slices.ContainsFunc(g.Instances, func(i types.Instance) bool { return *i.InstanceId == lost })
	})
	// One is taken out, without another.
	out, err := s.asg.TerminateInstanceInAutoScalingGroup(ctx, &awsasg.TerminateInstanceInAutoScalingGroupInput{InstanceId: g.Instances[0].InstanceId, ShouldDecrementDesiredCapacity: aws.Bool(true)})
	if err != nil || out.Activity.StatusCode != types.ScalingActivityStatusCodeInProgress {
		t.Errorf("got %+v, %v", out, err)
	}
	if g = s.until("two in service", serving(2)); *g.DesiredCapacity != 2 {
		t.Errorf("two are desired, not %d", *g.DesiredCapacity)
	}
	launches, ends := 0, 0
	for _, a := range s.activities() {
		if a.StatusCode != types.ScalingActivityStatusCodeSuccessful || a.EndTime == nil || *a.Cause == "" {
			t.Errorf("the activity %q is %s", *a.Description, a.StatusCode)
		}
		if strings.HasPrefix(*a.Description, "Launching") {
			launches++
		} else {
			ends++
		}
	}
	if launches != 7 || ends != 5 {
		t.Errorf("there were %d launches and %d ends, want 7 and 5", launches, ends)
	}
	if _, err := s.asg.DeleteAutoScalingGroup(ctx, &awsasg.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("g")}); code(err) != "ResourceInUse" {
		t.Errorf("got %v, want ResourceInUse", err)
	}
	if _, err := s.asg.DeleteAutoScalingGroup(ctx, &awsasg.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("g"), ForceDelete: aws.Bool(true)}); err != nil {
		t.Error(err)
	}
	if g := s.group(); g.Status == nil || *g.Status != "Delete in progress" {
		t.Errorf("its status is %v", g.Status)
	}
	s.clock.pass(2 * cluster.Minute)
	if out, err := s.asg.DescribeAutoScalingGroups(ctx, &awsasg.DescribeAutoScalingGroupsInput{}); err != nil || len(out.AutoScalingGroups) != 0 {
		t.Errorf("it is still there: %+v, %v", out, err)
	}
}

// TestGroupShortage: a zone without capacity is made up for by others; without any the
// activities say so and it is tried again; when it is over, zones are balanced again.
func TestGroupShortage(t *testing.T) {
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{0, 10, 0}, nil)
	drain := func(zone string, n int) {
		s.Do(func(w *world.World) {
			for _, typ := range []string{"m5.large", "m6i.large"} {
				if _, err := w.Cloud().SetCapacity(w.Now(), simulated.Pattern{InstanceType: typ, Zone: zone}, n); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	drain("us-west-2a", 0)
	s.desire(6)
	g := s.until("six in service", serving(6))
	if got := zones(g); got["us-west-2a"] != 0 || len(got) != 3 {
		t.Errorf("they are in %v", got)
	}
	drain("", 0)
	s.desire(7)
	s.clock.pass(3 * cluster.Minute)
	failed := 0
	for _, a := range s.activities() {
		if a.StatusCode == types.ScalingActivityStatusCodeFailed {
			failed++
			if !strings.Contains(*a.StatusMessage, "InsufficientInstanceCapacity") || !strings.Contains(*a.StatusMessage, "Could not launch On-Demand Instances") {
				t.Errorf("a launch failed by %q", *a.StatusMessage)
			}
		}
	}
	if failed < 8 {
		t.Errorf("%d launches failed, want one in each zone, again and again", failed)
	}
	drain("", simulated.Unlimited)
	drain("us-west-2a", simulated.Unlimited)
	s.until("seven, in four zones and balanced", func(g types.AutoScalingGroup) bool {
		z := zones(g)
		return serving(7)(g) && z["us-west-2a"] >= 1 && z["us-west-2a"] <= 2 && len(z) == 4
	})
}

// TestGroupMixed: a base on demand, a share above it, the rest on Spot; and what Spot is
// to be reclaimed is replaced before.
func TestGroupMixed(t *testing.T) {
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{0, 20, 10}, func(in *awsasg.CreateAutoScalingGroupInput) {
		in.CapacityRebalance = aws.Bool(true)
		in.MixedInstancesPolicy.InstancesDistribution = &types.InstancesDistribution{
			OnDemandBaseCapacity: aws.Int32(2), OnDemandPercentageAboveBaseCapacity: aws.Int32(25), SpotAllocationStrategy: aws.String("price-capacity-optimized"),
		}
	})
	s.until("ten in service", serving(10))
	spot, err := s.ec2.DescribeSpotInstanceRequests(context.Background(), &awsec2.DescribeSpotInstanceRequestsInput{})
	if err != nil || len(spot.SpotInstanceRequests) != 6 {
		t.Fatalf("got %d Spot instances, %v, want six of ten", len(spot.SpotInstanceRequests), err)
	}
	var doomed []string
	s.Do(func(w *world.World) {
		doomed = w.Reclaim(simulated.Pattern{InstanceType: "*", Zone: *spot.SpotInstanceRequests[0].LaunchedAvailabilityZone, CapacityType: cluster.Spot}, 10*cluster.Minute)
	})
	served := 10
	s.until("those are replaced", func(g types.AutoScalingGroup) bool {
		n, old := 0, 0
		for _, i := range g.Instances {
			if i.LifecycleState == types.LifecycleStateInService {
				n++
			}
			if slices.Contains(doomed, *i.InstanceId) {
				old++
			}
		}
		served = min(served, n)
		return old == 0 && serving(10)(g)
	})
	if len(doomed) == 0 || served < 10 {
		t.Errorf("%d were doomed, and at some time only %d served", len(doomed), served)
	}
}

// TestGroupProtection: protected instances stay when the group shrinks, and suspended
// processes do nothing.
func TestGroupProtection(t *testing.T) {
	ctx := context.Background()
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{0, 4, 3}, func(in *awsasg.CreateAutoScalingGroupInput) {
		in.TerminationPolicies = []string{"OldestInstance"}
	})
	g := s.until("three in service", serving(3))
	kept := []string{*g.Instances[0].InstanceId, *g.Instances[1].InstanceId}
	if _, err := s.asg.SetInstanceProtection(ctx, &awsasg.SetInstanceProtectionInput{AutoScalingGroupName: aws.String("g"), InstanceIds: kept, ProtectedFromScaleIn: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	s.desire(1)
	s.clock.pass(5 * cluster.Minute)
	g = s.group()
	var left []string
	for _, i := range g.Instances {
		left = append(left, *i.InstanceId)
	}
	if !slices.Equal(left, kept) {
		t.Errorf("left are %s, want the protected %v", show(g), kept)
	}
	if _, err := s.asg.SuspendProcesses(ctx, &awsasg.SuspendProcessesInput{AutoScalingGroupName: aws.String("g"), ScalingProcesses: []string{"Launch"}}); err != nil {
		t.Fatal(err)
	}
	s.desire(4)
	s.clock.pass(5 * cluster.Minute)
	if g := s.group(); len(g.Instances) != 2 || len(g.SuspendedProcesses) != 1 {
		t.Errorf("with Launch suspended there are %s", show(g))
	}
	if _, err := s.asg.ResumeProcesses(ctx, &awsasg.ResumeProcessesInput{AutoScalingGroupName: aws.String("g")}); err != nil {
		t.Fatal(err)
	}
	s.until("four in service", serving(4))
	if _, err := s.asg.SetInstanceHealth(ctx, &awsasg.SetInstanceHealthInput{InstanceId: &kept[0], HealthStatus: aws.String("Unhealthy")}); err != nil {
		t.Fatal(err)
	}
	s.until("the unhealthy one is replaced, protected or not", func(g types.AutoScalingGroup) bool {
		return serving(4)(g) && !slices.ContainsFunc(g.Instances, func(i types.Instance) bool { return *i.InstanceId == kept[0] })
	})
}

// TestGroupErrors: what cannot be is refused, as AWS does it.
func TestGroupErrors(t *testing.T) {
	ctx := context.Background()
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{1, 4, 1}, nil)
	name := aws.String("g")
	_, err := s.asg.SetDesiredCapacity(ctx, &awsasg.SetDesiredCapacityInput{AutoScalingGroupName: name, DesiredCapacity: aws.Int32(5)})
	if code(err) != "ValidationError" || !strings.Contains(err.Error(), "above max value 4") {
		t.Errorf("got %v", err)
	}
	_, err = s.asg.UpdateAutoScalingGroup(ctx, &awsasg.UpdateAutoScalingGroupInput{AutoScalingGroupName: name, MinSize: aws.Int32(9)})
	if g := s.group(); code(err) != "ValidationError" || *g.MinSize != 1 {
		t.Errorf("got %v and a least size of %d", err, *g.MinSize)
	}
	if _, err = s.asg.UpdateAutoScalingGroup(ctx, &awsasg.UpdateAutoScalingGroupInput{AutoScalingGroupName: name, MinSize: aws.Int32(2)}); err != nil || *s.group().DesiredCapacity != 2 {
		t.Errorf("a higher least size: %v, desired %d", err, *s.group().DesiredCapacity)
	}
	g := s.until("two in service", serving(2))
	_, err = s.asg.TerminateInstanceInAutoScalingGroup(ctx, &awsasg.TerminateInstanceInAutoScalingGroupInput{InstanceId: g.Instances[0].InstanceId, ShouldDecrementDesiredCapacity: aws.Bool(true)})
	if code(err) != "ValidationError" || !strings.Contains(err.Error(), "min size") {
		t.Errorf("got %v", err)
	}
	create := func(change func(*awsasg.CreateAutoScalingGroupInput)) string {
		in := &awsasg.CreateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("h"), MinSize: aws.Int32(0), MaxSize: aws.Int32(1), AvailabilityZones: []string{"us-west-2a"},
			LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("nodes")},
		}
		change(in)
		_, err := s.asg.CreateAutoScalingGroup(ctx, in)
		return code(err)
	}
	for what, c := range map[string]struct {
		want   string
		change func(*awsasg.CreateAutoScalingGroupInput)
	}{
		"the name of another":  {"AlreadyExists", func(in *awsasg.CreateAutoScalingGroupInput) { in.AutoScalingGroupName = name }},
		"no template":          {"ValidationError", func(in *awsasg.CreateAutoScalingGroupInput) { in.LaunchTemplate = nil }},
		"an unknown template":  {"ValidationError", func(in *awsasg.CreateAutoScalingGroupInput) { in.LaunchTemplate.LaunchTemplateName = aws.String("x") }},
		"an unknown zone":      {"ValidationError", func(in *awsasg.CreateAutoScalingGroupInput) { in.AvailabilityZones[0] = "moon-1a" }},
		"a configuration":      {"UnsupportedOperation", func(in *awsasg.CreateAutoScalingGroupInput) { in.LaunchConfigurationName = name }},
		"bounds the wrong way": {"ValidationError", func(in *awsasg.CreateAutoScalingGroupInput) { in.MinSize = aws.Int32(2) }},
	} {
		if got := create(c.change); got != c.want {
			t.Errorf("%s: got %q, want %s", what, got, c.want)
		}
	}
	byTag, err := s.asg.DescribeAutoScalingGroups(ctx, &awsasg.DescribeAutoScalingGroupsInput{Filters: []types.Filter{{Name: aws.String("tag-key"), Values: []string{"k8s.io/cluster-autoscaler/enabled"}}}})
	if err != nil || len(byTag.AutoScalingGroups) != 1 {
		t.Errorf("by tag: %+v, %v", byTag, err)
	}
	byTag, err = s.asg.DescribeAutoScalingGroups(ctx, &awsasg.DescribeAutoScalingGroupsInput{Filters: []types.Filter{{Name: aws.String("tag:team"), Values: []string{"red"}}}})
	if err != nil || len(byTag.AutoScalingGroups) != 0 {
		t.Errorf("by a tag that it has not: %+v, %v", byTag, err)
	}
}

// TestGroupAtLaunchLimit: what a group launches counts with what is asked of EC2, and a
// group that may not launch says so and goes on when it may.
func TestGroupAtLaunchLimit(t *testing.T) {
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{0, 10, 0}, nil)
	s.Do(func(w *world.World) { w.LimitLaunches(4, 0.02) })
	if _, err := s.run(t, nil); err != nil {
		t.Fatal(err)
	}
	s.desire(6)
	g := s.until("some", func(g types.AutoScalingGroup) bool { return len(g.Instances) > 0 })
	if n := len(g.Instances); n != 3 {
		t.Errorf("the group has %d instances of the three that there was left for", n)
	}
	refused := 0
	for _, a := range s.activities() {
		if a.StatusCode == types.ScalingActivityStatusCodeFailed && strings.Contains(aws.ToString(a.StatusMessage), "RequestLimitExceeded") {
			refused++
		}
	}
	if refused != 1 {
		t.Errorf("%d activities say that the limit was exceeded, want one", refused)
	}
	if _, err := s.run(t, nil); code(err) != "RequestLimitExceeded" {
		t.Errorf("after the group there is nothing left to launch, but RunInstances says %v", err)
	}
	s.until("six in service", serving(6))
	if took := s.clock.Now().Sub(noon); took < 150*cluster.Second {
		t.Errorf("three more were launched after %v, sooner than the limit lets them", took)
	}
}
