package eks

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/ec2"
	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

func notFound(format string, args ...any) error {
	e := wire.Errorf("ResourceNotFoundException", format, args...)
	e.Status = 404
	return e
}

func inUse(format string, args ...any) error {
	e := wire.Errorf("ResourceInUseException", format, args...)
	e.Status = 409
	return e
}

// cluster checks that a request is about the cluster that there is.
func (c *Compute) cluster(name *string) error {
	if aws.ToString(name) != c.w.Config().Cluster {
		return notFound("No cluster found for name: %s.", aws.ToString(name))
	}
	return nil
}

// group finds the node group that a request is about.
func (c *Compute) group(of, name *string) (*nodeGroup, error) {
	if err := c.cluster(of); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.groups, func(g *nodeGroup) bool { return *g.NodegroupName == aws.ToString(name) })
	if i < 0 {
		return nil, notFound("No node group found for name: %s.", aws.ToString(name))
	}
	return c.groups[i], nil
}

// pages are the bounds of EKS's lists.
var pages = paging.Bounds{Least: 1, Most: 100, Usual: 100, Codes: paging.Codes{Size: "InvalidParameterException", Token: "InvalidParameterException"}}

// maxNodes is how many nodes a group may have.
const maxNodes = 450

// CreateNodegroup makes a node group. Its nodes come afterwards, and it is active when
// they are ready.
func (c *Compute) CreateNodegroup(w *world.World, _ *world.Call, in *eks.CreateNodegroupInput) (*eks.CreateNodegroupOutput, error) {
	if err := c.cluster(in.ClusterName); err != nil {
		return nil, err
	}
	name := aws.ToString(in.NodegroupName)
	switch other, _ := c.group(in.ClusterName, in.NodegroupName); {
	case other != nil:
		return nil, inUse("NodeGroup already exists with name %s and cluster name %s", name, *in.ClusterName)
	case name == "" || len(name) > 63:
		return nil, invalid("nodegroupName has 1 to 63 characters, not %d", len(name))
	case aws.ToString(in.NodeRole) == "":
		return nil, invalid("nodeRole is missing")
	case in.RemoteAccess != nil || in.WarmPoolConfig != nil:
		return nil, wire.Errorf("UnsupportedOperation", "remote access and warm pools are not simulated")
	}
	g := &nodeGroup{due: w.Now().Add(c.takes(looks)), began: w.Now(), own: in.LaunchTemplate, leaving: map[string]cluster.Instant{}}
	g.Nodegroup = types.Nodegroup{
		NodegroupName: in.NodegroupName, ClusterName: in.ClusterName, CreatedAt: aws.Time(world.Time(w.Now())), ModifiedAt: aws.Time(world.Time(w.Now())),
		NodegroupArn: aws.String(w.ARN("eks", w.Config().Region, "nodegroup/"+*in.ClusterName+"/"+name+"/"+w.UUID("nodegroup"))), Status: types.NodegroupStatusCreating,
		NodeRole: in.NodeRole, Subnets: in.Subnets, Labels: maps.Clone(in.Labels), Taints: in.Taints, Tags: in.Tags, CapacityType: cmp.Or(in.CapacityType, types.CapacityTypesOnDemand),
		InstanceTypes: in.InstanceTypes, AmiType: in.AmiType, DiskSize: in.DiskSize, NodeRepairConfig: in.NodeRepairConfig, ScalingConfig: in.ScalingConfig,
		UpdateConfig: in.UpdateConfig, LaunchTemplate: in.LaunchTemplate, Version: aws.String(w.Config().Kubernetes), Health: &types.NodegroupHealth{Issues: []types.Issue{}},
	}
	if err := c.complete(g, in); err != nil {
		return nil, err
	}
	c.groups = append(c.groups, g)
	w.Note("node group %s: %d to %d, desired %d", name, *g.ScalingConfig.MinSize, *g.ScalingConfig.MaxSize, *g.ScalingConfig.DesiredSize)
	return &eks.CreateNodegroupOutput{Nodegroup: c.describe(g)}, nil
}

