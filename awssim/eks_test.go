package awssim

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/eks"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// compute is a lab with a client for EKS and a node group named ng.
type compute struct {
	*lab
	t   *testing.T
	eks *awseks.Client
	asg *awsasg.Client
}

var (
	ofCluster = aws.String("ullage")
	ng        = aws.String("ng")
)

// newCompute creates a node group of two to six nodes, three desired, in zones a and b.
func newCompute(t *testing.T, nodes eks.Nodes, change func(*awseks.CreateNodegroupInput)) *compute {
	t.Helper()
	return computeIn(t, newLab(t, world.Config{Seed: 5}, func(c *Config) { c.Nodes = nodes }), change)
}

// computeIn does it in a lab that there is.
func computeIn(t *testing.T, l *lab, change func(*awseks.CreateNodegroupInput)) *compute {
	t.Helper()
	c := &compute{
		l, t, awseks.New(awseks.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: thrice()}),
		awsasg.New(awsasg.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: thrice()}),
	}
	in := &awseks.CreateNodegroupInput{
		ClusterName: ofCluster, NodegroupName: ng, NodeRole: aws.String("arn:aws:iam::000000000000:role/node"), InstanceTypes: []string{"m5.large", "m6i.large"},
		ScalingConfig: &types.NodegroupScalingConfig{MinSize: aws.Int32(2), MaxSize: aws.Int32(6), DesiredSize: aws.Int32(3)}, Labels: map[string]string{"team": "blue"},
		Taints: []types.Taint{{Key: aws.String("only"), Value: aws.String("blue"), Effect: types.TaintEffectNoSchedule}},
	}
	l.Do(func(w *world.World) {
		for _, s := range w.Subnets()[:2] {
			in.Subnets = append(in.Subnets, s.ID)
		}
	})
	if change != nil {
		change(in)
	}
	if _, err := c.eks.CreateNodegroup(context.Background(), in); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *compute) group() *types.Nodegroup {
	c.t.Helper()
	out, err := c.eks.DescribeNodegroup(context.Background(), &awseks.DescribeNodegroupInput{ClusterName: ofCluster, NodegroupName: ng})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Nodegroup
}

// status lets time pass until the group has a status, and each looks at it on the way.
func (c *compute) status(want types.NodegroupStatus, each func()) *types.Nodegroup {
	c.t.Helper()
	for range 1500 {
		if g := c.group(); g.Status == want {
			return g
		}
		if each != nil {
			each()
		}
		c.clock.pass(3 * cluster.Second)
	}
	c.t.Fatalf("after an hour and more it is %s, want %s", c.group().Status, want)
	panic("not reached")
}

// machines are the instances that the group has, by the tag that it gives them.
func (c *compute) machines() []*world.Instance {
	var out []*world.Instance
	c.Do(func(w *world.World) {
		for _, i := range w.Launches() {
			if i.Stopping == 0 && slices.Contains(w.Tags(i.ID), world.Tag{Key: "eks:nodegroup-name", Value: "ng"}) {
				out = append(out, i)
			}
		}
	})
	return out
}

func (c *compute) updateVersion(change func(*awseks.UpdateNodegroupVersionInput)) *types.Update {
	c.t.Helper()
	in := &awseks.UpdateNodegroupVersionInput{ClusterName: ofCluster, NodegroupName: ng}
	if change != nil {
		change(in)
	}
	out, err := c.eks.UpdateNodegroupVersion(context.Background(), in)
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Update
}

func (c *compute) describe(u *types.Update) *types.Update {
	c.t.Helper()
	out, err := c.eks.DescribeUpdate(context.Background(), &awseks.DescribeUpdateInput{Name: ofCluster, NodegroupName: ng, UpdateId: u.Id})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.Update
}

