package autoscaling

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/world"
)

// pages are the bounds of most operations.
var pages = paging.Bounds{Least: 1, Most: 100, Usual: 50, Codes: codes}

var codes = paging.Codes{Size: "ValidationError", Token: "InvalidNextToken"}

// DescribeAutoScalingGroups shows groups with their instances.
func (g *Groups) DescribeAutoScalingGroups(_ *world.World, _ *world.Call, in *autoscaling.DescribeAutoScalingGroupsInput) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	var all []*Group
	for _, x := range g.all {
		if len(in.AutoScalingGroupNames) > 0 && !slices.Contains(in.AutoScalingGroupNames, *x.AutoScalingGroupName) {
			continue
		}
		ok, err := x.satisfies(in.Filters)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, x)
		}
	}
	all, next, err := paging.Page("DescribeAutoScalingGroups", all, in.MaxRecords, in.NextToken, pages)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []types.AutoScalingGroup{}, NextToken: next}
	for _, x := range all {
		out.AutoScalingGroups = append(out.AutoScalingGroups, x.describe())
	}
	return out, nil
}

// describe is the group as the API shows it: nothing in it changes any more.
func (x *Group) describe() types.AutoScalingGroup {
	out := x.AutoScalingGroup
	out.SuspendedProcesses, out.Instances, out.Tags = slices.Clone(out.SuspendedProcesses), []types.Instance{}, []types.TagDescription{}
	for _, m := range x.members {
		out.Instances = append(out.Instances, m.describe())
	}
	for _, t := range x.tags {
		out.Tags = append(out.Tags, describeTag(t))
	}
	return out
}

// satisfies tells whether a group has the tags that filters ask for.
func (x *Group) satisfies(filters []types.Filter) (bool, error) {
	for _, f := range filters {
		name := aws.ToString(f.Name)
		key, byKey := strings.CutPrefix(name, "tag:")
		if !byKey && name != "tag-key" && name != "tag-value" {
			return false, invalid("Filter type %.40s is not correct. Allowed Filter types are: tag-key tag-value tag:<key>", name)
		}
		if !slices.ContainsFunc(x.tags, func(t types.Tag) bool {
			switch {
			case byKey:
				return *t.Key == key && slices.Contains(f.Values, aws.ToString(t.Value))
			case name == "tag-key":
				return slices.Contains(f.Values, *t.Key)
			}
			return slices.Contains(f.Values, aws.ToString(t.Value))
		}) {
			return false, nil
		}
	}
	return true, nil
}

// DescribeAutoScalingInstances shows the instances of all groups.
func (g *Groups) DescribeAutoScalingInstances(_ *world.World, _ *world.Call, in *autoscaling.DescribeAutoScalingInstancesInput) (*autoscaling.DescribeAutoScalingInstancesOutput, error) {
	var all []types.AutoScalingInstanceDetails
	for _, x := range g.all {
		for _, m := range x.members {
			if len(in.InstanceIds) > 0 && !slices.Contains(in.InstanceIds, m.ID) {
				continue
			}
			d := m.describe()
			all = append(all, types.AutoScalingInstanceDetails{
				AutoScalingGroupName: x.AutoScalingGroupName, AvailabilityZone: d.AvailabilityZone, HealthStatus: aws.String(strings.ToUpper(*d.HealthStatus)), InstanceId: d.InstanceId,
				LifecycleState: aws.String(string(d.LifecycleState)), ProtectedFromScaleIn: d.ProtectedFromScaleIn, InstanceType: d.InstanceType, LaunchTemplate: d.LaunchTemplate, ImageId: d.ImageId,
			})
		}
	}
	all, next, err := paging.Page("DescribeAutoScalingInstances", all, in.MaxRecords, in.NextToken, paging.Bounds{Least: 1, Most: 50, Usual: 50, Codes: codes})
	if err != nil {
		return nil, err
	}
	return &autoscaling.DescribeAutoScalingInstancesOutput{AutoScalingInstances: all, NextToken: next}, nil
}

// DescribeScalingActivities shows what a group has done, newest first.
func (g *Groups) DescribeScalingActivities(_ *world.World, _ *world.Call, in *autoscaling.DescribeScalingActivitiesInput) (*autoscaling.DescribeScalingActivitiesOutput, error) {
	if in.AutoScalingGroupName != nil && g.Find(*in.AutoScalingGroupName) == nil {
		_, err := g.named(in.AutoScalingGroupName)
		return nil, err
	}
	var all []types.Activity
	for _, x := range g.all {
		if in.AutoScalingGroupName != nil && x != g.Find(*in.AutoScalingGroupName) {
			continue
		}
		for _, a := range x.activities {
			if len(in.ActivityIds) == 0 || slices.Contains(in.ActivityIds, *a.ActivityId) {
				all = append(all, *a)
			}
		}
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b types.Activity) int { return b.StartTime.Compare(*a.StartTime) })
	all, next, err := paging.Page("DescribeScalingActivities", all, in.MaxRecords, in.NextToken, paging.Bounds{Least: 1, Most: 100, Usual: 100, Codes: codes})
	if err != nil {
		return nil, err
	}
	return &autoscaling.DescribeScalingActivitiesOutput{Activities: all, NextToken: next}, nil
}

// DescribeLaunchConfigurations shows none: they are of before launch templates.
func (g *Groups) DescribeLaunchConfigurations(_ *world.World, _ *world.Call, _ *autoscaling.DescribeLaunchConfigurationsInput) (*autoscaling.DescribeLaunchConfigurationsOutput, error) {
	return &autoscaling.DescribeLaunchConfigurationsOutput{LaunchConfigurations: []types.LaunchConfiguration{}}, nil
}
