package autoscaling

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/awssim/world"
)

func digits(n int32) string { return strconv.Itoa(int(n)) }

// UpdateAutoScalingGroup changes a group's settings: all of them together, or none.
func (g *Groups) UpdateAutoScalingGroup(w *world.World, _ *world.Call, in *autoscaling.UpdateAutoScalingGroupInput) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	err = unsupported(&autoscaling.CreateAutoScalingGroupInput{
		LaunchConfigurationName: in.LaunchConfigurationName, PlacementGroup: in.PlacementGroup, MaxInstanceLifetime: in.MaxInstanceLifetime,
		InstanceMaintenancePolicy: in.InstanceMaintenancePolicy, CapacityReservationSpecification: in.CapacityReservationSpecification,
		HealthCheckType: in.HealthCheckType, AvailabilityZoneDistribution: in.AvailabilityZoneDistribution, DesiredCapacityType: in.DesiredCapacityType,
	})
	if err != nil {
		return nil, err
	}
	next := *x
	set(&next.MinSize, in.MinSize)
	set(&next.MaxSize, in.MaxSize)
	set(&next.DesiredCapacity, in.DesiredCapacity)
	set(&next.DefaultCooldown, in.DefaultCooldown)
	set(&next.HealthCheckGracePeriod, in.HealthCheckGracePeriod)
	set(&next.CapacityRebalance, in.CapacityRebalance)
	set(&next.NewInstancesProtectedFromScaleIn, in.NewInstancesProtectedFromScaleIn)
	set(&next.VPCZoneIdentifier, in.VPCZoneIdentifier)
	if in.VPCZoneIdentifier == nil && len(in.AvailabilityZones) > 0 {
		next.VPCZoneIdentifier, next.AvailabilityZones = nil, in.AvailabilityZones
	}
	if len(in.TerminationPolicies) > 0 {
		next.TerminationPolicies = in.TerminationPolicies
	}
	if in.LaunchTemplate != nil || in.MixedInstancesPolicy != nil {
		next.LaunchTemplate, next.MixedInstancesPolicy = in.LaunchTemplate, in.MixedInstancesPolicy
	}
	// Bounds that leave the desired capacity out move it.
	if in.DesiredCapacity == nil {
		next.DesiredCapacity = aws.Int32(min(max(*x.DesiredCapacity, *next.MinSize), max(*next.MaxSize, *next.MinSize)))
	}
	if err := g.check(&next); err != nil {
		return nil, err
	}
	before := *x.DesiredCapacity
	*x = next
	w.Note("auto scaling group %s: %d to %d, desired %d", *x.AutoScalingGroupName, *x.MinSize, *x.MaxSize, *x.DesiredCapacity)
	cause := fmt.Sprintf("At %s a user request update of AutoScalingGroup constraints to min: %d, max: %d, desired: %d changing the desired capacity from %d to %d.",
		g.stamp(), *x.MinSize, *x.MaxSize, *x.DesiredCapacity, before, *x.DesiredCapacity)
	g.look(x, reaction, cause)
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

// set takes a setting over where a request has it.
func set[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}

// SetDesiredCapacity says how many instances a group is to have.
func (g *Groups) SetDesiredCapacity(w *world.World, _ *world.Call, in *autoscaling.SetDesiredCapacityInput) (*autoscaling.SetDesiredCapacityOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	n := aws.ToInt32(in.DesiredCapacity)
	switch {
	case in.DesiredCapacity == nil:
		return nil, invalid("DesiredCapacity is missing")
	case n < *x.MinSize:
		return nil, invalid("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", n, *x.MinSize)
	case n > *x.MaxSize:
		return nil, invalid("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", n, *x.MaxSize)
	}
	g.desire(x, n, fmt.Sprintf("At %s a user request explicitly set group desired capacity changing the desired capacity from %d to %d.", g.stamp(), *x.DesiredCapacity, n))
	w.Note("auto scaling group %s: desired %d", *x.AutoScalingGroupName, n)
	return &autoscaling.SetDesiredCapacityOutput{}, nil
}

func (g *Groups) desire(x *Group, n int32, cause string) {
	x.DesiredCapacity = aws.Int32(n)
	g.look(x, reaction, cause)
}

