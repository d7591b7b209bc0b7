package awssim

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"
	awsssm "github.com/aws/aws-sdk-go-v2/service/ssm"

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

// TestNodegroupUpdateNeverJoins: where the old nodes go first and the new ones do not join,
// the update fails, and no more old ones go.
func TestNodegroupUpdateNeverJoins(t *testing.T) {
	var old []*world.Instance
	joins := func(i *world.Instance) bool { return old == nil || slices.Contains(old, i) }
	c := newCompute(t, eks.Nodes{Ready: func(i *world.Instance) bool { return i.Booted != 0 && joins(i) }}, func(in *awseks.CreateNodegroupInput) {
		in.UpdateConfig = &types.NodegroupUpdateConfig{MaxUnavailable: aws.Int32(1), UpdateStrategy: types.NodegroupUpdateStrategiesMinimal}
	})
	c.status(types.NodegroupStatusActive, nil)
	old = c.machines()
	u := c.updateVersion(nil)
	began := c.clock.Now()
	c.status(types.NodegroupStatusActive, nil)
	if d := c.describe(u); d.Status != types.UpdateStatusFailed || len(d.Errors) != 1 || d.Errors[0].ErrorCode != types.ErrorCodeNodeCreationFailure {
		t.Errorf("the update is %+v", d)
	}
	if took := c.clock.Now().Sub(began); took < 15*cluster.Minute || took > 25*cluster.Minute {
		t.Errorf("it has failed after %v", took)
	}
	left := 0
	for _, m := range c.machines() {
		if slices.Contains(old, m) {
			left++
		}
	}
	if left != 2 || len(c.machines()) != 3 {
		t.Errorf("%d of %d nodes are of before, want two of three", left, len(c.machines()))
	}
}

// TestNodegroupRelease: a release of images moves the parameter that says which is the
// newest; a group that is not of it can be updated.
func TestNodegroupRelease(t *testing.T) {
	c := newCompute(t, eks.Nodes{}, nil)
	parameters := awsssm.New(awsssm.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &c.url, Retryer: thrice()})
	newest := func() string {
		out, err := parameters.GetParameter(context.Background(), &awsssm.GetParameterInput{Name: aws.String("/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard/recommended/release_version")})
		if err != nil {
			t.Fatal(err)
		}
		return *out.Parameter.Value
	}
	if g := c.status(types.NodegroupStatusActive, nil); *g.ReleaseVersion != newest() {
		t.Errorf("a new group is of %s, the newest release is %s", *g.ReleaseVersion, newest())
	}
	c.Do(func(w *world.World) {
		if err := w.ReleaseImages("v20261115"); err != nil {
			t.Fatal(err)
		}
	})
	if g := c.group(); newest() != "1.36.0-20261115" || *g.ReleaseVersion == newest() {
		t.Errorf("after a release the group is of %s, the newest is %s", *g.ReleaseVersion, newest())
	}
	c.updateVersion(nil)
	if g := c.status(types.NodegroupStatusActive, nil); *g.ReleaseVersion != newest() {
		t.Errorf("after its update the group is of %s, the newest release is %s", *g.ReleaseVersion, newest())
	}
}

// TestNodegroupUserData: what the user's launch template says at boot stays, with what EKS
// adds behind it; in the format that the image reads, or the group fails.
func TestNodegroupUserData(t *testing.T) {
	const archive = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n--B\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\n\n#!/bin/sh\necho mine\n--B\n" +
		"Content-Type: application/node.eks.aws\n\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n    flags:\n    - --node-labels=mine=yes,team=red\n--B--\n"
	for name, x := range map[string]struct {
		ami        types.AMITypes
		text, want string // want is in what nodes boot with; "" for a group that fails
		labels     map[string]string
	}{
		"archive":           {types.AMITypesAl2023X8664Standard, archive, "echo mine", map[string]string{"mine": "yes", "team": "blue", "eks.amazonaws.com/nodegroup": "ng"}},
		"script":            {types.AMITypesAl2023X8664Standard, "#!/bin/sh\necho mine\n", "", nil},
		"settings":          {types.AMITypesBottlerocketX8664, "[settings.motd]\nx = 1\n[settings.kubernetes.node-labels]\nmine = \"yes\"\nteam = \"red\"\n", "motd", map[string]string{"mine": "yes", "team": "blue", "eks.amazonaws.com/nodegroup": "ng"}},
		"archive, settings": {types.AMITypesBottlerocketX8664, archive, "", nil},
		"nothing, settings": {types.AMITypesBottlerocketX8664, "", "cluster-name", map[string]string{"team": "blue", "eks.amazonaws.com/capacityType": "ON_DEMAND"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, world.Config{Seed: 5}, nil)
			made, err := l.ec2.CreateLaunchTemplate(context.Background(), &awsec2.CreateLaunchTemplateInput{
				LaunchTemplateName: aws.String("mine"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{UserData: aws.String(base64.StdEncoding.EncodeToString([]byte(x.text)))},
			})
			if err != nil {
				t.Fatal(err)
			}
			c := computeIn(t, l, func(in *awseks.CreateNodegroupInput) {
				in.AmiType, in.LaunchTemplate = x.ami, &types.LaunchTemplateSpecification{Id: made.LaunchTemplate.LaunchTemplateId}
			})
			if x.want == "" {
				g := c.status(types.NodegroupStatusCreateFailed, nil)
				if len(g.Health.Issues) != 1 || g.Health.Issues[0].Code != types.NodegroupIssueCodeEc2LaunchTemplateInvalidConfiguration || !strings.HasPrefix(*g.Health.Issues[0].Message, "User data was not in the ") {
					t.Errorf("its health is %+v", g.Health)
				}
				return
			}
			c.status(types.NodegroupStatusActive, nil)
			for _, m := range c.machines() {
				text, err := base64.StdEncoding.DecodeString(m.UserData)
				if err != nil || !strings.Contains(string(text), x.want) {
					t.Errorf("%s boots with %q, %v", m.ID, text, err)
				}
			}
			c.Do(func(w *world.World) {
				nodes, _ := w.Cloud().Machines(w.Now())
				for _, n := range nodes {
					for key, value := range x.labels {
						if n.Labels[key] != value {
							t.Errorf("a kubelet registers with %s=%q, want %q", key, n.Labels[key], value)
						}
					}
					if !slices.Equal(n.Taints, []cluster.Taint{{Key: "only", Value: "blue", Effect: cluster.NoSchedule}}) {
						t.Errorf("a kubelet registers with %v", n.Taints)
					}
				}
			})
		})
	}
}
