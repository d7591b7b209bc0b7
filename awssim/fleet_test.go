package awssim

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

var spotPools = simulated.Pattern{CapacityType: cluster.Spot}

// drain receives and deletes all that is to be had on a queue, and returns the kinds of
// the events.
func (l *lab) drain(t *testing.T, url string) []string {
	t.Helper()
	var kinds []string
	for {
		out, err := l.sqs.ReceiveMessage(context.Background(), &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return kinds
		}
		for _, m := range out.Messages {
			var event struct {
				Kind string `json:"detail-type"`
			}
			if err := json.Unmarshal([]byte(*m.Body), &event); err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, event.Kind)
			if _, err := l.sqs.DeleteMessage(context.Background(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func count(all []string, what string) int {
	n := 0
	for _, s := range all {
		if s == what {
			n++
		}
	}
	return n
}

// template makes a launch template for fleets.
func (l *lab) template(t *testing.T) string {
	t.Helper()
	out, err := l.ec2.CreateLaunchTemplate(context.Background(), &awsec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("nodes"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{
			ImageId:         aws.String(l.image(t)),
			MetadataOptions: &types.LaunchTemplateInstanceMetadataOptionsRequest{HttpTokens: "required"},
			TagSpecifications: []types.LaunchTemplateTagSpecificationRequest{{
				ResourceType: "instance", Tags: []types.Tag{{Key: aws.String("from"), Value: aws.String("template")}},
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return *out.LaunchTemplate.LaunchTemplateId
}

var fleetTypes = []string{"c5.large", "c6i.large", "m5.large", "m6i.large", "r5.large"}

// fleet asks for n instances of fleetTypes in all zones.
func (l *lab) fleet(t *testing.T, template string, n int32, change func(*awsec2.CreateFleetInput)) *awsec2.CreateFleetOutput {
	t.Helper()
	config := types.FleetLaunchTemplateConfigRequest{LaunchTemplateSpecification: &types.FleetLaunchTemplateSpecificationRequest{
		LaunchTemplateId: &template, Version: aws.String("$Latest"),
	}}
	l.Do(func(w *world.World) {
		for _, name := range fleetTypes {
			for _, s := range w.Subnets() {
				if _, sold := w.Offering(cluster.OfferingID{InstanceType: name, Zone: s.Zone, CapacityType: cluster.Spot}); sold {
					config.Overrides = append(config.Overrides, types.FleetLaunchTemplateOverridesRequest{InstanceType: types.InstanceType(name), SubnetId: aws.String(s.ID)})
				}
			}
		}
	})
	in := &awsec2.CreateFleetInput{
		Type: types.FleetTypeInstant, LaunchTemplateConfigs: []types.FleetLaunchTemplateConfigRequest{config},
		TargetCapacitySpecification: &types.TargetCapacitySpecificationRequest{TotalTargetCapacity: &n, DefaultTargetCapacityType: "spot"},
		SpotOptions:                 &types.SpotOptionsRequest{AllocationStrategy: "lowest-price"},
	}
	if change != nil {
		change(in)
	}
	out, err := l.ec2.CreateFleet(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pools are the Spot pools of fleetTypes by price.
func (l *lab) pools() []cluster.OfferingID {
	var out []cluster.OfferingID
	l.Do(func(w *world.World) {
		for _, name := range fleetTypes {
			for _, zone := range w.Zones() {
				id := cluster.OfferingID{InstanceType: name, Zone: zone, CapacityType: cluster.Spot}
				if _, sold := w.Offering(id); sold {
					out = append(out, id)
				}
			}
		}
		slices.SortFunc(out, func(a, b cluster.OfferingID) int {
			return cmp.Compare(w.SpotPrice(a.InstanceType, a.Zone, w.Now()), w.SpotPrice(b.InstanceType, b.Zone, w.Now()))
		})
	})
	return out
}

func pattern(id cluster.OfferingID) simulated.Pattern {
	return simulated.Pattern{InstanceType: id.InstanceType, Zone: id.Zone, CapacityType: id.CapacityType}
}

// TestFleetShortage drains the two cheapest pools but for one instance: the fleet takes
// that, goes on to the third, and says so.
func TestFleetShortage(t *testing.T) {
	l := newLab(t, world.Config{Seed: 3}, nil)
	template, pools := l.template(t), l.pools()
	l.Do(func(w *world.World) {
		for room, id := range pools[:2] {
			if _, err := w.Cloud().SetCapacity(w.Now(), pattern(id), room); err != nil {
				t.Fatal(err)
			}
		}
	})
	out := l.fleet(t, template, 5, nil)
	var got []string
	for _, i := range out.Instances {
		got = append(got, fmt.Sprintf("%d of %s in %s", len(i.InstanceIds), i.InstanceType, *i.LaunchTemplateAndOverrides.Overrides.AvailabilityZone))
	}
	want := []string{
		fmt.Sprintf("1 of %s in %s", pools[1].InstanceType, pools[1].Zone), fmt.Sprintf("4 of %s in %s", pools[2].InstanceType, pools[2].Zone),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var failed []string
	for _, e := range out.Errors {
		o := e.LaunchTemplateAndOverrides.Overrides
		failed = append(failed, fmt.Sprintf("%s %s/%s", *e.ErrorCode, o.InstanceType, *o.AvailabilityZone))
	}
	wantFailed := []string{
		fmt.Sprintf("InsufficientInstanceCapacity %s/%s", pools[0].InstanceType, pools[0].Zone),
		fmt.Sprintf("InsufficientInstanceCapacity %s/%s", pools[1].InstanceType, pools[1].Zone),
	}
	if !slices.Equal(failed, wantFailed) {
		t.Errorf("got errors %q, want %q", failed, wantFailed)
	}
	l.clock.pass(3 * cluster.Second)
	seen, err := l.ec2.DescribeInstances(context.Background(), &awsec2.DescribeInstancesInput{Filters: []types.Filter{
		{Name: aws.String("tag:aws:ec2:fleet-id"), Values: []string{*out.FleetId}}, {Name: aws.String("tag:from"), Values: []string{"template"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range seen.Reservations {
		for _, i := range r.Instances {
			n++
			if i.MetadataOptions.HttpTokens != "required" || i.InstanceLifecycle != "spot" {
				t.Errorf("%s has tokens %s and lifecycle %s: not as the template and the request say", *i.InstanceId, i.MetadataOptions.HttpTokens, i.InstanceLifecycle)
			}
		}
	}
	if n != 5 {
		t.Errorf("%d instances have the tags of fleet and template, want 5", n)
	}
}

func TestFleetStrategies(t *testing.T) {
	l := newLab(t, world.Config{Seed: 3}, nil)
	template, pools := l.template(t), l.pools()
	first := func(out *awsec2.CreateFleetOutput) cluster.OfferingID {
		if len(out.Instances) == 0 {
			t.Fatalf("nothing was launched: %+v", out.Errors)
		}
		i := out.Instances[0]
		return cluster.OfferingID{InstanceType: string(i.InstanceType), Zone: *i.LaunchTemplateAndOverrides.Overrides.AvailabilityZone, CapacityType: cluster.Spot}
	}
	if got := first(l.fleet(t, template, 1, nil)); got != pools[0] {
		t.Errorf("lowest-price: got %s, want the cheapest, %s", got, pools[0])
	}
	with := func(strategy types.SpotAllocationStrategy) func(*awsec2.CreateFleetInput) {
		return func(in *awsec2.CreateFleetInput) { in.SpotOptions.AllocationStrategy = strategy }
	}
	hazards := map[cluster.OfferingID]int64{}
	l.Do(func(w *world.World) {
		for _, id := range pools {
			o, _ := w.Offering(id)
			hazards[id] = o.ReclaimPPM
		}
	})
	least := slices.MinFunc(pools, func(a, b cluster.OfferingID) int { return cmp.Compare(hazards[a], hazards[b]) })
	if got := first(l.fleet(t, template, 1, with("capacity-optimized"))); hazards[got] != hazards[least] {
		t.Errorf("capacity-optimized: got %s with hazard %d, want one with %d", got, hazards[got], hazards[least])
	}
	dearest := pools[len(pools)-1]
	got := first(l.fleet(t, template, 1, func(in *awsec2.CreateFleetInput) {
		in.SpotOptions.AllocationStrategy = "capacity-optimized-prioritized"
		for k := range in.LaunchTemplateConfigs[0].Overrides {
			o := &in.LaunchTemplateConfigs[0].Overrides[k]
			o.Priority = aws.Float64(7)
			l.Do(func(w *world.World) {
				if s, _ := w.Subnet(*o.SubnetId); string(o.InstanceType) == dearest.InstanceType && s.Zone == dearest.Zone {
					o.Priority = aws.Float64(1)
				}
			})
		}
	}))
	if got != dearest {
		t.Errorf("prioritized: got %s, want the one of the first priority, %s", got, dearest)
	}
	// Price-capacity-optimized leaves a pool alone that has no room for all, however cheap.
	l.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), pattern(pools[0]), 2); err != nil {
			t.Fatal(err)
		}
	})
	if got := first(l.fleet(t, template, 20, with("price-capacity-optimized"))); got == pools[0] {
		t.Errorf("price-capacity-optimized: got %s, which has room for two", got)
	}
}

func TestFleetQuota(t *testing.T) {
	l := newLab(t, world.Config{Seed: 3, Quotas: map[world.Quota]int64{{Class: "standard", Spot: true}: 6}}, nil)
	out := l.fleet(t, l.template(t), 5, nil)
	launched := 0
	for _, i := range out.Instances {
		launched += len(i.InstanceIds)
	}
	if launched != 3 { // of two vCPUs each
		t.Errorf("launched %d, want the 3 that the quota of 6 vCPUs has room for", launched)
	}
	if len(out.Errors) == 0 || *out.Errors[0].ErrorCode != "MaxSpotInstanceCountExceeded" {
		t.Errorf("got errors %+v, want MaxSpotInstanceCountExceeded", out.Errors)
	}
}

// TestDeterminism: the same requests at the same instants leave the same log, byte by
// byte; another seed leaves another.
func TestDeterminism(t *testing.T) {
	history := func(seed uint64) string {
		l := newLab(t, world.Config{Seed: seed, Hazard: true}, nil)
		l.fleet(t, l.template(t), 30, nil)
		l.clock.pass(cluster.Hour)
		l.fleet(t, l.templateID(t), 3, nil)
		l.Do(func(w *world.World) { w.Reclaim(spotPools, 0) })
		l.clock.pass(cluster.Hour)
		var b strings.Builder
		l.Do(func(w *world.World) {
			for _, e := range w.Log(0) {
				fmt.Fprintf(&b, "%d %s\n", e.At, e.Text)
			}
		})
		return b.String()
	}
	one, two, other := history(1), history(1), history(2)
	if one != two {
		t.Error("the same seed left two logs")
	}
	if one == other {
		t.Error("two seeds left the same log: it says nothing")
	}
	if strings.Count(one, "interruption warning") != 33 {
		t.Errorf("the log has %d warnings, want one for each of 33 instances:\n%s", strings.Count(one, "interruption warning"), one)
	}
}

// templateID is the launch template that template has made.
func (l *lab) templateID(t *testing.T) string {
	t.Helper()
	var id string
	l.Do(func(w *world.World) { id = w.Template("", "nodes").ID })
	return id
}
