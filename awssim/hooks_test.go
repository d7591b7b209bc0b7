package awssim

import (
	"context"
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

// TestGroupHooks: launches and ends wait for their hooks, until they are completed or
// their time is over.
func TestGroupHooks(t *testing.T) {
	ctx := context.Background()
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{0, 4, 0}, func(in *awsasg.CreateAutoScalingGroupInput) {
		in.LifecycleHookSpecificationList = []types.LifecycleHookSpecification{
			{LifecycleHookName: aws.String("in"), LifecycleTransition: aws.String("autoscaling:EC2_INSTANCE_LAUNCHING"), HeartbeatTimeout: aws.Int32(60), DefaultResult: aws.String("ABANDON")},
			{LifecycleHookName: aws.String("out"), LifecycleTransition: aws.String("autoscaling:EC2_INSTANCE_TERMINATING"), HeartbeatTimeout: aws.Int32(120), DefaultResult: aws.String("CONTINUE")},
		}
	})
	s.desire(1)
	waits := func(state types.LifecycleState) func(types.AutoScalingGroup) bool {
		return func(g types.AutoScalingGroup) bool {
			return slices.ContainsFunc(g.Instances, func(i types.Instance) bool { return i.LifecycleState == state })
		}
	}
	first := *s.until("a launch waits", waits(types.LifecycleStatePendingWait)).Instances[0].InstanceId
	// Nobody says anything: the launch is given up, after a heartbeat's time that is put
	// off once, and another is made.
	s.clock.pass(50 * cluster.Second)
	if _, err := s.asg.RecordLifecycleActionHeartbeat(ctx, &awsasg.RecordLifecycleActionHeartbeatInput{AutoScalingGroupName: aws.String("g"), LifecycleHookName: aws.String("in"), InstanceId: &first}); err != nil {
		t.Fatal(err)
	}
	s.clock.pass(50 * cluster.Second)
	if g := s.group(); !waits(types.LifecycleStatePendingWait)(g) || *g.Instances[0].InstanceId != first {
		t.Errorf("with a heartbeat it does not wait: %s", show(g))
	}
	var second string
	s.until("another launch waits", func(g types.AutoScalingGroup) bool {
		for _, i := range g.Instances {
			if i.LifecycleState == types.LifecycleStatePendingWait && *i.InstanceId != first {
				second = *i.InstanceId
				return true
			}
		}
		return false
	})
	complete := func(hook, id string) error {
		_, err := s.asg.CompleteLifecycleAction(ctx, &awsasg.CompleteLifecycleActionInput{
			AutoScalingGroupName: aws.String("g"), LifecycleHookName: &hook, InstanceId: &id, LifecycleActionResult: aws.String("CONTINUE"),
		})
		return err
	}
	if err := complete("in", second); err != nil {
		t.Fatal(err)
	}
	if err := complete("in", second); code(err) != "ValidationError" {
		t.Errorf("completed twice: %v", err)
	}
	g := s.until("the first has gone, its hook too", serving(1))
	if *g.Instances[0].InstanceId != second {
		t.Errorf("in service is %s", show(g))
	}
	s.desire(0)
	s.until("an end waits", waits(types.LifecycleStateTerminatingWait))
	if out, err := s.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{InstanceIds: []string{second}}); err != nil || out.Reservations[0].Instances[0].State.Name != "running" {
		t.Errorf("while its end waits it is %+v, %v", out, err)
	}
	if err := complete("out", second); err != nil {
		t.Fatal(err)
	}
	s.until("it has ended", serving(0))
	// A group that is deleted by force waits for no hook, not even for one that it has
	// begun to wait for.
	s.desire(1)
	third := *s.until("a launch waits", waits(types.LifecycleStatePendingWait)).Instances[0].InstanceId
	if err := complete("in", third); err != nil {
		t.Fatal(err)
	}
	s.desire(0)
	s.until("an end waits", waits(types.LifecycleStateTerminatingWait))
	if _, err := s.asg.DeleteAutoScalingGroup(ctx, &awsasg.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("g"), ForceDelete: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	s.Do(func(w *world.World) {
		if w.Instance(third).Stopping == 0 {
			t.Errorf("%s still waits for the hook of a group that is deleted", third)
		}
	})
	var events []string
	url := s.url + "/000000000000/ullage"
	for _, kind := range s.drain(t, url) {
		if strings.Contains(kind, "Lifecycle Action") {
			events = append(events, kind)
		}
	}
	if count(events, "EC2 Instance-launch Lifecycle Action") != 3 || count(events, "EC2 Instance-terminate Lifecycle Action") != 3 {
		t.Errorf("the queue had %q", events)
	}
}

