package autoscaling

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/awssim/world"
)

// reconcile brings a group nearer to the number of instances that is asked for.
func (g *Groups) reconcile(x *Group) {
	alive := x.alive()
	x.actual = len(alive)
	want := int(*x.DesiredCapacity)
	leaving := 0
	for _, m := range alive {
		if m.leaving {
			leaving++
		}
	}
	switch have := len(alive) - leaving; {
	case have < want && !x.suspended("Launch"):
		if short := g.grow(x, alive, want-have, x.subnets); short > 0 {
			g.look(x, retry, "")
		}
	case have > want && !x.suspended("Terminate"):
		g.shrink(x, alive, have-want)
	case have == want && leaving > 0:
		g.relieve(x, alive)
	case have == want:
		g.rebalance(x, alive)
	}
	x.cause = ""
}

// shrink takes the members out that the policy names, of the zones that have most.
func (g *Groups) shrink(x *Group, alive []*Member, n int) {
	left := slices.Clone(alive)
	for ; n > 0; n-- {
		m := x.victim(left)
		if m == nil {
			return // all that are left are protected
		}
		left = slices.DeleteFunc(left, func(o *Member) bool { return o == m })
		g.terminate(x, m, g.because(x, "taken out of service", len(left)+1, len(left))+" At "+g.stamp()+" instance "+m.ID+" was selected for termination.")
	}
	x.actual = len(left)
}

// because is the text that says why a member was launched or taken out.
func (g *Groups) because(x *Group, done string, from, to int) string {
	change := "increasing"
	if to < from {
		change = "shrinking"
	}
	text := fmt.Sprintf("At %s an instance was %s in response to a difference between desired and actual capacity, %s the capacity from %d to %d.", g.stamp(), done, change, from, to)
	if x.cause != "" {
		text = x.cause + "  " + text
	}
	return text
}

// victim is the member that a smaller group can best do without: of the zones with most
// members, the first by the termination policies; nil if all are protected.
func (x *Group) victim(alive []*Member) *Member {
	count := map[string]int{}
	for _, m := range alive {
		count[m.Zone]++
	}
	most := 0
	for _, m := range alive {
		if !m.Protected {
			most = max(most, count[m.Zone])
		}
	}
	var best *Member
	for _, m := range alive {
		if !m.Protected && count[m.Zone] == most && (best == nil || x.policy(m, best) < 0) {
			best = m
		}
	}
	return best
}

// policy compares by the termination policies: the one that goes first is less.
func (x *Group) policy(a, b *Member) int {
	for _, p := range x.TerminationPolicies {
		order := 0
		switch p {
		case "OldestInstance":
			order = cmp.Compare(a.Launched, b.Launched)
		case "NewestInstance":
			order = cmp.Compare(b.Launched, a.Launched)
		case "OldestLaunchTemplate", "Default":
			order = cmp.Compare(a.TemplateNumber, b.TemplateNumber)
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Or(cmp.Compare(a.Launched, b.Launched), cmp.Compare(a.ID, b.ID))
}

// relieve takes out the members that AWS recommends to replace, once what was launched
// for them is in service.
func (g *Groups) relieve(x *Group, alive []*Member) {
	for _, m := range alive {
		if !m.leaving && m.State != types.LifecycleStateInService {
			return
		}
	}
	for _, m := range alive {
		if m.leaving {
			g.terminate(x, m, "At "+g.stamp()+" an instance was taken out of service in response to an EC2 instance rebalance recommendation.")
		}
	}
}

// rebalance launches in the zone that has least when another has at least two more: the
// group is then one too large, and takes one out of the zone that has most.
func (g *Groups) rebalance(x *Group, alive []*Member) {
	if x.suspended("AZRebalance") || x.suspended("Launch") || x.suspended("Terminate") || len(alive) == 0 {
		return
	}
	count := map[string]int{}
	for _, s := range x.subnets {
		count[s.Zone] = 0
	}
	for _, m := range x.members {
		if m.State != types.LifecycleStateInService {
			return // first what is under way
		}
		count[m.Zone]++
	}
	least, most := len(alive), 0
	for _, n := range count {
		least, most = min(least, n), max(most, n)
	}
	if most-least < 2 {
		return
	}
	var poor []world.Subnet
	for _, s := range x.subnets {
		if count[s.Zone] == least {
			poor = append(poor, s)
		}
	}
	x.cause = "At " + g.stamp() + " availability zones are to be balanced."
	if short := g.grow(x, alive, 1, poor); short > 0 {
		g.look(x, rebalanceRetry, "")
	}
}
