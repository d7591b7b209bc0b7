package ec2

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// usualPages are the bounds of most operations.
var usualPages = paging.Bounds{Least: 5, Most: 1000, Usual: 1000}

// DescribeRegions knows the one region.
func DescribeRegions(w *world.World, _ *world.Call, _ *ec2.DescribeRegionsInput) (*ec2.DescribeRegionsOutput, error) {
	name := w.Config().Region
	return &ec2.DescribeRegionsOutput{Regions: []types.Region{{
		RegionName: aws.String(name), Endpoint: aws.String("ec2." + name + ".amazonaws.com"), OptInStatus: aws.String("opt-in-not-required"),
	}}}, nil
}

// DescribeAvailabilityZones lists the zones.
func DescribeAvailabilityZones(w *world.World, _ *world.Call, in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	all := w.Subnets()
	all, err := selected(all, in.ZoneNames, "InvalidParameterValue", "zone", func(s world.Subnet) string { return s.Zone })
	if err != nil {
		return nil, err
	}
	all, err = filtered(w, all, in.Filters, attributes[world.Subnet]{
		"zone-name": one(func(s world.Subnet) string { return s.Zone }), "zone-id": one(func(s world.Subnet) string { return s.ZoneID }),
		"state": one(func(world.Subnet) string { return "available" }), "zone-type": one(func(world.Subnet) string { return "availability-zone" }),
		"region-name":   one(func(world.Subnet) string { return w.Config().Region }),
		"opt-in-status": one(func(world.Subnet) string { return "opt-in-not-required" }),
	}, nil)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeAvailabilityZonesOutput{AvailabilityZones: []types.AvailabilityZone{}}
	for _, s := range all {
		out.AvailabilityZones = append(out.AvailabilityZones, types.AvailabilityZone{
			ZoneName: aws.String(s.Zone), ZoneId: aws.String(s.ZoneID), ZoneType: aws.String("availability-zone"),
			State: types.AvailabilityZoneStateAvailable, RegionName: aws.String(w.Config().Region),
			OptInStatus: types.AvailabilityZoneOptInStatusOptInNotRequired, GroupName: aws.String(w.Config().Region), NetworkBorderGroup: aws.String(w.Config().Region),
		})
	}
	return out, nil
}

// DescribeVpcs shows the one network.
func DescribeVpcs(w *world.World, _ *world.Call, in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	all, err := selected([]string{w.VPC()}, in.VpcIds, "InvalidVpcID.NotFound", "vpc", self)
	if err != nil {
		return nil, err
	}
	all, err = filtered(w, all, in.Filters, attributes[string]{
		"vpc-id": one(self), "cidr": one(func(string) string { return world.VPCCIDR }), "is-default": one(func(string) string { return "true" }),
		"state": one(func(string) string { return "available" }), "owner-id": one(func(string) string { return w.Config().Account }),
	}, self)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcsOutput{Vpcs: []types.Vpc{}}
	for _, id := range all {
		out.Vpcs = append(out.Vpcs, types.Vpc{
			VpcId: aws.String(id), CidrBlock: aws.String(world.VPCCIDR), IsDefault: aws.Bool(true), State: types.VpcStateAvailable,
			OwnerId: aws.String(w.Config().Account), InstanceTenancy: types.TenancyDefault, Tags: tagsOf(w, id),
		})
	}
	return out, nil
}