// TestNodegroup: a node group comes with its nodes, is resized, follows who scales its
// Auto Scaling group, and goes.
func TestNodegroup(t *testing.T) {
	c := newCompute(t, eks.Nodes{}, nil)
	ctx := context.Background()
	if g := c.group(); g.Status != types.NodegroupStatusCreating || *g.DiskSize != 20 || g.AmiType != types.AMITypesAl2023X8664Standard || *g.ReleaseVersion != "1.36.0-20261101" {
		t.Errorf("it begins as %+v", g)
	}
	g := c.status(types.NodegroupStatusActive, nil)
	machines := c.machines()
	if len(machines) != 3 || len(g.Resources.AutoScalingGroups) != 1 {
		t.Fatalf("it has %d machines in %v", len(machines), g.Resources)
	}
	for _, m := range machines {
		if m.UserData == "" || m.Booted == 0 || m.Volumes[0].SizeGiB != 20 {
			t.Errorf("a node is %+v", m)
		}
	}
	c.Do(func(w *world.World) {
		nodes, _ := w.Cloud().Machines(w.Now())
		for _, n := range nodes {
			if n.Labels["eks.amazonaws.com/nodegroup"] != "ng" || n.Labels["eks.amazonaws.com/capacityType"] != "ON_DEMAND" || n.Labels["team"] != "blue" ||
				!slices.Equal(n.Taints, []cluster.Taint{{Key: "only", Value: "blue", Effect: cluster.NoSchedule}}) {
				t.Errorf("a kubelet registers with %v and %v", n.Labels, n.Taints)
			}
		}
	})
	update, err := c.eks.UpdateNodegroupConfig(ctx, &awseks.UpdateNodegroupConfigInput{ClusterName: ofCluster, NodegroupName: ng, ScalingConfig: &types.NodegroupScalingConfig{DesiredSize: aws.Int32(5)}})
	if err != nil || update.Update.Status != types.UpdateStatusInProgress {
		t.Fatalf("got %+v, %v", update, err)
	}
	if _, err := c.eks.DeleteNodegroup(ctx, &awseks.DeleteNodegroupInput{ClusterName: ofCluster, NodegroupName: ng}); code(err) != "ResourceInUseException" {
		t.Errorf("deleted while it is updated: %v", err)
	}
	c.status(types.NodegroupStatusActive, nil)
	if u := c.describe(update.Update); u.Status != types.UpdateStatusSuccessful {
		t.Errorf("the update is %+v", u)
	}
	c.clock.pass(2 * cluster.Minute)
	if n := len(c.machines()); n != 5 {
		t.Errorf("it has %d machines, want 5", n)
	}
	// Somebody else scales the Auto Scaling group, as Cluster Autoscaler does.
	if _, err := c.asg.SetDesiredCapacity(ctx, &awsasg.SetDesiredCapacityInput{AutoScalingGroupName: g.Resources.AutoScalingGroups[0].Name, DesiredCapacity: aws.Int32(2)}); err != nil {
		t.Fatal(err)
	}
	c.clock.pass(3 * cluster.Minute)
	if g := c.group(); *g.ScalingConfig.DesiredSize != 2 || len(c.machines()) != 2 {
		t.Errorf("it has %d machines and says %d", len(c.machines()), *g.ScalingConfig.DesiredSize)
	}
	if _, err := c.eks.DeleteNodegroup(ctx, &awseks.DeleteNodegroupInput{ClusterName: ofCluster, NodegroupName: ng}); err != nil {
		t.Fatal(err)
	}
	c.clock.pass(5 * cluster.Minute)
	list, err := c.eks.ListNodegroups(ctx, &awseks.ListNodegroupsInput{ClusterName: ofCluster})
	if err != nil || len(list.Nodegroups) != 0 || len(c.machines()) != 0 {
		t.Errorf("after its end there are %v and %d machines, %v", list.Nodegroups, len(c.machines()), err)
	}
	c.Do(func(w *world.World) {
		if len(w.Templates()) != 0 {
			t.Errorf("%d launch templates are left", len(w.Templates()))
		}
	})
}

