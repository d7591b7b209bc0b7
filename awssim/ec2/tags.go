package ec2

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// kinds are the resources that can be tagged, by the prefix of their ids, with the error
// for one that is not there.
var kinds = []struct{ prefix, kind, code string }{
	{"i-", "instance", "InvalidInstanceID.NotFound"},
	{"vol-", "volume", "InvalidVolume.NotFound"},
	{"eni-", "network-interface", "InvalidNetworkInterfaceID.NotFound"},
	{"sir-", "spot-instances-request", "InvalidSpotInstanceRequestID.NotFound"},
	{"lt-", "launch-template", "InvalidLaunchTemplateId.NotFound"},
	{"subnet-", "subnet", "InvalidSubnetID.NotFound"},
	{"sg-", "security-group", "InvalidGroup.NotFound"},
	{"vpc-", "vpc", "InvalidVpcID.NotFound"},
	{"ami-", "image", "InvalidAMIID.NotFound"},
	{"fleet-", "fleet", "InvalidFleetId.NotFound"},
	{"cr-", "capacity-reservation", "InvalidCapacityReservationId.NotFound"},
}

func kindOf(id string) (kind, code string) {
	for _, k := range kinds {
		if strings.HasPrefix(id, k.prefix) {
			return k.kind, k.code
		}
	}
	return "", "InvalidID"
}

// CreateTags tags resources. An instance that descriptions do not show yet cannot be
// tagged yet either.
func CreateTags(w *world.World, _ *world.Call, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	if err := exist(w, in.Resources); err != nil {
		return nil, err
	}
	tags, err := tagSet(in.Tags)
	if err != nil {
		return nil, err
	}
	for _, id := range in.Resources {
		if !w.SetTags(id, tags) {
			return nil, wire.Errorf("TagLimitExceeded", "%s would have more than %d tags", id, world.MaxTags)
		}
	}
	return &ec2.CreateTagsOutput{}, nil
}

// DeleteTags takes tags away; without any, all of them.
func DeleteTags(w *world.World, _ *world.Call, in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	if err := exist(w, in.Resources); err != nil {
		return nil, err
	}
	for _, id := range in.Resources {
		for _, t := range in.Tags {
			w.RemoveTag(id, aws.ToString(t.Key), t.Value)
		}
		if len(in.Tags) > 0 {
			continue
		}
		for _, t := range w.Tags(id) {
			if !strings.HasPrefix(t.Key, "aws:") {
				w.RemoveTag(id, t.Key, nil)
			}
		}
	}
	return &ec2.DeleteTagsOutput{}, nil
}

// tagged is a tag with what has it.
type tagged struct {
	id, kind string
	world.Tag
}

// DescribeTags lists tags.
func DescribeTags(w *world.World, _ *world.Call, in *ec2.DescribeTagsInput) (*ec2.DescribeTagsOutput, error) {
	var all []tagged
	for _, id := range w.Tagged() {
		kind, _ := kindOf(id)
		if kind == "" {
			continue // not EC2's: an instance profile
		}
		for _, t := range w.Tags(id) {
			all = append(all, tagged{id, kind, t})
		}
	}
	all, err := filtered(w, all, in.Filters, attributes[tagged]{
		"resource-id": one(func(t tagged) string { return t.id }), "resource-type": one(func(t tagged) string { return t.kind }),
		"key": one(func(t tagged) string { return t.Key }), "value": one(func(t tagged) string { return t.Value }),
	}, nil)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeTags", all, in.MaxResults, in.NextToken, usualPages)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeTagsOutput{Tags: []types.TagDescription{}, NextToken: next}
	for _, t := range all {
		out.Tags = append(out.Tags, types.TagDescription{ResourceId: aws.String(t.id), ResourceType: types.ResourceType(t.kind), Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return out, nil
}

// exist checks that there are the resources of a request, and that descriptions show
// those that are instances.
func exist(w *world.World, ids []string) error {
	if len(ids) == 0 {
		return missing("ResourceId")
	}
	known := map[string]bool{w.VPC(): true}
	for _, s := range w.Subnets() {
		known[s.ID] = true
	}
	for _, g := range w.SecurityGroups() {
		known[g.ID] = true
	}
	for _, i := range w.Images() {
		known[i.ID] = true
	}
	for _, t := range w.Templates() {
		known[t.ID] = true
	}
	for _, r := range w.Reservations() {
		known[r.ID] = true
	}
	for _, v := range w.Views() {
		known[v.ID], known[v.InterfaceID], known[v.SpotRequest] = true, true, true
		for _, volume := range v.Volumes {
			known[volume.ID] = true
		}
	}
	for _, id := range ids {
		if !known[id] || id == "" {
			kind, code := kindOf(id)
			return wire.Errorf(code, "The %s ID '%s' does not exist", kind, id)
		}
	}
	return nil
}

// fewTags checks that a resource can have as many tags.
func fewTags(n int) error {
	if n > world.MaxTags {
		return wire.Errorf("TagLimitExceeded", "%d tags are more than the %d that a resource can have", n, world.MaxTags)
	}
	return nil
}

// tagSet reads tags; keys that begin with aws: are AWS's own.
func tagSet(tags []types.Tag) (map[string]string, error) {
	if err := fewTags(len(tags)); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, t := range tags {
		key := aws.ToString(t.Key)
		if key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256 {
			return nil, wire.Errorf("InvalidParameterValue", "The tag '%.128s' is invalid: a key has 1 to 128 characters, a value at most 256", key)
		}
		if strings.HasPrefix(key, "aws:") {
			return nil, wire.Errorf("InvalidParameterValue", "Value ( %s ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use", key)
		}
		if _, twice := out[key]; twice {
			return nil, wire.Errorf("InvalidParameterValue", "Duplicate tag key '%s' specified.", key)
		}
		out[key] = aws.ToString(t.Value)
	}
	return out, nil
}

// tagSets reads tags by the kind of resource that they are for.
func tagSets(specifications []types.TagSpecification) (world.Tags, error) {
	out := world.Tags{}
	for _, s := range specifications {
		tags, err := tagSet(s.Tags)
		if err != nil {
			return nil, err
		}
		kind := string(s.ResourceType)
		if out[kind] != nil {
			return nil, wire.Errorf("InvalidParameterValue", "The resource type '%s' is specified twice", kind)
		}
		out[kind] = tags
	}
	return out, nil
}

// merged are the tags of a template with those of a request, which win.
func merged(under, over world.Tags) world.Tags {
	out := world.Tags{}
	for _, tags := range []world.Tags{under, over} {
		for _, kind := range slices.Sorted(maps.Keys(tags)) {
			if out[kind] == nil {
				out[kind] = map[string]string{}
			}
			maps.Copy(out[kind], tags[kind])
		}
	}
	return out
}
