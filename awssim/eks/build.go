package eks

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/ec2"
	"github.com/ullage-sh/ullage/awssim/world"
)

// amis are the names of images for the types of AMI that node groups may have, with A for
// the architecture and K for the version of Kubernetes, up to the release.
var amis = map[types.AMITypes]struct{ name, arch string }{
	types.AMITypesAl2023X8664Standard:     {"amazon-eks-node-al2023-A-standard-K-", "x86_64"},
	types.AMITypesAl2023Arm64Standard:     {"amazon-eks-node-al2023-A-standard-K-", "arm64"},
	types.AMITypesAl2023X8664Nvidia:       {"amazon-eks-node-al2023-A-nvidia-K-", "x86_64"},
	types.AMITypesAl2023Arm64Nvidia:       {"amazon-eks-node-al2023-A-nvidia-K-", "arm64"},
	types.AMITypesAl2023X8664Neuron:       {"amazon-eks-node-al2023-A-neuron-K-", "x86_64"},
	types.AMITypesBottlerocketX8664:       {"bottlerocket-aws-k8s-K-A-", "x86_64"},
	types.AMITypesBottlerocketArm64:       {"bottlerocket-aws-k8s-K-A-", "arm64"},
	types.AMITypesBottlerocketX8664Nvidia: {"bottlerocket-aws-k8s-K-nvidia-A-", "x86_64"},
	types.AMITypesBottlerocketArm64Nvidia: {"bottlerocket-aws-k8s-K-nvidia-A-", "arm64"},
}

// image finds the image of a type in a release; the newest for release "".
func (c *Compute) image(ami types.AMITypes, release string) (image world.Image, named string, err error) {
	k, ok := amis[ami]
	if !ok {
		return image, "", invalid("The AMI type %q is not simulated", string(ami))
	}
	version := c.w.Config().Kubernetes
	prefix := strings.NewReplacer("A", k.arch, "K", version).Replace(k.name)
	for _, i := range c.w.Images() {
		day, ok := strings.CutPrefix(i.Name, prefix+"v")
		if !ok {
			continue
		}
		if full := c.w.ReleaseVersion(day); release == "" || release == full {
			image, named = i, full
		}
	}
	if named == "" {
		return image, "", invalid("Requested release version %s is not valid for kubernetes version %s.", release, version)
	}
	return image, named, nil
}

// build makes the launch template and the Auto Scaling group of a node group.
func (c *Compute) build(g *nodeGroup) error {
	data, err := c.launchData(g)
	if err != nil {
		return err
	}
	made, err := ec2.CreateLaunchTemplate(c.w, nil, &awsec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("eks-" + c.w.UUID("nodegroup")), LaunchTemplateData: data,
	})
	if err != nil {
		return err
	}
	g.template = *made.LaunchTemplate.LaunchTemplateId
	name := "eks-" + *g.NodegroupName + "-" + c.w.UUID("nodegroup")
	of := c.w.Config().Cluster
	tag := func(key, value string) asgtypes.Tag {
		return asgtypes.Tag{Key: &key, Value: &value, PropagateAtLaunch: aws.Bool(true)}
	}
	n := g.ScalingConfig
	_, err = c.scaling.CreateAutoScalingGroup(c.w, nil, &awsasg.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: n.MinSize, MaxSize: n.MaxSize, DesiredCapacity: n.DesiredSize,
		VPCZoneIdentifier: aws.String(strings.Join(g.Subnets, ",")), MixedInstancesPolicy: g.policy(g.template, "1"),
		CapacityRebalance: aws.Bool(true), TerminationPolicies: []string{"OldestLaunchTemplate", "OldestInstance"},
		LifecycleHookSpecificationList: []asgtypes.LifecycleHookSpecification{{
			LifecycleHookName: aws.String(terminateHook), LifecycleTransition: aws.String("autoscaling:EC2_INSTANCE_TERMINATING"),
			HeartbeatTimeout: aws.Int32(1800), DefaultResult: aws.String("CONTINUE"),
		}},
		Tags: []asgtypes.Tag{
			tag("eks:cluster-name", of), tag("eks:nodegroup-name", *g.NodegroupName), tag("kubernetes.io/cluster/"+of, "owned"),
			tag("k8s.io/cluster-autoscaler/enabled", "true"), tag("k8s.io/cluster-autoscaler/"+of, "owned"),
		},
	})
	if err != nil {
		return err
	}
	g.Resources = &types.NodegroupResources{AutoScalingGroups: []types.AutoScalingGroup{{Name: &name}}}
	return nil
}

// policy is how the group's instances are chosen: on demand the types in their order, on
// Spot by price and capacity.
func (g *nodeGroup) policy(template, version string) *asgtypes.MixedInstancesPolicy {
	p := &asgtypes.MixedInstancesPolicy{
		LaunchTemplate: &asgtypes.LaunchTemplate{LaunchTemplateSpecification: &asgtypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: &version}},
		InstancesDistribution: &asgtypes.InstancesDistribution{
			OnDemandAllocationStrategy: aws.String("prioritized"), OnDemandPercentageAboveBaseCapacity: aws.Int32(100), SpotAllocationStrategy: aws.String("price-capacity-optimized"),
		},
	}
	if g.CapacityType == types.CapacityTypesSpot {
		p.InstancesDistribution.OnDemandPercentageAboveBaseCapacity = aws.Int32(0)
	}
	for _, t := range g.InstanceTypes {
		p.LaunchTemplate.Overrides = append(p.LaunchTemplate.Overrides, asgtypes.LaunchTemplateOverrides{InstanceType: aws.String(t)})
	}
	return p
}

// launchData is what the group's instances are launched with: on top of the user's own
// template, where there is one, the image and what nodes need to join.
func (c *Compute) launchData(g *nodeGroup) (*ec2types.RequestLaunchTemplateData, error) {
	data := &ec2types.RequestLaunchTemplateData{
		IamInstanceProfile: &ec2types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: aws.String(c.w.NodeProfile())},
		MetadataOptions: &ec2types.LaunchTemplateInstanceMetadataOptionsRequest{
			HttpTokens: ec2types.LaunchTemplateHttpTokensStateOptional, HttpPutResponseHopLimit: aws.Int32(2),
		},
		SecurityGroupIds: []string{c.w.SecurityGroups()[0].ID},
	}
	if g.own != nil {
		if err := ec2.Extend(c.w, data, g.own.Id, g.own.Name, g.own.Version); err != nil {
			return nil, err
		}
	} else {
		data.BlockDeviceMappings = []ec2types.LaunchTemplateBlockDeviceMappingRequest{{
			DeviceName: aws.String("/dev/xvda"), Ebs: &ec2types.LaunchTemplateEbsBlockDeviceRequest{VolumeSize: g.DiskSize, VolumeType: ec2types.VolumeTypeGp3, DeleteOnTermination: aws.Bool(true)},
		}}
	}
	if g.AmiType == types.AMITypesCustom {
		return data, nil // the user's image knows how to join
	}
	image, _, err := c.image(g.AmiType, *g.ReleaseVersion)
	if err != nil {
		return nil, err
	}
	data.ImageId = &image.ID
	text, err := c.userData(g, image.ID, data.UserData)
	if err != nil {
		return nil, err
	}
	data.UserData = aws.String(base64.StdEncoding.EncodeToString(text))
	return data, nil
}