// DescribeSubnets lists the subnets.
func DescribeSubnets(w *world.World, _ *world.Call, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	id := func(s world.Subnet) string { return s.ID }
	all, err := selected(w.Subnets(), in.SubnetIds, "InvalidSubnetID.NotFound", "subnet", id)
	if err != nil {
		return nil, err
	}
	all, err = filtered(w, all, in.Filters, attributes[world.Subnet]{
		"subnet-id": one(id), "availability-zone": one(func(s world.Subnet) string { return s.Zone }),
		"availability-zone-id": one(func(s world.Subnet) string { return s.ZoneID }), "vpc-id": one(func(world.Subnet) string { return w.VPC() }),
		"cidr-block": one(func(s world.Subnet) string { return s.CIDR }), "state": one(func(world.Subnet) string { return "available" }),
		"default-for-az": one(func(world.Subnet) string { return "true" }), "owner-id": one(func(world.Subnet) string { return w.Config().Account }),
	}, id)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeSubnets", all, in.MaxResults, in.NextToken, usualPages)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSubnetsOutput{Subnets: []types.Subnet{}, NextToken: next}
	for _, s := range all {
		out.Subnets = append(out.Subnets, types.Subnet{
			SubnetId: aws.String(s.ID), SubnetArn: aws.String(w.ARN("ec2", w.Config().Region, "subnet/"+s.ID)), VpcId: aws.String(w.VPC()),
			AvailabilityZone: aws.String(s.Zone), AvailabilityZoneId: aws.String(s.ZoneID), CidrBlock: aws.String(s.CIDR),
			AvailableIpAddressCount: aws.Int32(int32(w.FreeAddresses(s))), State: types.SubnetStateAvailable, DefaultForAz: aws.Bool(true),
			MapPublicIpOnLaunch: aws.Bool(false), AssignIpv6AddressOnCreation: aws.Bool(false), OwnerId: aws.String(w.Config().Account), Tags: tagsOf(w, s.ID),
		})
	}
	return out, nil
}

// DescribeSecurityGroups lists the security groups. Their rules are those that let all
// of the VPC talk to each other: nothing here filters packets.
func DescribeSecurityGroups(w *world.World, _ *world.Call, in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	id := func(g world.SecurityGroup) string { return g.ID }
	name := func(g world.SecurityGroup) string { return g.Name }
	all, err := selected(w.SecurityGroups(), in.GroupIds, "InvalidGroup.NotFound", "security group", id)
	if err != nil {
		return nil, err
	}
	if all, err = selected(all, in.GroupNames, "InvalidGroup.NotFound", "security group", name); err != nil {
		return nil, err
	}
	all, err = filtered(w, all, in.Filters, attributes[world.SecurityGroup]{
		"group-id": one(id), "group-name": one(name), "description": one(func(g world.SecurityGroup) string { return g.Description }),
		"vpc-id": one(func(world.SecurityGroup) string { return w.VPC() }), "owner-id": one(func(world.SecurityGroup) string { return w.Config().Account }),
	}, id)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeSecurityGroups", all, in.MaxResults, in.NextToken, usualPages)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSecurityGroupsOutput{SecurityGroups: []types.SecurityGroup{}, NextToken: next}
	for _, g := range all {
		out.SecurityGroups = append(out.SecurityGroups, types.SecurityGroup{
			GroupId: aws.String(g.ID), GroupName: aws.String(g.Name), Description: aws.String(g.Description), VpcId: aws.String(w.VPC()),
			OwnerId: aws.String(w.Config().Account), SecurityGroupArn: aws.String(w.ARN("ec2", w.Config().Region, "security-group/"+g.ID)), Tags: tagsOf(w, g.ID),
		})
	}
	return out, nil
}

// DescribePlacementGroups knows none.
func DescribePlacementGroups(_ *world.World, _ *world.Call, in *ec2.DescribePlacementGroupsInput) (*ec2.DescribePlacementGroupsOutput, error) {
	if names := append(in.GroupNames, in.GroupIds...); len(names) > 0 {
		return nil, wire.Errorf("InvalidPlacementGroup.Unknown", "The placement group '%s' is unknown", strings.Join(names, ", "))
	}
	return &ec2.DescribePlacementGroupsOutput{PlacementGroups: []types.PlacementGroup{}}, nil
}

func self(s string) string { return s }

// tagsOf are the tags of a resource, never nil: what has none has an empty list.
func tagsOf(w *world.World, id string) []types.Tag {
	out := []types.Tag{}
	for _, t := range w.Tags(id) {
		out = append(out, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return out
}
