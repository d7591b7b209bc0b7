package ec2

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/world"
)

// DescribeImages lists the images that Amazon has published here.
func DescribeImages(w *world.World, _ *world.Call, in *ec2.DescribeImagesInput) (*ec2.DescribeImagesOutput, error) {
	id := func(i world.Image) string { return i.ID }
	all, err := selected(w.Images(), in.ImageIds, "InvalidAMIID.NotFound", "image", id)
	if err != nil {
		return nil, err
	}
	if len(in.Owners) > 0 {
		all = slices.DeleteFunc(slices.Clone(all), func(i world.Image) bool {
			return !slices.Contains(in.Owners, i.Owner) && !slices.Contains(in.Owners, i.Alias)
		})
	}
	all, err = filtered(w, all, in.Filters, attributes[world.Image]{
		"image-id": one(id), "name": one(func(i world.Image) string { return i.Name }), "architecture": one(func(i world.Image) string { return i.Arch }),
		"owner-id": one(func(i world.Image) string { return i.Owner }), "owner-alias": one(func(i world.Image) string { return i.Alias }),
		"state": one(func(world.Image) string { return "available" }), "image-type": one(func(world.Image) string { return "machine" }),
		"is-public": one(func(world.Image) string { return "true" }), "virtualization-type": one(func(world.Image) string { return "hvm" }),
		"root-device-type": one(func(world.Image) string { return "ebs" }), "description": one(func(i world.Image) string { return i.Description }),
	}, id)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeImages", all, in.MaxResults, in.NextToken, paging.Bounds{Least: 1, Most: 1000, Usual: 1000})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeImagesOutput{Images: []types.Image{}, NextToken: next}
	for _, i := range all {
		out.Images = append(out.Images, types.Image{
			ImageId: aws.String(i.ID), Name: aws.String(i.Name), Description: aws.String(i.Description), Architecture: types.ArchitectureValues(i.Arch),
			OwnerId: aws.String(i.Owner), ImageOwnerAlias: aws.String(i.Alias), State: types.ImageStateAvailable, Public: aws.Bool(true),
			ImageType: types.ImageTypeValuesMachine, VirtualizationType: types.VirtualizationTypeHvm, Hypervisor: types.HypervisorTypeXen,
			RootDeviceName: aws.String(i.RootDevice), RootDeviceType: types.DeviceTypeEbs, EnaSupport: aws.Bool(true),
			CreationDate: aws.String(timestamp(i.Created)), Tags: tagsOf(w, i.ID),
			BlockDeviceMappings: []types.BlockDeviceMapping{{
				DeviceName: aws.String(i.RootDevice),
				Ebs:        &types.EbsBlockDevice{VolumeSize: aws.Int32(i.SizeGiB), VolumeType: types.VolumeTypeGp3, DeleteOnTermination: aws.Bool(true), Encrypted: aws.Bool(false)},
			}},
		})
	}
	return out, nil
}