// TestPutLifecycleHook: a new hook needs a transition; a change of one leaves as it was
// what it does not say.
func TestPutLifecycleHook(t *testing.T) {
	ctx := context.Background()
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{0, 4, 0}, nil)
	put := func(change func(*awsasg.PutLifecycleHookInput)) error {
		in := &awsasg.PutLifecycleHookInput{AutoScalingGroupName: aws.String("g"), LifecycleHookName: aws.String("h")}
		change(in)
		_, err := s.asg.PutLifecycleHook(ctx, in)
		return err
	}
	transition := aws.String("autoscaling:EC2_INSTANCE_TERMINATING")
	for name, err := range map[string]error{
		"no transition": put(func(in *awsasg.PutLifecycleHookInput) { in.HeartbeatTimeout = aws.Int32(60) }),
		"another transition": put(func(in *awsasg.PutLifecycleHookInput) {
			in.LifecycleTransition = aws.String("autoscaling:EC2_INSTANCE_RESTING")
		}),
		"too short": put(func(in *awsasg.PutLifecycleHookInput) {
			in.LifecycleTransition, in.HeartbeatTimeout = transition, aws.Int32(29)
		}),
	} {
		if code(err) != "ValidationError" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := put(func(in *awsasg.PutLifecycleHookInput) {
		in.LifecycleTransition, in.HeartbeatTimeout, in.NotificationMetadata = transition, aws.Int32(60), aws.String("m")
	}); err != nil {
		t.Fatal(err)
	}
	if err := put(func(in *awsasg.PutLifecycleHookInput) { in.DefaultResult = aws.String("CONTINUE") }); err != nil {
		t.Fatal(err)
	}
	out, err := s.asg.DescribeLifecycleHooks(ctx, &awsasg.DescribeLifecycleHooksInput{AutoScalingGroupName: aws.String("g")})
	if err != nil || len(out.LifecycleHooks) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	h := out.LifecycleHooks[0]
	if *h.LifecycleTransition != *transition || *h.HeartbeatTimeout != 60 || *h.NotificationMetadata != "m" || *h.DefaultResult != "CONTINUE" || *h.GlobalTimeout != 6000 {
		t.Errorf("it is %+v", h)
	}
}

// TestActivitiesAreBounded: a group that cannot launch tries for ever, and remembers the
// last of it.
func TestActivitiesAreBounded(t *testing.T) {
	s := newScaling(t, world.Config{Seed: 5}, [3]int32{0, 4, 0}, nil)
	s.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), simulated.Pattern{}, 0); err != nil {
			t.Fatal(err)
		}
	})
	s.desire(1)
	s.clock.pass(6 * cluster.Hour) // a try a minute in each of four zones
	if n := len(s.activities()); n != 1000 {
		t.Errorf("it remembers %d activities, want 1000", n)
	}
	newest := s.activities()[0]
	if newest.StatusCode != types.ScalingActivityStatusCodeFailed || s.clock.Now().Sub(world.Instant(*newest.StartTime)) > 2*cluster.Minute {
		t.Errorf("the newest is %+v", newest)
	}
}
