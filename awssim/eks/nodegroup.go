package eks

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/autoscaling"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// How long EKS takes, at speed 1.
const (
	// looks is how often it looks at what is under way.
	looks = 5 * cluster.Second
	// drains is how long pods have to leave a node, as EKS documents it.
	drains = 15 * cluster.Minute
	// settles is how long it waits between draining a node and ending it, documented too.
	settles = cluster.Minute
	// joins is how long new nodes have to become ready. EKS does not say.
	joins = 15 * cluster.Minute
)

// Compute is what runs the pods of the cluster: its node groups and Fargate profiles. It
// is a process of the world, on groups of Auto Scaling.
type Compute struct {
	w        *world.World
	scaling  *autoscaling.Groups
	nodes    Nodes
	groups   []*nodeGroup // in the order in which they were made
	profiles []*profile
}

// New makes a cluster without compute.
func New(w *world.World, scaling *autoscaling.Groups, nodes Nodes) *Compute {
	return &Compute{w: w, scaling: scaling, nodes: nodes.complete()}
}

// nodeGroup is a managed node group: a launch template and an Auto Scaling group that EKS
// has made for it.
type nodeGroup struct {
	types.Nodegroup
	template string // id of the launch template
	own      *types.LaunchTemplateSpecification
	updates  []*types.Update
	rollout  *rollout // of a new version, nil while there is none
	due      cluster.Instant
	began    cluster.Instant            // of creating
	leaving  map[string]cluster.Instant // members that are being drained on their way out
}

// terminateHook is the lifecycle hook in which nodes are drained.
const terminateHook = "Terminate-LC-Hook"

func (g *nodeGroup) scaling() string { return *g.Resources.AutoScalingGroups[0].Name }

// asg is the Auto Scaling group; nil before it is made and after it has been deleted.
func (c *Compute) asg(g *nodeGroup) *autoscaling.Group {
	if g.Resources == nil {
		return nil
	}
	return c.scaling.Find(g.scaling())
}

// NodeGroups lists the node groups in the order in which they were made.
func (c *Compute) NodeGroups() []types.Nodegroup {
	var out []types.Nodegroup
	for _, g := range c.groups {
		out = append(out, *c.describe(g))
	}
	return out
}

func (c *Compute) takes(d cluster.Duration) cluster.Duration {
	return cluster.Duration(float64(d) / c.w.Config().Speed)
}

// busy tells whether something of a group is under way.
func (c *Compute) busy(g *nodeGroup) bool {
	switch g.Status {
	case types.NodegroupStatusCreating, types.NodegroupStatusUpdating, types.NodegroupStatusDeleting:
		return true
	}
	return len(c.departing(g)) > 0
}

// departing are the members that wait to be drained.
func (c *Compute) departing(g *nodeGroup) []*autoscaling.Member {
	x := c.asg(g)
	if x == nil {
		return nil
	}
	return slices.DeleteFunc(x.Members(), func(m *autoscaling.Member) bool { return m.State != asgtypes.LifecycleStateTerminatingWait })
}

// Next is when something goes on.
func (c *Compute) Next() cluster.Instant {
	next := cluster.Never
	for _, g := range c.groups {
		if c.busy(g) {
			next = min(next, g.due)
		}
	}
	for _, p := range c.profiles {
		next = min(next, p.due)
	}
	return next
}

// Step goes on with what is due.
func (c *Compute) Step() {
	now := c.w.Now()
	for _, g := range c.groups {
		if !c.busy(g) || g.due > now {
			continue
		}
		g.due = now.Add(c.takes(looks))
		c.drain(g)
		switch g.Status {
		case types.NodegroupStatusCreating:
			c.create(g)
		case types.NodegroupStatusUpdating:
			c.update(g)
		case types.NodegroupStatusDeleting:
			c.delete(g)
		}
	}
	c.groups = slices.DeleteFunc(c.groups, func(g *nodeGroup) bool { return g.Status == "" })
	c.stepProfiles()
}

