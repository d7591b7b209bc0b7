package autoscaling

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// How long a group takes, at speed 1. AWS gives no figures: these are what its activities
// show, within a factor of two.
const (
	// reaction is from a change to what the group does about it.
	reaction = 5 * cluster.Second
	// noticed is from the end of a machine to the health check that sees it.
	noticed = 30 * cluster.Second
	// retry is from a launch that failed to the next one.
	retry = cluster.Minute
	// rebalanceRetry is the same where it is only for the balance of zones.
	rebalanceRetry = 10 * cluster.Minute
)

// Groups are the groups of an account.
type Groups struct {
	w   *world.World
	all []*Group // in the order in which they were made
}

// New makes an account without groups.
func New(w *world.World) *Groups { return &Groups{w: w} }

// Group is an Auto Scaling group. Its settings are kept in the words of the API; what
// becomes of them is in the other fields.
type Group struct {
	types.AutoScalingGroup
	subnets    []world.Subnet
	members    []*Member // as launched
	hooks      []types.LifecycleHook
	tags       []types.Tag // by key
	activities []*types.Activity
	due        cluster.Instant // when it looks at what it has, Never while nothing is to be done
	cause      string          // why it will look, for the activities
	actual     int             // members that count, when it looked last
}

// Member is an instance of a group.
type Member struct {
	*world.Instance
	State     types.LifecycleState
	Protected bool
	// Unhealthy: somebody has said so, or its machine has ended.
	Unhealthy bool
	leaving   bool // it will be replaced, since AWS recommends it
	waiting   []wait
	activity  *types.Activity
}

// All lists the groups in the order in which they were made.
func (g *Groups) All() []*Group { return slices.Clone(g.all) }

// Find returns a group by name, nil if there is none.
func (g *Groups) Find(name string) *Group {
	i := slices.IndexFunc(g.all, func(x *Group) bool { return *x.AutoScalingGroupName == name })
	if i < 0 {
		return nil
	}
	return g.all[i]
}

// member finds the group that an instance is in.
func (g *Groups) member(id string) (*Group, *Member) {
	for _, x := range g.all {
		if m := x.Member(id); m != nil {
			return x, m
		}
	}
	return nil, nil
}

// Member finds an instance of the group, nil if it is another's.
func (x *Group) Member(id string) *Member {
	i := slices.IndexFunc(x.members, func(m *Member) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return x.members[i]
}

// Members lists the instances, those that leave included, as launched.
func (x *Group) Members() []*Member { return slices.Clone(x.members) }

// LaunchFailure says why the last launch failed, "" if it did not.
func (x *Group) LaunchFailure() string {
	for _, a := range slices.Backward(x.activities) {
		if strings.HasPrefix(*a.Description, "Launching") {
			return aws.ToString(a.StatusMessage)
		}
	}
	return ""
}

// alive are the members that count as capacity.
func (x *Group) alive() []*Member {
	var out []*Member
	for _, m := range x.members {
		if !m.ending() {
			out = append(out, m)
		}
	}
	return out
}

// ending tells whether a member is on its way out.
func (m *Member) ending() bool {
	switch m.State {
	case types.LifecycleStateTerminating, types.LifecycleStateTerminatingWait, types.LifecycleStateTerminatingProceed:
		return true
	}
	return false
}

// suspended tells whether a process of the group has been suspended.
func (x *Group) suspended(process string) bool {
	return slices.ContainsFunc(x.SuspendedProcesses, func(p types.SuspendedProcess) bool { return aws.ToString(p.ProcessName) == process })
}

// look lets a group look at what it has in a while, because of something.
func (g *Groups) look(x *Group, after cluster.Duration, cause string) {
	x.due = min(x.due, g.w.Now().Add(g.takes(after)))
	if cause != "" {
		x.cause = cause
	}
}

// takes is a duration of AWS's at the world's speed.
func (g *Groups) takes(d cluster.Duration) cluster.Duration {
	return cluster.Duration(float64(d) / g.w.Config().Speed)
}

// Next is when something will be done: by a group, or by one of its members.
func (g *Groups) Next() cluster.Instant {
	next := cluster.Never
	for _, x := range g.all {
		next = min(next, x.due)
		for _, m := range x.members {
			next = min(next, g.next(x, m))
		}
	}
	return next
}

// Step does what is due.
func (g *Groups) Step() {
	for _, x := range g.all {
		for _, m := range slices.Clone(x.members) {
			if g.next(x, m) <= g.w.Now() {
				g.advance(x, m)
			}
		}
		if x.due <= g.w.Now() {
			x.due = cluster.Never
			g.reconcile(x)
		}
	}
	g.all = slices.DeleteFunc(g.all, func(x *Group) bool {
		gone := x.Status != nil && len(x.members) == 0
		if gone {
			g.w.Note("auto scaling group %s is gone", *x.AutoScalingGroupName)
		}
		return gone
	})
}
