package autoscaling

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// next is when a member changes by itself; Never while it does not.
func (g *Groups) next(x *Group, m *Member) cluster.Instant {
	at := cluster.Never
	soon := func(since cluster.Instant, after cluster.Duration) {
		if since != 0 {
			at = min(at, since.Add(after))
		}
	}
	switch m.State {
	case types.LifecycleStatePending:
		soon(m.Ran, 0)
	case types.LifecycleStatePendingWait, types.LifecycleStateTerminatingWait:
		for _, w := range m.waiting {
			at = min(at, w.until, w.limit)
		}
	case types.LifecycleStateInService:
		if aws.ToBool(x.CapacityRebalance) && m.Rebalance && !m.leaving {
			return 0
		}
	}
	if m.ending() {
		soon(m.Terminated, 0)
	} else if !x.suspended("HealthCheck") && !x.suspended("ReplaceUnhealthy") {
		soon(m.Stopping, g.takes(noticed))
		if m.Unhealthy {
			return 0
		}
	}
	return at
}

// advance takes a member one step further.
func (g *Groups) advance(x *Group, m *Member) {
	ended := m.Stopping != 0 && m.Stopping.Add(g.takes(noticed)) <= g.w.Now()
	switch {
	case m.ending() && m.Terminated != 0:
		g.gone(x, m)
	case !m.ending() && (ended || m.Unhealthy):
		g.replace(x, m)
	case m.State == types.LifecycleStatePending:
		g.enter(x, m, types.LifecycleStatePendingWait)
	case m.State == types.LifecycleStateInService && m.Rebalance:
		m.leaving = true
		g.look(x, reaction, "")
	default:
		g.timeOut(x, m)
	}
}

// serve takes a member into service.
func (g *Groups) serve(x *Group, m *Member) {
	m.State = types.LifecycleStateInService
	g.end(m.activity, types.ScalingActivityStatusCodeSuccessful, "")
	g.w.Note("auto scaling group %s: %s in service", *x.AutoScalingGroupName, m.ID)
	g.look(x, reaction, "")
}

// replace takes a member out of service that is not well; the group launches another.
func (g *Groups) replace(x *Group, m *Member) {
	why := "an instance was taken out of service in response to a user health-check."
	if m.Stopping != 0 {
		why = "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped."
	}
	m.Unhealthy = true
	g.terminate(x, m, "At "+g.stamp()+" "+why)
	g.look(x, reaction, "At "+g.stamp()+" an instance is to be launched in response to an unhealthy instance needing to be replaced.")
}

// terminate takes a member out of the group; its hooks have their time.
func (g *Groups) terminate(x *Group, m *Member, cause string) {
	if a := m.activity; a != nil && a.EndTime == nil {
		g.end(a, types.ScalingActivityStatusCodeCancelled, "The instance is being terminated.")
	}
	m.State, m.waiting = types.LifecycleStateTerminating, nil
	m.activity = g.begin(x, "Terminating EC2 instance: "+m.ID, cause, m.Zone, m.SubnetID)
	if m.Stopping != 0 {
		if m.Terminated != 0 {
			g.gone(x, m)
		}
		return // there is nothing left to wait with
	}
	g.enter(x, m, types.LifecycleStateTerminatingWait)
}

// stop ends a member's machine.
func (g *Groups) stop(x *Group, m *Member) {
	if err := g.w.Terminate([]string{m.ID}); err != nil {
		g.end(m.activity, types.ScalingActivityStatusCodeFailed, err.Error())
		return
	}
	g.w.Note("auto scaling group %s: %s terminates", *x.AutoScalingGroupName, m.ID)
}

// gone forgets a member whose machine has ended.
func (g *Groups) gone(x *Group, m *Member) {
	g.end(m.activity, types.ScalingActivityStatusCodeSuccessful, "")
	x.members = slices.DeleteFunc(x.members, func(o *Member) bool { return o == m })
	g.look(x, reaction, "")
}

// begin writes an activity down that is under way.
func (g *Groups) begin(x *Group, what, cause, zone, subnet string) *types.Activity {
	a := &types.Activity{
		ActivityId: aws.String(g.w.UUID("activity")), AutoScalingGroupName: x.AutoScalingGroupName, AutoScalingGroupARN: x.AutoScalingGroupARN,
		Description: aws.String(what), Cause: aws.String(cause), StartTime: aws.Time(world.Time(g.w.Now())), StatusCode: types.ScalingActivityStatusCodeInProgress,
		Progress: aws.Int32(0), Details: aws.String(fmt.Sprintf(`{"Subnet ID":%q,"Availability Zone":%q}`, subnet, zone)),
	}
	x.activities = append(x.activities, a)
	x.forget(g.w.Now())
	return a
}

// Bounds on the activities that a group remembers. AWS documents the six weeks; the
// number keeps a group that cannot launch, and tries each minute, from growing for ever.
const (
	remembered    = 42 * 24 * cluster.Hour
	maxActivities = 1000
)

// forget drops activities that are over, the oldest first, while they are too old or too
// many.
func (x *Group) forget(now cluster.Instant) {
	old := func(a *types.Activity) bool {
		return a.EndTime != nil && world.Instant(*a.EndTime).Add(remembered) <= now
	}
	many := len(x.activities) - maxActivities
	if many <= 0 && !old(x.activities[0]) {
		return
	}
	x.activities = slices.DeleteFunc(x.activities, func(a *types.Activity) bool {
		if a.EndTime == nil || many <= 0 && !old(a) {
			return false
		}
		many--
		return true
	})
}

// end closes an activity.
func (g *Groups) end(a *types.Activity, code types.ScalingActivityStatusCode, message string) {
	if a == nil || a.EndTime != nil {
		return
	}
	a.StatusCode, a.Progress, a.EndTime = code, aws.Int32(100), aws.Time(world.Time(g.w.Now()))
	if message != "" {
		a.StatusMessage = &message
	}
}

// stamp is now, as activities have it.
func (g *Groups) stamp() string { return world.Time(g.w.Now()).Format("2006-01-02T15:04:05Z") }

// describe is a member as the API shows it.
func (m *Member) describe() types.Instance {
	health := "Healthy"
	if m.Unhealthy {
		health = "Unhealthy"
	}
	out := types.Instance{
		InstanceId: aws.String(m.ID), AvailabilityZone: aws.String(m.Zone), InstanceType: aws.String(m.Type), LifecycleState: m.State,
		HealthStatus: aws.String(health), ProtectedFromScaleIn: aws.Bool(m.Protected), ImageId: aws.String(m.ImageID),
	}
	if m.TemplateID != "" {
		out.LaunchTemplate = &types.LaunchTemplateSpecification{
			LaunchTemplateId: aws.String(m.TemplateID), LaunchTemplateName: aws.String(m.TemplateName), Version: aws.String(fmt.Sprint(m.TemplateNumber)),
		}
	}
	return out
}
