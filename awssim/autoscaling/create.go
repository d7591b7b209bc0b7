package autoscaling

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/awssim/ec2"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationError", format, args...)
}

func notSimulated(what string) error {
	return wire.Errorf("UnsupportedOperation", "%s: not simulated", what)
}

// named finds the group that a request is about.
func (g *Groups) named(name *string) (*Group, error) {
	x := g.Find(aws.ToString(name))
	if x != nil && x.Status != nil {
		return nil, invalid("AutoScalingGroup name not found - Group: %s is pending delete", aws.ToString(name))
	}
	if x != nil {
		return x, nil
	}
	return nil, invalid("AutoScalingGroup name not found - no such group: %s", aws.ToString(name))
}

// CreateAutoScalingGroup makes a group; it launches its instances by itself.
func (g *Groups) CreateAutoScalingGroup(w *world.World, _ *world.Call, in *autoscaling.CreateAutoScalingGroupInput) (*autoscaling.CreateAutoScalingGroupOutput, error) {
	name := aws.ToString(in.AutoScalingGroupName)
	switch {
	case name == "" || len(name) > 255:
		return nil, invalid("AutoScalingGroupName has 1 to 255 characters, not %d", len(name))
	case g.Find(name) != nil:
		return nil, wire.Errorf("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name %s already exists", name)
	}
	if err := unsupported(in); err != nil {
		return nil, err
	}
	x := &Group{due: cluster.Never}
	x.AutoScalingGroup = types.AutoScalingGroup{
		AutoScalingGroupName: in.AutoScalingGroupName, CreatedTime: aws.Time(world.Time(w.Now())), MinSize: in.MinSize, MaxSize: in.MaxSize, DesiredCapacity: in.DesiredCapacity,
		AutoScalingGroupARN: aws.String(w.ARN("autoscaling", w.Config().Region, "autoScalingGroup:"+w.UUID("group")+":autoScalingGroupName/"+name)),
		DefaultCooldown:     orDefault(in.DefaultCooldown, 300), HealthCheckGracePeriod: orDefault(in.HealthCheckGracePeriod, 0), HealthCheckType: aws.String("EC2"),
		CapacityRebalance: in.CapacityRebalance, NewInstancesProtectedFromScaleIn: aws.Bool(aws.ToBool(in.NewInstancesProtectedFromScaleIn)),
		TerminationPolicies: in.TerminationPolicies, LaunchTemplate: in.LaunchTemplate, MixedInstancesPolicy: in.MixedInstancesPolicy,
		VPCZoneIdentifier: in.VPCZoneIdentifier, AvailabilityZones: in.AvailabilityZones, SuspendedProcesses: []types.SuspendedProcess{},
		ServiceLinkedRoleARN: aws.String(w.ARN("iam", "", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling")),
	}
	if x.DesiredCapacity == nil {
		x.DesiredCapacity = x.MinSize
	}
	if err := g.check(x); err != nil {
		return nil, err
	}
	for _, h := range in.LifecycleHookSpecificationList {
		made := makeHook(in.AutoScalingGroupName, h.LifecycleHookName, h.LifecycleTransition, h.DefaultResult, h.HeartbeatTimeout, h.NotificationMetadata, h.NotificationTargetARN, h.RoleARN)
		if err := x.addHook(made); err != nil {
			return nil, err
		}
	}
	if err := x.tag(in.Tags); err != nil {
		return nil, err
	}
	g.all = append(g.all, x)
	w.Note("auto scaling group %s: %d to %d, desired %d", name, *x.MinSize, *x.MaxSize, *x.DesiredCapacity)
	g.look(x, reaction, "At "+g.stamp()+" a user request created an AutoScalingGroup changing the desired capacity from 0 to "+digits(*x.DesiredCapacity)+".")
	return &autoscaling.CreateAutoScalingGroupOutput{}, nil
}

func orDefault(n *int32, otherwise int32) *int32 {
	if n == nil {
		return &otherwise
	}
	return n
}

// unsupported names what a request asks for that would change the group and is not done.
func unsupported(in *autoscaling.CreateAutoScalingGroupInput) error {
	for _, o := range []struct {
		what  string
		asked bool
	}{
		{"a launch configuration", in.LaunchConfigurationName != nil},
		{"a group like an instance", in.InstanceId != nil},
		{"a placement group", in.PlacementGroup != nil},
		{"load balancers", len(in.LoadBalancerNames)+len(in.TargetGroupARNs)+len(in.TrafficSources) > 0},
		{"a greatest lifetime", aws.ToInt32(in.MaxInstanceLifetime) != 0},
		{"a maintenance policy", in.InstanceMaintenancePolicy != nil},
		{"capacity reservations", in.CapacityReservationSpecification != nil},
		{"health checks beyond EC2", in.HealthCheckType != nil && *in.HealthCheckType != "EC2"},
		{"a distribution over zones", in.AvailabilityZoneDistribution != nil && in.AvailabilityZoneDistribution.CapacityDistributionStrategy != types.CapacityDistributionStrategyBalancedBestEffort},
		{"capacity in other units", in.DesiredCapacityType != nil && *in.DesiredCapacityType != "units"},
	} {
		if o.asked {
			return notSimulated(o.what)
		}
	}
	return nil
}

// check looks whether a group's settings go together, and finds its subnets.
func (g *Groups) check(x *Group) error {
	if x.MinSize == nil || x.MaxSize == nil || *x.MinSize < 0 || *x.MaxSize < *x.MinSize {
		return invalid("Max bound, %d, must be greater than or equal to min bound, %d", aws.ToInt32(x.MaxSize), aws.ToInt32(x.MinSize))
	}
	if d := *x.DesiredCapacity; d < *x.MinSize || d > *x.MaxSize {
		return invalid("Desired capacity:%d must be between the specified min size:%d and max size:%d", d, *x.MinSize, *x.MaxSize)
	}
	if len(x.TerminationPolicies) == 0 {
		x.TerminationPolicies = []string{"Default"}
	}
	for _, p := range x.TerminationPolicies {
		if !slices.Contains([]string{"Default", "OldestInstance", "NewestInstance", "OldestLaunchTemplate"}, p) {
			return notSimulated("the termination policy " + p)
		}
	}
	if err := g.checkTemplates(x); err != nil {
		return err
	}
	return g.findSubnets(x)
}

func (g *Groups) checkTemplates(x *Group) error {
	var all []*types.LaunchTemplateSpecification
	switch p := x.MixedInstancesPolicy; {
	case p != nil && x.LaunchTemplate != nil, p == nil && x.LaunchTemplate == nil, p != nil && (p.LaunchTemplate == nil || p.LaunchTemplate.LaunchTemplateSpecification == nil):
		return invalid("Valid requests must contain either LaunchTemplate or MixedInstancesPolicy with a LaunchTemplate.")
	case p == nil:
		all = append(all, x.LaunchTemplate)
	default:
		if d := p.InstancesDistribution; d != nil && (aws.ToInt32(d.SpotInstancePools) > 1 || len(d.DistributionSegments) > 0) {
			return notSimulated("a distribution over several of the cheapest Spot pools, or in segments")
		}
		all = append(all, p.LaunchTemplate.LaunchTemplateSpecification)
		for _, o := range p.LaunchTemplate.Overrides {
			if o.WeightedCapacity != nil && *o.WeightedCapacity != "1" || o.InstanceRequirements != nil {
				return notSimulated("weights and choosing instance types by requirements")
			}
			if o.LaunchTemplateSpecification != nil {
				all = append(all, o.LaunchTemplateSpecification)
			}
		}
	}
	for _, t := range all {
		if _, err := ec2.TemplateData(g.w, t.LaunchTemplateId, t.LaunchTemplateName, t.Version); err != nil {
			return invalid("%s", wire.AsError(err).Message)
		}
	}
	return nil
}

// findSubnets finds the subnets that a group may launch in, by id or by zone.
func (g *Groups) findSubnets(x *Group) error {
	x.subnets = nil
	for id := range strings.SplitSeq(aws.ToString(x.VPCZoneIdentifier), ",") {
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		s, ok := g.w.Subnet(id)
		if !ok {
			return invalid("The subnet ID '%s' does not exist", id)
		}
		x.subnets = append(x.subnets, s)
	}
	if len(x.subnets) == 0 {
		for _, zone := range x.AvailabilityZones {
			s, ok := g.w.SubnetOf(zone)
			if !ok {
				return invalid("Invalid availability zones [%s]", zone)
			}
			x.subnets = append(x.subnets, s)
		}
	}
	if len(x.subnets) == 0 {
		return invalid("At least one Availability Zone or VPC Subnet is required.")
	}
	x.AvailabilityZones = nil
	for _, s := range x.subnets {
		if !slices.Contains(x.AvailabilityZones, s.Zone) {
			x.AvailabilityZones = append(x.AvailabilityZones, s.Zone)
		}
	}
	slices.Sort(x.AvailabilityZones)
	return nil
}

// DeleteAutoScalingGroup removes a group that has no instances; with ForceDelete, it ends
// them first, without their hooks, those that wait for one included.
func (g *Groups) DeleteAutoScalingGroup(w *world.World, _ *world.Call, in *autoscaling.DeleteAutoScalingGroupInput) (*autoscaling.DeleteAutoScalingGroupOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	if len(x.members) > 0 && !aws.ToBool(in.ForceDelete) {
		return nil, wire.Errorf("ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")
	}
	x.Status, x.hooks = aws.String("Delete in progress"), nil
	x.MinSize, x.MaxSize, x.DesiredCapacity = aws.Int32(0), aws.Int32(0), aws.Int32(0)
	w.Note("auto scaling group %s is deleted", *x.AutoScalingGroupName)
	for _, m := range slices.Clone(x.members) {
		switch {
		case !m.ending():
			g.terminate(x, m, "At "+g.stamp()+" the group was deleted.")
		case m.State == types.LifecycleStateTerminatingWait:
			m.waiting = nil
			g.proceed(x, m, proceed)
		}
	}
	x.due = w.Now()
	return &autoscaling.DeleteAutoScalingGroupOutput{}, nil
}