// TerminateInstanceInAutoScalingGroup takes one instance out, with or without another in
// its place. The hooks have their time.
func (g *Groups) TerminateInstanceInAutoScalingGroup(_ *world.World, _ *world.Call, in *autoscaling.TerminateInstanceInAutoScalingGroupInput) (*autoscaling.TerminateInstanceInAutoScalingGroupOutput, error) {
	x, m := g.member(aws.ToString(in.InstanceId))
	switch {
	case m == nil:
		return nil, invalid("Instance Id not found - No managed instance found for instance ID %s", aws.ToString(in.InstanceId))
	case in.ShouldDecrementDesiredCapacity == nil:
		return nil, invalid("ShouldDecrementDesiredCapacity is missing")
	case m.ending():
		return ofActivity(m), nil
	}
	cause := "At " + g.stamp() + " instance " + m.ID + " was taken out of service in response to a user request."
	if *in.ShouldDecrementDesiredCapacity {
		n := *x.DesiredCapacity
		if n <= *x.MinSize {
			return nil, invalid("Currently, desiredSize equals minSize (%d). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.", *x.MinSize)
		}
		x.DesiredCapacity = aws.Int32(n - 1)
		cause += fmt.Sprintf(" The capacity shrinks from %d to %d.", n, n-1)
	}
	g.terminate(x, m, cause)
	g.look(x, reaction, cause)
	return ofActivity(m), nil
}

// ofActivity is the answer that tells of a member's activity as it is now: answers are
// written while the group goes on.
func ofActivity(m *Member) *autoscaling.TerminateInstanceInAutoScalingGroupOutput {
	now := *m.activity
	return &autoscaling.TerminateInstanceInAutoScalingGroupOutput{Activity: &now}
}

// SetInstanceProtection protects instances from being taken out when the group shrinks.
func (g *Groups) SetInstanceProtection(_ *world.World, _ *world.Call, in *autoscaling.SetInstanceProtectionInput) (*autoscaling.SetInstanceProtectionOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	var members []*Member
	for _, id := range in.InstanceIds {
		m := x.Member(id)
		if m == nil {
			return nil, invalid("The instance %s is not part of Auto Scaling group %s.", id, *x.AutoScalingGroupName)
		}
		members = append(members, m)
	}
	for _, m := range members {
		m.Protected = aws.ToBool(in.ProtectedFromScaleIn)
	}
	g.look(x, reaction, "") // there may be somebody now whom it can do without
	return &autoscaling.SetInstanceProtectionOutput{}, nil
}

// SetInstanceHealth says that an instance is well or not; one that is not is replaced.
func (g *Groups) SetInstanceHealth(_ *world.World, _ *world.Call, in *autoscaling.SetInstanceHealthInput) (*autoscaling.SetInstanceHealthOutput, error) {
	_, m := g.member(aws.ToString(in.InstanceId))
	status := aws.ToString(in.HealthStatus)
	if m == nil || (status != "Healthy" && status != "Unhealthy") {
		return nil, invalid("Want an instance of a group and Healthy or Unhealthy, not %.40q and %.40q", aws.ToString(in.InstanceId), status)
	}
	m.Unhealthy = status == "Unhealthy"
	return &autoscaling.SetInstanceHealthOutput{}, nil
}

// processes are those that can be suspended.
var processes = []string{"Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck", "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"}

func asked(names []string) ([]string, error) {
	for _, p := range names {
		if !slices.Contains(processes, p) {
			return nil, invalid("%.40q is no process; there are %v", p, processes)
		}
	}
	if len(names) == 0 {
		return processes, nil
	}
	return names, nil
}

// SuspendProcesses lets a group leave something undone.
func (g *Groups) SuspendProcesses(_ *world.World, _ *world.Call, in *autoscaling.SuspendProcessesInput) (*autoscaling.SuspendProcessesOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	names, err := asked(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	for _, p := range names {
		if !x.suspended(p) {
			x.SuspendedProcesses = append(x.SuspendedProcesses, types.SuspendedProcess{ProcessName: aws.String(p), SuspensionReason: aws.String("User suspended at " + g.stamp())})
		}
	}
	return &autoscaling.SuspendProcessesOutput{}, nil
}

// ResumeProcesses lets it go on.
func (g *Groups) ResumeProcesses(_ *world.World, _ *world.Call, in *autoscaling.ResumeProcessesInput) (*autoscaling.ResumeProcessesOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	names, err := asked(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	x.SuspendedProcesses = slices.DeleteFunc(x.SuspendedProcesses, func(p types.SuspendedProcess) bool { return slices.Contains(names, *p.ProcessName) })
	g.look(x, reaction, "")
	return &autoscaling.ResumeProcessesOutput{}, nil
}
