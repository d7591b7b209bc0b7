package eks

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsasg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/ullage-sh/ullage/awssim/autoscaling"
	"github.com/ullage-sh/ullage/awssim/ec2"
	"github.com/ullage-sh/ullage/cluster"
)

// phase is where the update of a version is, in the order of EKS's documentation.
type phase int

const (
	setup     phase = iota // a new version of the launch template
	scaleUp                // the group grows, until a new node is ready in each zone
	upgrade                // old nodes are drained and ended, a few at once
	scaleDown              // the group shrinks again, one by one
)

// rollout is the update of a group to a new version.
type rollout struct {
	phase phase
	force bool
	// own and release are the user's template and the image's release that the group is
	// updated to; from setup on, those that it had before.
	own     *types.LaunchTemplateSpecification
	release *string
	began   cluster.Instant // of the phase
	target  int64           // version of the launch template that is wanted
	former  int64
	least   int32 // bounds and size before
	most    int32
	desired int32
	drained map[string]*departure // old members that are on their way out
	pace    pace
	problem *types.ErrorDetail // why it has failed
}

// pace is how far an update has come, and when it came that far.
type pace struct {
	old, joined, ended int
	since              cluster.Instant
}

// departure is an old node that is being taken out.
type departure struct {
	since cluster.Instant
	empty cluster.Instant // 0 while it has pods
	ended bool
}

// update goes on with the update that is under way.
func (c *Compute) update(g *nodeGroup) {
	r, x := g.rollout, c.asg(g)
	switch {
	case r == nil:
		c.end(g, types.UpdateStatusSuccessful)
		return
	case x == nil:
		c.end(g, types.UpdateStatusFailed, types.ErrorDetail{ErrorCode: types.ErrorCodeUnknown, ErrorMessage: aws.String("the Auto Scaling group is gone")})
		return
	}
	switch r.phase {
	case setup:
		c.setUp(g, r, x)
	case scaleUp:
		c.scaleUp(g, r, x)
	case upgrade:
		c.upgrade(g, r, x)
	case scaleDown:
		c.scaleDown(g, r, x)
	}
}

func (r *rollout) enter(p phase, now cluster.Instant) { r.phase, r.began = p, now }

// exchange lets a group have what it is updated to, or again what it had before.
func (r *rollout) exchange(g *nodeGroup) {
	g.own, r.own = r.own, g.own
	g.ReleaseVersion, r.release = r.release, g.ReleaseVersion
	g.LaunchTemplate = g.own
}

// newVersion makes a version of the group's launch template of what the group is like now,
// and lets the Auto Scaling group launch by it.
func (c *Compute) newVersion(g *nodeGroup) (int64, error) {
	data, err := c.launchData(g)
	if err != nil {
		return 0, err
	}
	made, err := ec2.CreateLaunchTemplateVersion(c.w, nil, &awsec2.CreateLaunchTemplateVersionInput{LaunchTemplateId: &g.template, LaunchTemplateData: data})
	if err != nil {
		return 0, err
	}
	c.launchBy(g, *made.LaunchTemplateVersion.VersionNumber)
	return *made.LaunchTemplateVersion.VersionNumber, nil
}

// launchBy lets the Auto Scaling group launch by a version of the template.
func (c *Compute) launchBy(g *nodeGroup, version int64) {
	c.must(c.scaling.UpdateAutoScalingGroup(c.w, nil, &awsasg.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(g.scaling()), MixedInstancesPolicy: g.policy(g.template, strconv.FormatInt(version, 10)),
	}))
}

func (c *Compute) setUp(g *nodeGroup, r *rollout, x *autoscaling.Group) {
	former, err := strconv.ParseInt(aws.ToString(x.MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification.Version), 10, 64)
	if err != nil {
		former = 1
	}
	r.former = former
	r.exchange(g)
	if r.target, err = c.newVersion(g); err != nil {
		r.exchange(g)
		c.end(g, types.UpdateStatusFailed, types.ErrorDetail{ErrorCode: types.ErrorCodeUnknown, ErrorMessage: aws.String(err.Error())})
		return
	}
	r.least, r.most, r.desired = *x.MinSize, *x.MaxSize, *x.DesiredCapacity
	if r.desired == 0 {
		c.end(g, types.UpdateStatusSuccessful)
		return
	}
	next := upgrade
	if g.UpdateConfig.UpdateStrategy == types.NodegroupUpdateStrategiesDefault {
		next = scaleUp
		surge := int32(max(2*len(x.AvailabilityZones), g.unavailable(int(r.desired))))
		c.resize(g, r.least, r.most+surge, r.desired+surge)
	}
	r.enter(next, c.w.Now())
}

// old are the members of before the update, new the others, each by id.
func (r *rollout) split(x *autoscaling.Group) (older, newer []*autoscaling.Member) {
	for _, m := range x.Members() {
		if m.TemplateNumber == r.target {
			newer = append(newer, m)
		} else {
			older = append(older, m)
		}
	}
	slices.SortFunc(older, func(a, b *autoscaling.Member) int { return cmp.Compare(a.ID, b.ID) })
	return older, newer
}

// scaleUp waits for a new node in each zone; from then on nothing new comes to the old.
func (c *Compute) scaleUp(g *nodeGroup, r *rollout, x *autoscaling.Group) {
	zones := map[string]bool{}
	for _, m := range c.ready(x) {
		if m.TemplateNumber == r.target {
			zones[m.Zone] = true
		}
	}
	if len(zones) == len(x.AvailabilityZones) {
		older, _ := r.split(x)
		for _, m := range older {
			c.nodes.Cordon(m.Instance, true)
		}
		r.enter(upgrade, c.w.Now())
		return
	}
	if c.w.Now() >= r.began.Add(c.takes(joins)) {
		why := "Couldn't proceed with upgrade process as new nodes are not joining node group " + *g.NodegroupName
		c.giveUp(g, r, x, types.ErrorCodeNodeCreationFailure, why)
	}
}