// drain lets the pods of members leave that Auto Scaling takes out of service: when they
// have, or have had their time, the members go. Disruption budgets only delay that.
func (c *Compute) drain(g *nodeGroup) {
	for _, m := range c.departing(g) {
		since, known := g.leaving[m.ID]
		if !known {
			since = c.w.Now()
			g.leaving[m.ID] = since
			c.nodes.Cordon(m.Instance, true)
		}
		if c.nodes.Drain(m.Instance, false) > 0 && c.w.Now() < since.Add(c.takes(drains)) {
			continue
		}
		delete(g.leaving, m.ID)
		_, err := c.scaling.CompleteLifecycleAction(c.w, nil, &awsasg.CompleteLifecycleActionInput{
			AutoScalingGroupName: aws.String(g.scaling()), LifecycleHookName: aws.String(terminateHook), InstanceId: &m.ID, LifecycleActionResult: aws.String("CONTINUE"),
		})
		if err != nil {
			c.w.Note("node group %s: %s: %v", *g.NodegroupName, m.ID, err)
		}
	}
}

// ready are the members whose nodes are ready.
func (c *Compute) ready(x *autoscaling.Group) []*autoscaling.Member {
	return slices.DeleteFunc(x.Members(), func(m *autoscaling.Member) bool {
		return m.State != asgtypes.LifecycleStateInService || !c.nodes.Ready(m.Instance)
	})
}

// create waits until the nodes that are asked for are there.
func (c *Compute) create(g *nodeGroup) {
	if g.Resources == nil {
		if err := c.build(g); err != nil {
			c.fail(g, types.NodegroupIssueCodeEc2LaunchTemplateInvalidConfiguration, err.Error())
		}
		return
	}
	x := c.asg(g)
	switch {
	case x == nil:
		c.fail(g, types.NodegroupIssueCodeAutoScalingGroupNotFound, "the Auto Scaling group "+g.scaling()+" is gone")
	case len(c.ready(x)) >= int(*x.DesiredCapacity):
		g.Status, g.Health = types.NodegroupStatusActive, &types.NodegroupHealth{Issues: []types.Issue{}}
		c.w.Note("node group %s is active", *g.NodegroupName)
	case c.w.Now() >= g.began.Add(c.takes(joins)):
		if why := x.LaunchFailure(); why != "" && len(x.Members()) < int(*x.DesiredCapacity) {
			c.fail(g, types.NodegroupIssueCodeAsgInstanceLaunchFailures, why)
			return
		}
		c.fail(g, types.NodegroupIssueCodeNodeCreationFailure, "Instances failed to join the kubernetes cluster")
	}
}

// fail ends the making of a group.
func (c *Compute) fail(g *nodeGroup, code types.NodegroupIssueCode, message string) {
	g.Status = types.NodegroupStatusCreateFailed
	g.Health = &types.NodegroupHealth{Issues: []types.Issue{{Code: code, Message: &message, ResourceIds: c.members(g)}}}
	c.w.Note("node group %s failed: %s: %s", *g.NodegroupName, code, message)
}

// members are the ids of a group's instances, sorted.
func (c *Compute) members(g *nodeGroup) []string {
	ids := []string{}
	if x := c.asg(g); x != nil {
		for _, m := range x.Members() {
			ids = append(ids, m.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// delete ends a group's nodes, drained, and then what it was made of.
func (c *Compute) delete(g *nodeGroup) {
	if x := c.asg(g); x != nil {
		if x.Status == nil && len(x.Members()) == 0 {
			c.must(c.scaling.DeleteAutoScalingGroup(c.w, nil, &awsasg.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String(g.scaling())}))
		}
		return
	}
	if t := c.w.Template(g.template, ""); t != nil {
		c.w.DeleteTemplate(t)
	}
	c.w.Note("node group %s is gone", *g.NodegroupName)
	g.Status = "" // Step forgets it
}

// must writes down that something failed that cannot.
func (c *Compute) must(_ any, err error) {
	if err != nil {
		c.w.Note("eks: %v", err)
	}
}

// resize sets the bounds and the size of a group's Auto Scaling group.
func (c *Compute) resize(g *nodeGroup, least, most, desired int32) {
	c.must(c.scaling.UpdateAutoScalingGroup(c.w, nil, &awsasg.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(g.scaling()), MinSize: &least, MaxSize: &most, DesiredCapacity: &desired,
	}))
}

// unavailable is how many nodes an update may take out of service at once: up to 100.
func (g *nodeGroup) unavailable(nodes int) int {
	n := int(aws.ToInt32(g.UpdateConfig.MaxUnavailable))
	if percent := g.UpdateConfig.MaxUnavailablePercentage; percent != nil {
		n = (nodes*int(*percent) + 99) / 100
	}
	return min(max(n, 1), 100)
}
