package eks

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/ec2"
	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
)

// begin writes an update down that is under way; a group has one at a time.
func (c *Compute) begin(g *nodeGroup, kind types.UpdateType, params ...types.UpdateParam) (*types.Update, error) {
	if g.Status != types.NodegroupStatusActive && g.Status != types.NodegroupStatusDegraded {
		return nil, inUse("Nodegroup cannot be updated as it is currently not in Active State")
	}
	u := &types.Update{
		Id: aws.String(c.w.UUID("update")), Status: types.UpdateStatusInProgress, Type: kind, CreatedAt: aws.Time(world.Time(c.w.Now())),
		Params: params, Errors: []types.ErrorDetail{},
	}
	g.updates = append(g.updates, u)
	g.Status, g.due = types.NodegroupStatusUpdating, c.w.Now().Add(c.takes(looks))
	g.ModifiedAt = u.CreatedAt
	c.w.Note("node group %s: %s %s", *g.NodegroupName, kind, *u.Id)
	return u, nil
}

// end closes the update that is under way.
func (c *Compute) end(g *nodeGroup, status types.UpdateStatus, problems ...types.ErrorDetail) {
	u := g.updates[len(g.updates)-1]
	u.Status, u.Errors = status, append([]types.ErrorDetail{}, problems...)
	g.Status, g.rollout = types.NodegroupStatusActive, nil
	c.w.Note("node group %s: %s %s %s", *g.NodegroupName, u.Type, *u.Id, status)
}

func param(kind types.UpdateParamType, value string) types.UpdateParam {
	return types.UpdateParam{Type: kind, Value: &value}
}

// sizes are the parameters of an update that changes a group's size.
func sizes(n *types.NodegroupScalingConfig) []types.UpdateParam {
	return []types.UpdateParam{
		param(types.UpdateParamTypeMinSize, strconv.Itoa(int(*n.MinSize))), param(types.UpdateParamTypeMaxSize, strconv.Itoa(int(*n.MaxSize))),
		param(types.UpdateParamTypeDesiredSize, strconv.Itoa(int(*n.DesiredSize))),
	}
}

// UpdateNodegroupConfig changes a group's size, labels, taints and how it is updated.
// Labels and taints are those of nodes that come from then on.
func (c *Compute) UpdateNodegroupConfig(_ *world.World, _ *world.Call, in *eks.UpdateNodegroupConfigInput) (*eks.UpdateNodegroupConfigOutput, error) {
	g, err := c.group(in.ClusterName, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	if in.WarmPoolConfig != nil {
		return nil, wire.Errorf("UnsupportedOperation", "warm pools are not simulated")
	}
	next := g.Nodegroup
	var params []types.UpdateParam
	if in.ScalingConfig != nil {
		if next.ScalingConfig, err = checkScaling(*in.ScalingConfig, *c.describe(g).ScalingConfig); err != nil {
			return nil, err
		}
		params = append(params, sizes(next.ScalingConfig)...)
	}
	if in.UpdateConfig != nil {
		if next.UpdateConfig, err = checkUpdateConfig(in.UpdateConfig); err != nil {
			return nil, err
		}
		params = append(params, param(types.UpdateParamTypeMaxUnavailable, strconv.Itoa(int(aws.ToInt32(next.UpdateConfig.MaxUnavailable)))))
	}
	if in.NodeRepairConfig != nil {
		next.NodeRepairConfig = in.NodeRepairConfig
	}
	joins := in.Labels != nil || in.Taints != nil
	if l := in.Labels; l != nil {
		next.Labels = maps.Clone(next.Labels)
		if next.Labels == nil {
			next.Labels = map[string]string{}
		}
		maps.Copy(next.Labels, l.AddOrUpdateLabels)
		for _, key := range l.RemoveLabels {
			delete(next.Labels, key)
		}
		params = append(params, param(types.UpdateParamTypeLabelsToAdd, text(l.AddOrUpdateLabels)), param(types.UpdateParamTypeLabelsToRemove, text(l.RemoveLabels)))
	}
	if t := in.Taints; t != nil {
		gone := append(slices.Clone(t.RemoveTaints), t.AddOrUpdateTaints...)
		next.Taints = slices.DeleteFunc(slices.Clone(next.Taints), func(x types.Taint) bool {
			return slices.ContainsFunc(gone, func(y types.Taint) bool { return aws.ToString(x.Key) == aws.ToString(y.Key) && x.Effect == y.Effect })
		})
		next.Taints = append(next.Taints, t.AddOrUpdateTaints...)
		params = append(params, param(types.UpdateParamTypeTaintsToAdd, text(t.AddOrUpdateTaints)), param(types.UpdateParamTypeTaintsToRemove, text(t.RemoveTaints)))
	}
	u, err := c.begin(g, types.UpdateTypeConfigUpdate, params...)
	if err != nil {
		return nil, err
	}
	before := g.Nodegroup
	next.Status, next.ModifiedAt = before.Status, before.ModifiedAt
	g.Nodegroup = next
	if joins {
		_, err = c.newVersion(g)
	}
	switch {
	case err != nil: // what nodes are launched with has gone: an image, a template of the user's
		g.Nodegroup = before
		c.end(g, types.UpdateStatusFailed, types.ErrorDetail{ErrorCode: types.ErrorCodeUnknown, ErrorMessage: aws.String(err.Error())})
	case in.ScalingConfig != nil:
		c.resize(g, *next.ScalingConfig.MinSize, *next.ScalingConfig.MaxSize, *next.ScalingConfig.DesiredSize)
	}
	copied := *u
	return &eks.UpdateNodegroupConfigOutput{Update: &copied}, nil
}

// text is a parameter of an update that is more than a text.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // labels and taints are plain
	}
	return string(b)
}