// upgrade takes the old nodes out, as many at once as may be unavailable; where the group
// has not grown before, the new ones have to come first for those that went. Which goes
// first is chosen by their ids, which are as good as random.
func (c *Compute) upgrade(g *nodeGroup, r *rollout, x *autoscaling.Group) {
	older, newer := r.split(x)
	if c.stuck(r, x, older, newer) {
		why := "Couldn't proceed with upgrade process as new nodes are not joining node group " + *g.NodegroupName
		c.giveUp(g, r, x, types.ErrorCodeNodeCreationFailure, why)
		return
	}
	if len(older) == 0 {
		if len(c.ready(x)) == len(newer) && len(newer) >= int(*x.DesiredCapacity) {
			r.enter(scaleDown, c.w.Now())
		}
		return
	}
	under, available := 0, 0
	ready := map[string]bool{}
	for _, m := range older {
		if r.drained[m.ID] != nil {
			under++
		}
	}
	for _, m := range c.ready(x) {
		ready[m.ID] = true
		if r.drained[m.ID] == nil {
			available++
		}
	}
	few := g.unavailable(int(r.desired))
	for _, m := range older {
		d := r.drained[m.ID]
		if d == nil {
			// One that is not ready makes nothing less available.
			if under >= few || ready[m.ID] && available <= int(r.desired)-few {
				continue
			}
			under++
			if ready[m.ID] {
				available--
			}
			d = &departure{since: c.w.Now()}
			r.drained[m.ID] = d
			c.nodes.Cordon(m.Instance, true)
		}
		if !c.depart(g, r, x, m, d) {
			return
		}
	}
}

// stuck tells whether an update waits in vain for new nodes: nobody is being drained, and
// none has come or gone for as long as new nodes have to join.
func (c *Compute) stuck(r *rollout, x *autoscaling.Group, older, newer []*autoscaling.Member) bool {
	p := pace{old: len(older), since: c.w.Now()}
	for _, m := range newer {
		if m.State == asgtypes.LifecycleStateInService && c.nodes.Ready(m.Instance) {
			p.joined++
		}
	}
	for _, d := range r.drained {
		if d.ended {
			p.ended++
		}
	}
	if r.pace.since != 0 && p.old == r.pace.old && p.joined == r.pace.joined && p.ended == r.pace.ended {
		p.since = r.pace.since
	}
	r.pace = p
	return p.ended == len(r.drained) && len(c.ready(x)) < int(*x.DesiredCapacity) && c.w.Now() >= p.since.Add(c.takes(joins))
}

// depart goes on with the departure of an old node; false when the update is given up.
func (c *Compute) depart(g *nodeGroup, r *rollout, x *autoscaling.Group, m *autoscaling.Member, d *departure) bool {
	now := c.w.Now()
	late := now >= d.since.Add(c.takes(drains))
	if d.empty == 0 && c.nodes.Drain(m.Instance, r.force && late) == 0 {
		d.empty = now
	}
	switch {
	case d.empty == 0 && late && !r.force:
		why := "Reached max retries while trying to evict pods from nodes in node group " + *g.NodegroupName
		c.giveUp(g, r, x, types.ErrorCodePodEvictionFailure, why)
		return false
	case d.empty != 0 && !d.ended && now >= d.empty.Add(c.takes(settles)):
		d.ended = true
		c.must(c.scaling.TerminateInstanceInAutoScalingGroup(c.w, nil, &awsasg.TerminateInstanceInAutoScalingGroupInput{InstanceId: &m.ID, ShouldDecrementDesiredCapacity: aws.Bool(false)}))
	}
	return true
}

// giveUp ends an update that has failed: old nodes take pods again, the new ones go, and
// what comes later is as it was before.
func (c *Compute) giveUp(g *nodeGroup, r *rollout, x *autoscaling.Group, code types.ErrorCode, why string) {
	older, _ := r.split(x)
	ids := []string{}
	for _, m := range older {
		c.nodes.Cordon(m.Instance, false)
		ids = append(ids, m.ID)
	}
	r.problem = &types.ErrorDetail{ErrorCode: code, ErrorMessage: &why, ResourceIds: ids}
	r.exchange(g)
	c.launchBy(g, r.former)
	r.enter(scaleDown, c.w.Now())
}

// scaleDown shrinks the group to its size of before, one by one: by itself after an update
// that went well, and by its new nodes first after one that did not.
func (c *Compute) scaleDown(g *nodeGroup, r *rollout, x *autoscaling.Group) {
	if len(x.Members()) > int(*x.DesiredCapacity) {
		return // the last one is still on its way out
	}
	desired := *x.DesiredCapacity
	if desired > r.desired {
		_, newer := r.split(x)
		if r.problem != nil && len(newer) > 0 {
			c.must(c.scaling.TerminateInstanceInAutoScalingGroup(c.w, nil, &awsasg.TerminateInstanceInAutoScalingGroupInput{InstanceId: &newer[0].ID, ShouldDecrementDesiredCapacity: aws.Bool(true)}))
			return
		}
		c.resize(g, r.least, max(*x.MaxSize-1, r.most), desired-1)
		return
	}
	c.resize(g, r.least, r.most, desired)
	if r.problem != nil {
		c.end(g, types.UpdateStatusFailed, *r.problem)
		return
	}
	c.end(g, types.UpdateStatusSuccessful)
}
