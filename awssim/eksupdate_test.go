package awssim

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/eks"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestNodegroupUpdate: a new release comes to every node; the group grows before, no more
// nodes than it may be are out at once, and it is of its old size in the end.
func TestNodegroupUpdate(t *testing.T) {
	for _, strategy := range []types.NodegroupUpdateStrategies{types.NodegroupUpdateStrategiesDefault, types.NodegroupUpdateStrategiesMinimal} {
		t.Run(string(strategy), func(t *testing.T) {
			cordoned := map[string]bool{}
			nodes := eks.Nodes{Cordon: func(i *world.Instance, on bool) { cordoned[i.ID] = on }}
			c := newCompute(t, nodes, func(in *awseks.CreateNodegroupInput) {
				in.UpdateConfig = &types.NodegroupUpdateConfig{MaxUnavailable: aws.Int32(2), UpdateStrategy: strategy}
				in.ScalingConfig.DesiredSize = aws.Int32(4)
			})
			c.status(types.NodegroupStatusActive, nil)
			before := c.machines()
			c.Do(func(w *world.World) {
				if err := w.ReleaseImages("v20261115"); err != nil {
					t.Fatal(err)
				}
			})
			u := c.updateVersion(nil)
			most, least := 0, 100
			g := c.status(types.NodegroupStatusActive, func() {
				machines := c.machines()
				most = max(most, len(machines))
				ready := 0
				for _, m := range machines {
					if m.Booted != 0 {
						ready++
					}
				}
				least = min(least, ready)
			})
			if d := c.describe(u); d.Status != types.UpdateStatusSuccessful || len(d.Errors) != 0 {
				t.Errorf("the update is %+v", d)
			}
			after := c.machines()
			if len(after) != 4 || *g.ReleaseVersion != "1.36.0-20261115" {
				t.Errorf("after it there are %d machines of release %s", len(after), *g.ReleaseVersion)
			}
			for _, m := range after {
				if slices.ContainsFunc(before, func(b *world.Instance) bool { return b.ID == m.ID || b.ImageID == m.ImageID }) || cordoned[m.ID] {
					t.Errorf("%s with image %s is of before, or cordoned", m.ID, m.ImageID)
				}
			}
			for _, m := range before {
				if !cordoned[m.ID] {
					t.Errorf("%s was not cordoned", m.ID)
				}
			}
			// 2 × 2 zones more, or never less than two below.
			if strategy == types.NodegroupUpdateStrategiesDefault && (most != 8 || least < 4) {
				t.Errorf("there were up to %d and no fewer than %d ready, want 8 and 4", most, least)
			}
			if strategy == types.NodegroupUpdateStrategiesMinimal && (most > 4 || least != 2) {
				t.Errorf("there were up to %d and no fewer than %d ready, want 4 and 2", most, least)
			}
		})
	}
}