// UpdateNodegroupVersion replaces the nodes of a group by ones of another release of its
// image, or of another version of its launch template.
func (c *Compute) UpdateNodegroupVersion(_ *world.World, _ *world.Call, in *eks.UpdateNodegroupVersionInput) (*eks.UpdateNodegroupVersionOutput, error) {
	g, err := c.group(in.ClusterName, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	if v := aws.ToString(in.Version); v != "" && v != c.w.Config().Kubernetes {
		return nil, invalid("Requested Kubernetes version %s is not the cluster's, %s", v, c.w.Config().Kubernetes)
	}
	own, release := g.own, g.ReleaseVersion
	params := []types.UpdateParam{param(types.UpdateParamTypeVersion, *g.Version)}
	if t := in.LaunchTemplate; t != nil {
		if own == nil {
			return nil, invalid("A node group without a launch template cannot be updated to one.")
		}
		if _, err := ec2.TemplateData(c.w, t.Id, t.Name, t.Version); err != nil {
			return nil, invalid("%s", wire.AsError(err).Message)
		}
		own = t
		params = append(params, param(types.UpdateParamTypeLaunchTemplateVersion, aws.ToString(t.Version)))
	}
	if g.AmiType != types.AMITypesCustom {
		_, named, err := c.image(g.AmiType, aws.ToString(in.ReleaseVersion))
		if err != nil {
			return nil, err
		}
		release = &named
		params = append(params, param(types.UpdateParamTypeReleaseVersion, named))
	} else if in.ReleaseVersion != nil {
		return nil, invalid("A node group with an image of its own has no release version.")
	}
	u, err := c.begin(g, types.UpdateTypeVersionUpdate, params...)
	if err != nil {
		return nil, err
	}
	g.rollout = &rollout{force: in.Force, own: own, release: release, drained: map[string]*departure{}}
	copied := *u
	return &eks.UpdateNodegroupVersionOutput{Update: &copied}, nil
}

// DescribeUpdate tells of an update of a node group.
func (c *Compute) DescribeUpdate(_ *world.World, _ *world.Call, in *eks.DescribeUpdateInput) (*eks.DescribeUpdateOutput, error) {
	g, err := c.group(in.Name, in.NodegroupName)
	if err != nil {
		return nil, err
	}
	for _, u := range g.updates {
		if *u.Id == aws.ToString(in.UpdateId) {
			copied := *u
			return &eks.DescribeUpdateOutput{Update: &copied}, nil
		}
	}
	return nil, notFound("No update found for ID: %s", aws.ToString(in.UpdateId))
}

// ListUpdates lists the updates of a node group, newest first; without one, the cluster's,
// which has none.
func (c *Compute) ListUpdates(_ *world.World, _ *world.Call, in *eks.ListUpdatesInput) (*eks.ListUpdatesOutput, error) {
	if err := c.cluster(in.Name); err != nil {
		return nil, err
	}
	ids := []string{}
	if in.NodegroupName != nil {
		g, err := c.group(in.Name, in.NodegroupName)
		if err != nil {
			return nil, err
		}
		for _, u := range slices.Backward(g.updates) {
			ids = append(ids, *u.Id)
		}
	}
	ids, next, err := paging.Page("ListUpdates", ids, in.MaxResults, in.NextToken, pages)
	if err != nil {
		return nil, err
	}
	return &eks.ListUpdatesOutput{UpdateIds: ids, NextToken: next}, nil
}