// TestNodegroupFailures: nodes that do not join fail an update and the making of a group,
// and so does a shortage.
func TestNodegroupFailures(t *testing.T) {
	join := true
	nodes := eks.Nodes{Ready: func(i *world.Instance) bool { return join && i.Booted != 0 }}
	c := newCompute(t, nodes, nil)
	c.status(types.NodegroupStatusActive, nil)
	join = false
	u := c.updateVersion(nil)
	c.status(types.NodegroupStatusActive, nil)
	if d := c.describe(u); d.Status != types.UpdateStatusFailed || d.Errors[0].ErrorCode != types.ErrorCodeNodeCreationFailure {
		t.Errorf("the update is %+v", d)
	}
	if n := len(c.machines()); n != 3 {
		t.Errorf("after it there are %d machines", n)
	}
	c = newCompute(t, nodes, nil)
	g := c.status(types.NodegroupStatusCreateFailed, nil)
	if len(g.Health.Issues) != 1 || g.Health.Issues[0].Code != types.NodegroupIssueCodeNodeCreationFailure {
		t.Errorf("its health is %+v", g.Health)
	}
	c = newCompute(t, eks.Nodes{}, func(in *awseks.CreateNodegroupInput) {
		in.InstanceTypes, in.CapacityType = []string{"c5.large"}, types.CapacityTypesSpot
	})
	c.Do(func(w *world.World) {
		if _, err := w.Cloud().SetCapacity(w.Now(), simulated.Pattern{InstanceType: "c5.large"}, 0); err != nil {
			t.Fatal(err)
		}
	})
	g = c.status(types.NodegroupStatusCreateFailed, nil)
	if i := g.Health.Issues; len(i) != 1 || i[0].Code != types.NodegroupIssueCodeAsgInstanceLaunchFailures || !strings.Contains(*i[0].Message, "Could not launch Spot Instances. InsufficientInstanceCapacity") {
		t.Errorf("its health is %+v", *i[0].Message)
	}
}

// TestNodegroupScaleIn: nodes that the Auto Scaling group takes out are drained first, for
// up to 15 minutes, and then end whatever is on them.
func TestNodegroupScaleIn(t *testing.T) {
	asked := map[string]int{}
	c := newCompute(t, eks.Nodes{Drain: func(i *world.Instance, force bool) int {
		if force {
			t.Errorf("the pods of %s are deleted", i.ID)
		}
		asked[i.ID]++
		return 1
	}}, nil)
	c.status(types.NodegroupStatusActive, nil)
	_, err := c.eks.UpdateNodegroupConfig(context.Background(), &awseks.UpdateNodegroupConfigInput{ClusterName: ofCluster, NodegroupName: ng, ScalingConfig: &types.NodegroupScalingConfig{DesiredSize: aws.Int32(2)}})
	if err != nil {
		t.Fatal(err)
	}
	c.clock.pass(14 * cluster.Minute)
	if n := len(c.machines()); n != 3 || len(asked) != 1 {
		t.Errorf("after 14 minutes there are %d machines, %d were asked", n, len(asked))
	}
	c.clock.pass(3 * cluster.Minute)
	if n := len(c.machines()); n != 2 {
		t.Errorf("after 17 minutes there are %d machines", n)
	}
}

