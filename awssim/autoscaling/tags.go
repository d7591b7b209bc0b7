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

// maxTags is how many a group may have.
const maxTags = 50

// tag sets tags of a group, all of them or none.
func (x *Group) tag(tags []types.Tag) error {
	next := slices.Clone(x.tags)
	for _, t := range tags {
		if key := aws.ToString(t.Key); key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256 {
			return invalid("A tag's key has 1 to 128 characters and its value up to 256")
		}
		t.ResourceId, t.ResourceType = x.AutoScalingGroupName, aws.String("auto-scaling-group")
		next = slices.DeleteFunc(next, func(o types.Tag) bool { return *o.Key == *t.Key })
		next = append(next, t)
	}
	if len(next) > maxTags {
		return invalid("A group has up to %d tags, not %d", maxTags, len(next))
	}
	slices.SortFunc(next, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	x.tags = next
	return nil
}

func describeTag(t types.Tag) types.TagDescription {
	return types.TagDescription{
		Key: t.Key, Value: aws.String(aws.ToString(t.Value)), PropagateAtLaunch: aws.Bool(aws.ToBool(t.PropagateAtLaunch)), ResourceId: t.ResourceId, ResourceType: t.ResourceType,
	}
}

// CreateOrUpdateTags sets tags of groups.
func (g *Groups) CreateOrUpdateTags(_ *world.World, _ *world.Call, in *autoscaling.CreateOrUpdateTagsInput) (*autoscaling.CreateOrUpdateTagsOutput, error) {
	for _, t := range in.Tags {
		x, err := g.named(t.ResourceId)
		if err != nil {
			return nil, err
		}
		if err := x.tag([]types.Tag{t}); err != nil {
			return nil, err
		}
	}
	return &autoscaling.CreateOrUpdateTagsOutput{}, nil
}

// DeleteTags removes tags of groups; with a value, only where the tag has it.
func (g *Groups) DeleteTags(_ *world.World, _ *world.Call, in *autoscaling.DeleteTagsInput) (*autoscaling.DeleteTagsOutput, error) {
	for _, t := range in.Tags {
		x, err := g.named(t.ResourceId)
		if err != nil {
			return nil, err
		}
		x.tags = slices.DeleteFunc(x.tags, func(o types.Tag) bool {
			return *o.Key == aws.ToString(t.Key) && (t.Value == nil || *t.Value == aws.ToString(o.Value))
		})
	}
	return &autoscaling.DeleteTagsOutput{}, nil
}

// DescribeTags shows the tags of all groups.
func (g *Groups) DescribeTags(_ *world.World, _ *world.Call, in *autoscaling.DescribeTagsInput) (*autoscaling.DescribeTagsOutput, error) {
	var all []types.TagDescription
	for _, x := range g.all {
		for _, t := range x.tags {
			d := describeTag(t)
			ok, err := tagSatisfies(d, in.Filters)
			if err != nil {
				return nil, err
			}
			if ok {
				all = append(all, d)
			}
		}
	}
	all, next, err := paging.Page("DescribeTags", all, in.MaxRecords, in.NextToken, pages)
	if err != nil {
		return nil, err
	}
	return &autoscaling.DescribeTagsOutput{Tags: all, NextToken: next}, nil
}

func tagSatisfies(t types.TagDescription, filters []types.Filter) (bool, error) {
	for _, f := range filters {
		value := ""
		switch name := aws.ToString(f.Name); name {
		case "auto-scaling-group":
			value = *t.ResourceId
		case "key":
			value = *t.Key
		case "value":
			value = *t.Value
		case "propagate-at-launch":
			value = map[bool]string{true: "true", false: "false"}[*t.PropagateAtLaunch]
		default:
			return false, invalid("Filter type %.40s is not correct. Allowed Filter types are: auto-scaling-group key value propagate-at-launch", name)
		}
		if !slices.Contains(f.Values, value) {
			return false, nil
		}
	}
	return true, nil
}
