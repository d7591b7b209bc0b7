package autoscaling

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/cluster"
)

// The transitions that hooks are for.
const (
	launching   = "autoscaling:EC2_INSTANCE_LAUNCHING"
	terminating = "autoscaling:EC2_INSTANCE_TERMINATING"
)

// What becomes of an instance when its hook is done.
const (
	proceed = "CONTINUE"
	abandon = "ABANDON"
)

// wait is a hook that a member waits for. How long was said by who made the hook, and is
// by the clock, whatever the world's speed.
type wait struct {
	hook  types.LifecycleHook
	token string
	until cluster.Instant // unless there is a heartbeat
	limit cluster.Instant // whatever there is
}

// enter lets a member wait for the hooks of a transition, or go on where there are none.
func (g *Groups) enter(x *Group, m *Member, state types.LifecycleState) {
	transition, kind := launching, "EC2 Instance-launch Lifecycle Action"
	if state == types.LifecycleStateTerminatingWait {
		transition, kind = terminating, "EC2 Instance-terminate Lifecycle Action"
	}
	now := g.w.Now()
	for _, h := range x.hooks {
		if *h.LifecycleTransition != transition {
			continue
		}
		w := wait{hook: h, token: g.w.UUID("hook"), until: now.Add(heartbeat(h)), limit: now.Add(cluster.Duration(*h.GlobalTimeout) * cluster.Second)}
		m.waiting = append(m.waiting, w)
		detail := map[string]any{
			"LifecycleActionToken": w.token, "AutoScalingGroupName": *x.AutoScalingGroupName, "LifecycleHookName": *h.LifecycleHookName,
			"EC2InstanceId": m.ID, "LifecycleTransition": transition,
		}
		if h.NotificationMetadata != nil {
			detail["NotificationMetadata"] = *h.NotificationMetadata
		}
		g.w.Publish("aws.autoscaling", kind, *x.AutoScalingGroupARN, detail)
	}
	if len(m.waiting) == 0 {
		g.proceed(x, m, proceed)
		return
	}
	m.State = state
	m.activity.StatusCode = types.ScalingActivityStatusCodeMidLifecycleAction
}

func heartbeat(h types.LifecycleHook) cluster.Duration {
	return cluster.Duration(*h.HeartbeatTimeout) * cluster.Second
}

// timeOut ends the hooks whose time is over, with their own result.
func (g *Groups) timeOut(x *Group, m *Member) {
	now := g.w.Now()
	for _, w := range slices.Clone(m.waiting) {
		if min(w.until, w.limit) <= now {
			g.complete(x, m, *w.hook.LifecycleHookName, *w.hook.DefaultResult)
		}
	}
}

// complete ends the wait for a hook, where the member waits for it.
func (g *Groups) complete(x *Group, m *Member, hook, result string) {
	i := slices.IndexFunc(m.waiting, func(w wait) bool { return *w.hook.LifecycleHookName == hook })
	if i < 0 {
		return
	}
	m.waiting = slices.Delete(m.waiting, i, i+1)
	// A launch that one hook gives up is given up; an end comes sooner or later.
	if result == abandon || len(m.waiting) == 0 {
		m.waiting = nil
		g.proceed(x, m, result)
	}
}

// proceed takes a member on behind its hooks.
func (g *Groups) proceed(x *Group, m *Member, result string) {
	switch {
	case m.ending():
		m.State = types.LifecycleStateTerminatingProceed
		g.stop(x, m)
	case result == abandon:
		g.end(m.activity, types.ScalingActivityStatusCodeCancelled, "Lifecycle Action with the result ABANDON")
		g.terminate(x, m, "At "+g.stamp()+" a launch was abandoned by a lifecycle action.")
		g.look(x, reaction, "At "+g.stamp()+" an instance is to be launched in place of one that was abandoned.")
	default:
		m.State = types.LifecycleStatePendingProceed
		g.serve(x, m)
	}
}

// hold puts off the timeout of a hook that a member waits for.
func (g *Groups) hold(m *Member, hook, token string) bool {
	for i, w := range m.waiting {
		if *w.hook.LifecycleHookName == hook && (token == "" || token == w.token) {
			m.waiting[i].until = g.w.Now().Add(heartbeat(w.hook))
			return true
		}
	}
	return false
}

// makeHook makes a hook of what a request says; addHook checks it.
func makeHook(group *string, name, transition, result *string, timeout *int32, metadata, target, role *string) types.LifecycleHook {
	h := types.LifecycleHook{
		AutoScalingGroupName: group, LifecycleHookName: name, LifecycleTransition: transition, DefaultResult: aws.String(cmp.Or(aws.ToString(result), abandon)),
		HeartbeatTimeout: orDefault(timeout, 3600), NotificationMetadata: metadata, NotificationTargetARN: target, RoleARN: role,
	}
	h.GlobalTimeout = aws.Int32(min(100**h.HeartbeatTimeout, 172800))
	return h
}