// TestNodegroupErrors: what cannot be is refused, and a token does what it stands for once.
func TestNodegroupErrors(t *testing.T) {
	ctx := context.Background()
	c := newCompute(t, eks.Nodes{}, func(in *awseks.CreateNodegroupInput) { in.ClientRequestToken = aws.String("t") })
	create := func(change func(*awseks.CreateNodegroupInput)) string {
		in := &awseks.CreateNodegroupInput{ClusterName: ofCluster, NodegroupName: aws.String("other"), NodeRole: aws.String("role"), Subnets: c.group().Subnets}
		change(in)
		_, err := c.eks.CreateNodegroup(ctx, in)
		return code(err)
	}
	for what, x := range map[string]struct {
		want   string
		change func(*awseks.CreateNodegroupInput)
	}{
		"the name of another": {"ResourceInUseException", func(in *awseks.CreateNodegroupInput) { in.NodegroupName = ng }},
		"another cluster":     {"ResourceNotFoundException", func(in *awseks.CreateNodegroupInput) { in.ClusterName = ng }},
		"an unknown type":     {"InvalidParameterException", func(in *awseks.CreateNodegroupInput) { in.InstanceTypes = []string{"m5.tiny"} }},
		"an unknown subnet":   {"InvalidParameterException", func(in *awseks.CreateNodegroupInput) { in.Subnets = []string{"subnet-0"} }},
		"an architecture": {"InvalidParameterException", func(in *awseks.CreateNodegroupInput) {
			in.InstanceTypes, in.AmiType = []string{"m7g.large"}, types.AMITypesAl2023X8664Standard
		}},
		"an unknown release": {"InvalidParameterException", func(in *awseks.CreateNodegroupInput) { in.ReleaseVersion = aws.String("1.36.0-19990101") }},
		"too many nodes": {"InvalidParameterException", func(in *awseks.CreateNodegroupInput) {
			in.ScalingConfig = &types.NodegroupScalingConfig{MaxSize: aws.Int32(451)}
		}},
		"the token with others": {"IdempotentParameterMismatch", func(in *awseks.CreateNodegroupInput) { in.ClientRequestToken = aws.String("t") }},
		"windows":               {"InvalidParameterException", func(in *awseks.CreateNodegroupInput) { in.AmiType = types.AMITypesWindowsFull2025X8664 }},
	} {
		if got := create(x.change); got != x.want {
			t.Errorf("%s: got %q, want %s", what, got, x.want)
		}
	}
	if got := create(func(in *awseks.CreateNodegroupInput) { in.InstanceTypes = []string{"m7g.large"} }); got != "" {
		t.Errorf("a group for arm64: %s", got)
	}
}

// TestFargateProfiles: profiles come and go, one at a time.
func TestFargateProfiles(t *testing.T) {
	l := newLab(t, world.Config{Seed: 5}, nil)
	ctx := context.Background()
	c := awseks.New(awseks.Options{Region: "us-west-2", Credentials: anyone, BaseEndpoint: &l.url, Retryer: thrice()})
	create := func(name string, namespaces ...string) error {
		in := &awseks.CreateFargateProfileInput{ClusterName: ofCluster, FargateProfileName: &name, PodExecutionRoleArn: aws.String("role")}
		for i := range namespaces {
			in.Selectors = append(in.Selectors, types.FargateProfileSelector{Namespace: &namespaces[i], Labels: map[string]string{"app": "*"}})
		}
		_, err := c.CreateFargateProfile(ctx, in)
		return err
	}
	if err := create("study", "study-*", "kube-system"); err != nil {
		t.Fatal(err)
	}
	if err := create("other", "other"); code(err) != "ResourceInUseException" {
		t.Errorf("while another is made: %v", err)
	}
	status := func() types.FargateProfileStatus {
		out, err := c.DescribeFargateProfile(ctx, &awseks.DescribeFargateProfileInput{ClusterName: ofCluster, FargateProfileName: aws.String("study")})
		if err != nil {
			return types.FargateProfileStatus(code(err))
		}
		if len(out.FargateProfile.Selectors) != 2 || *out.FargateProfile.Selectors[0].Namespace != "study-*" || len(out.FargateProfile.Subnets) != 4 {
			t.Errorf("it is %+v", out.FargateProfile)
		}
		return out.FargateProfile.Status
	}
	if s := status(); s != types.FargateProfileStatusCreating {
		t.Errorf("it is %s", s)
	}
	l.clock.pass(2 * cluster.Minute)
	if s := status(); s != types.FargateProfileStatusActive {
		t.Errorf("after two minutes it is %s", s)
	}
	for name, err := range map[string]error{
		"a namespace": create("a"), "too many": create("a", "1", "2", "3", "4", "5", "6"), "no such namespace": create("a", "_"),
	} {
		if code(err) != "InvalidParameterException" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.DeleteFargateProfile(ctx, &awseks.DeleteFargateProfileInput{ClusterName: ofCluster, FargateProfileName: aws.String("study")}); err != nil {
		t.Fatal(err)
	}
	if s := status(); s != types.FargateProfileStatusDeleting {
		t.Errorf("it is %s", s)
	}
	l.clock.pass(2 * cluster.Minute)
	if s := status(); s != "ResourceNotFoundException" {
		t.Errorf("after its end it is %s", s)
	}
}