// complete fills in what a request left out, and checks the rest.
func (c *Compute) complete(g *nodeGroup, in *eks.CreateNodegroupInput) error {
	if v := aws.ToString(in.Version); v != "" && v != *g.Version {
		return invalid("Nodegroup Kubernetes version %s is not the cluster's, %s", v, *g.Version)
	}
	if len(g.Subnets) == 0 {
		return invalid("subnets is empty")
	}
	for _, id := range g.Subnets {
		if _, ok := c.w.Subnet(id); !ok {
			return invalid("The subnet ID '%s' does not exist", id)
		}
	}
	if g.ScalingConfig == nil {
		g.ScalingConfig = &types.NodegroupScalingConfig{MinSize: aws.Int32(1), MaxSize: aws.Int32(2), DesiredSize: aws.Int32(2)}
	}
	n, err := checkScaling(*g.ScalingConfig, types.NodegroupScalingConfig{MinSize: aws.Int32(1), MaxSize: aws.Int32(2), DesiredSize: aws.Int32(2)})
	if err != nil {
		return err
	}
	g.ScalingConfig = n
	if g.UpdateConfig, err = checkUpdateConfig(in.UpdateConfig); err != nil {
		return err
	}
	if err := c.completeTemplate(g); err != nil {
		return err
	}
	if g.AmiType == types.AMITypesCustom {
		return nil
	}
	_, release, err := c.image(g.AmiType, aws.ToString(in.ReleaseVersion))
	g.ReleaseVersion = &release
	return err
}

// completeTemplate checks instance types, disk and image against the user's template.
func (c *Compute) completeTemplate(g *nodeGroup) error {
	ofTemplate, image := "", ""
	if g.own != nil {
		t, err := ec2.TemplateData(c.w, g.own.Id, g.own.Name, g.own.Version)
		if err != nil {
			return invalid("%s", wire.AsError(err).Message)
		}
		ofTemplate, image = string(t.InstanceType), aws.ToString(t.ImageId)
		if g.DiskSize != nil {
			return invalid("Disk size must be specified within the launch template.")
		}
	} else if g.DiskSize == nil {
		g.DiskSize = aws.Int32(20)
	}
	if ofTemplate != "" && len(g.InstanceTypes) > 0 {
		return invalid("You cannot specify instance types in both the launch template and the node group.")
	}
	if ofTemplate == "" && len(g.InstanceTypes) == 0 {
		g.InstanceTypes = []string{"t3.medium"}
	}
	first := ofTemplate
	for _, name := range g.InstanceTypes {
		if _, ok := c.w.Type(name); !ok {
			return invalid("The following supplied instance types do not exist: [%s]", name)
		}
		first = cmp.Or(first, name)
	}
	if image != "" {
		if g.AmiType != "" && g.AmiType != types.AMITypesCustom {
			return invalid("You cannot specify an AMI type with an image in the launch template.")
		}
		g.AmiType = types.AMITypesCustom
		return nil
	}
	if g.AmiType == "" {
		g.AmiType = types.AMITypesAl2023X8664Standard
		if t, ok := c.w.Type(first); ok && slices.Contains(t.Arch, "arm64") {
			g.AmiType = types.AMITypesAl2023Arm64Standard
		}
	}
	if t, ok := c.w.Type(first); ok && amis[g.AmiType].arch != "" && !slices.Contains(t.Arch, amis[g.AmiType].arch) {
		return invalid("[%s] is not a valid instance type for requested amiType %s", first, g.AmiType)
	}
	return nil
}

// checkScaling takes bounds over that a request leaves out.
func checkScaling(n, otherwise types.NodegroupScalingConfig) (*types.NodegroupScalingConfig, error) {
	set := func(to **int32, from *int32) {
		if *to == nil {
			*to = from
		}
	}
	set(&n.MinSize, otherwise.MinSize)
	set(&n.MaxSize, otherwise.MaxSize)
	set(&n.DesiredSize, otherwise.DesiredSize)
	switch {
	case *n.MinSize < 0 || *n.MaxSize < 1 || *n.MaxSize > maxNodes:
		return nil, invalid("Want 0 ≤ minSize (%d) and 1 ≤ maxSize (%d) ≤ %d", *n.MinSize, *n.MaxSize, maxNodes)
	case *n.MinSize > *n.MaxSize:
		return nil, invalid("Minimum capacity %d can't be greater than maximum size %d", *n.MinSize, *n.MaxSize)
	case *n.DesiredSize < *n.MinSize:
		return nil, invalid("Minimum capacity %d can't be greater than desired size %d", *n.MinSize, *n.DesiredSize)
	case *n.DesiredSize > *n.MaxSize:
		return nil, invalid("Desired capacity %d can't be greater than max size %d", *n.DesiredSize, *n.MaxSize)
	}
	return &n, nil
}