// TestNodegroupUpdateFails: pods that a budget keeps on their node fail the update after
// 15 minutes and the group is as it was, its release too; with force they go.
func TestNodegroupUpdateFails(t *testing.T) {
	pods := map[string]int{}
	cordoned := map[string]bool{}
	c := newCompute(t, eks.Nodes{
		Cordon: func(i *world.Instance, on bool) { cordoned[i.ID] = on },
		Drain: func(i *world.Instance, force bool) int {
			if force {
				pods[i.ID] = 0
			}
			return pods[i.ID]
		},
	}, nil)
	c.status(types.NodegroupStatusActive, nil)
	before := c.machines()
	for _, m := range before {
		pods[m.ID] = 1
	}
	c.Do(func(w *world.World) {
		if err := w.ReleaseImages("v20261115"); err != nil {
			t.Fatal(err)
		}
	})
	u := c.updateVersion(nil)
	began := c.clock.Now()
	c.status(types.NodegroupStatusActive, nil)
	d := c.describe(u)
	if d.Status != types.UpdateStatusFailed || len(d.Errors) != 1 || d.Errors[0].ErrorCode != types.ErrorCodePodEvictionFailure || len(d.Errors[0].ResourceIds) != 3 {
		t.Errorf("the update is %+v", d)
	}
	if took := c.clock.Now().Sub(began); took < 15*cluster.Minute {
		t.Errorf("pods had %v to leave", took)
	}
	c.clock.pass(2 * cluster.Minute)
	if g := c.group(); *g.ReleaseVersion != "1.36.0-20261101" {
		t.Errorf("after that it says that it is of release %s", *g.ReleaseVersion)
	}
	ids := func(all []*world.Instance) (out []string) {
		for _, m := range all {
			out = append(out, m.ID)
		}
		slices.Sort(out)
		return out
	}
	if got := ids(c.machines()); !slices.Equal(got, ids(before)) {
		t.Errorf("after that there are %v, want those of before", got)
	}
	for id, on := range cordoned {
		if on && slices.Contains(ids(before), id) {
			t.Errorf("%s is still cordoned", id)
		}
	}
	u = c.updateVersion(func(in *awseks.UpdateNodegroupVersionInput) { in.Force = true })
	g := c.status(types.NodegroupStatusActive, nil)
	if d := c.describe(u); d.Status != types.UpdateStatusSuccessful || *g.ReleaseVersion != "1.36.0-20261115" {
		t.Errorf("with force the update is %+v, and the release %s", d, *g.ReleaseVersion)
	}
	if got := ids(c.machines()); len(got) != 3 || slices.ContainsFunc(got, func(id string) bool { return slices.Contains(ids(before), id) }) {
		t.Errorf("after that there are %v", got)
	}
}

// TestNodegroupUpdateUnready: an old node that is not ready does not keep the update from
// going on, where the group does not grow before.
func TestNodegroupUpdateUnready(t *testing.T) {
	broken := ""
	c := newCompute(t, eks.Nodes{Ready: func(i *world.Instance) bool { return i.Booted != 0 && i.ID != broken }}, func(in *awseks.CreateNodegroupInput) {
		in.UpdateConfig = &types.NodegroupUpdateConfig{MaxUnavailable: aws.Int32(1), UpdateStrategy: types.NodegroupUpdateStrategiesMinimal}
	})
	c.status(types.NodegroupStatusActive, nil)
	broken = c.machines()[0].ID
	u := c.updateVersion(nil)
	c.status(types.NodegroupStatusActive, nil)
	if d := c.describe(u); d.Status != types.UpdateStatusSuccessful || len(c.machines()) != 3 {
		t.Errorf("the update is %+v, with %d machines", d, len(c.machines()))
	}
}

// TestNodegroupConfigFails: a change for which there is nothing to launch nodes with fails,
// and changes nothing.
func TestNodegroupConfigFails(t *testing.T) {
	c := newCompute(t, eks.Nodes{}, nil)
	made := c.status(types.NodegroupStatusActive, nil)
	image := c.machines()[0].ImageID
	c.Do(func(w *world.World) {
		if err := w.RemoveImage(image); err != nil {
			t.Fatal(err)
		}
	})
	out, err := c.eks.UpdateNodegroupConfig(context.Background(), &awseks.UpdateNodegroupConfigInput{
		ClusterName: ofCluster, NodegroupName: ng, Labels: &types.UpdateLabelsPayload{AddOrUpdateLabels: map[string]string{"team": "red"}},
		ScalingConfig: &types.NodegroupScalingConfig{DesiredSize: aws.Int32(6)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := c.describe(out.Update); d.Status != types.UpdateStatusFailed || len(d.Errors) != 1 {
		t.Errorf("the update is %+v", d)
	}
	g := c.group()
	if g.Status != types.NodegroupStatusActive || g.Labels["team"] != "blue" || *g.ScalingConfig.DesiredSize != 3 || !g.ModifiedAt.After(*made.ModifiedAt) {
		t.Errorf("after it the group is %+v", g)
	}
}