func checkUpdateConfig(u *types.NodegroupUpdateConfig) (*types.NodegroupUpdateConfig, error) {
	out := types.NodegroupUpdateConfig{UpdateStrategy: types.NodegroupUpdateStrategiesDefault}
	if u != nil {
		out.MaxUnavailable, out.MaxUnavailablePercentage = u.MaxUnavailable, u.MaxUnavailablePercentage
		out.UpdateStrategy = cmp.Or(u.UpdateStrategy, out.UpdateStrategy)
	}
	n, percent := out.MaxUnavailable, out.MaxUnavailablePercentage
	switch {
	case n != nil && percent != nil:
		return nil, invalid("maxUnavailable and maxUnavailablePercentage exclude each other")
	case n != nil && (*n < 1 || *n > 100), percent != nil && (*percent < 1 || *percent > 100):
		return nil, invalid("maxUnavailable and maxUnavailablePercentage are 1 to 100")
	case n == nil && percent == nil:
		out.MaxUnavailable = aws.Int32(1)
	}
	return &out, nil
}

// describe is a group as the API shows it; its size is the Auto Scaling group's, which
// others may have changed, such as Cluster Autoscaler.
func (c *Compute) describe(g *nodeGroup) *types.Nodegroup {
	out := g.Nodegroup
	n := *g.ScalingConfig
	if x := c.asg(g); x != nil && g.Status == types.NodegroupStatusActive {
		n.DesiredSize = x.DesiredCapacity
	}
	out.ScalingConfig = &n
	return &out
}

// DescribeNodegroup tells of a node group.
func (c *Compute) DescribeNodegroup(_ *world.World, _ *world.Call, in *eks.DescribeNodegroupInput) (*eks.DescribeNodegroupOutput, error) {
	g, err := c.group(in.ClusterName, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	return &eks.DescribeNodegroupOutput{Nodegroup: c.describe(g)}, nil
}

// ListNodegroups lists the node groups by name.
func (c *Compute) ListNodegroups(_ *world.World, _ *world.Call, in *eks.ListNodegroupsInput) (*eks.ListNodegroupsOutput, error) {
	if err := c.cluster(in.ClusterName); err != nil {
		return nil, err
	}
	names := []string{}
	for _, g := range c.groups {
		names = append(names, *g.NodegroupName)
	}
	slices.Sort(names)
	names, next, err := paging.Page("ListNodegroups", names, in.MaxResults, in.NextToken, pages)
	if err != nil {
		return nil, err
	}
	return &eks.ListNodegroupsOutput{Nodegroups: names, NextToken: next}, nil
}

// DeleteNodegroup drains and ends the nodes of a group, and then it.
func (c *Compute) DeleteNodegroup(w *world.World, _ *world.Call, in *eks.DeleteNodegroupInput) (*eks.DeleteNodegroupOutput, error) {
	g, err := c.group(in.ClusterName, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	switch g.Status {
	case types.NodegroupStatusUpdating:
		return nil, inUse("Nodegroup %s is being updated", *g.NodegroupName)
	case types.NodegroupStatusDeleting:
	default:
		g.Status, g.due = types.NodegroupStatusDeleting, w.Now().Add(c.takes(looks))
		w.Note("node group %s is deleted", *g.NodegroupName)
		if c.asg(g) != nil {
			c.resize(g, 0, 0, 0)
		}
	}
	return &eks.DeleteNodegroupOutput{Nodegroup: c.describe(g)}, nil
}
