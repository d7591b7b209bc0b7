package autoscaling

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/ullage-sh/ullage/awssim/world"
)

// addHook adds a hook to a group, or replaces the one of that name.
func (x *Group) addHook(h types.LifecycleHook) error {
	name, transition, result := aws.ToString(h.LifecycleHookName), aws.ToString(h.LifecycleTransition), *h.DefaultResult
	switch {
	case name == "" || len(name) > 255:
		return invalid("LifecycleHookName has 1 to 255 characters, not %d", len(name))
	case transition != launching && transition != terminating:
		return invalid("The lifecycle transition %.60q is none: want %s or %s", transition, launching, terminating)
	case result != proceed && result != abandon:
		return invalid("The default result is %.40q: want %s or %s", result, proceed, abandon)
	case *h.HeartbeatTimeout < 30 || *h.HeartbeatTimeout > 7200:
		return invalid("HeartbeatTimeout is %d: want 30 to 7200 seconds", *h.HeartbeatTimeout)
	}
	switch there := x.hook(h.LifecycleHookName); {
	case there != nil:
		*there = h
	case len(x.hooks) == 50:
		return invalid("A group has up to 50 lifecycle hooks")
	default:
		x.hooks = append(x.hooks, h)
	}
	return nil
}

// PutLifecycleHook adds a hook, or changes one: what it does not say is then as it was,
// and a new one needs a transition. Instances that wait already wait as before.
func (g *Groups) PutLifecycleHook(_ *world.World, _ *world.Call, in *autoscaling.PutLifecycleHookInput) (*autoscaling.PutLifecycleHookOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	var next types.LifecycleHook
	if before := x.hook(in.LifecycleHookName); before != nil {
		next = *before
	}
	set(&next.LifecycleTransition, in.LifecycleTransition)
	set(&next.DefaultResult, in.DefaultResult)
	set(&next.HeartbeatTimeout, in.HeartbeatTimeout)
	set(&next.NotificationMetadata, in.NotificationMetadata)
	set(&next.NotificationTargetARN, in.NotificationTargetARN)
	set(&next.RoleARN, in.RoleARN)
	h := makeHook(x.AutoScalingGroupName, in.LifecycleHookName, next.LifecycleTransition, next.DefaultResult, next.HeartbeatTimeout, next.NotificationMetadata, next.NotificationTargetARN, next.RoleARN)
	return &autoscaling.PutLifecycleHookOutput{}, x.addHook(h)
}

// hook finds a hook of the group by name, nil for none.
func (x *Group) hook(name *string) *types.LifecycleHook {
	for i := range x.hooks {
		if *x.hooks[i].LifecycleHookName == aws.ToString(name) {
			return &x.hooks[i]
		}
	}
	return nil
}

// DescribeLifecycleHooks shows a group's hooks.
func (g *Groups) DescribeLifecycleHooks(_ *world.World, _ *world.Call, in *autoscaling.DescribeLifecycleHooksInput) (*autoscaling.DescribeLifecycleHooksOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.DescribeLifecycleHooksOutput{LifecycleHooks: []types.LifecycleHook{}}
	for _, h := range x.hooks {
		if len(in.LifecycleHookNames) == 0 || slices.Contains(in.LifecycleHookNames, *h.LifecycleHookName) {
			out.LifecycleHooks = append(out.LifecycleHooks, h)
		}
	}
	return out, nil
}

// DeleteLifecycleHook removes a hook; who waits for it goes on with its default result.
func (g *Groups) DeleteLifecycleHook(_ *world.World, _ *world.Call, in *autoscaling.DeleteLifecycleHookInput) (*autoscaling.DeleteLifecycleHookOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(x.hooks, func(h types.LifecycleHook) bool { return *h.LifecycleHookName == aws.ToString(in.LifecycleHookName) })
	if i < 0 {
		return nil, noHook(in.LifecycleHookName)
	}
	h := x.hooks[i]
	x.hooks = slices.Delete(x.hooks, i, i+1)
	for _, m := range slices.Clone(x.members) {
		g.complete(x, m, *h.LifecycleHookName, *h.DefaultResult)
	}
	return &autoscaling.DeleteLifecycleHookOutput{}, nil
}

func noHook(name *string) error {
	return invalid("No active Lifecycle Action found with the hook %.255s", aws.ToString(name))
}

// waiter finds the member that an action is about, by instance or by token.
func (x *Group) waiter(id, token *string, hook *string) *Member {
	for _, m := range x.members {
		for _, w := range m.waiting {
			if *w.hook.LifecycleHookName == aws.ToString(hook) && (m.ID == aws.ToString(id) || (token != nil && w.token == *token)) {
				return m
			}
		}
	}
	return nil
}

// CompleteLifecycleAction says that a hook's work on an instance is done.
func (g *Groups) CompleteLifecycleAction(_ *world.World, _ *world.Call, in *autoscaling.CompleteLifecycleActionInput) (*autoscaling.CompleteLifecycleActionOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	result := aws.ToString(in.LifecycleActionResult)
	if result != proceed && result != abandon {
		return nil, invalid("The result is %.40q: want %s or %s", result, proceed, abandon)
	}
	m := x.waiter(in.InstanceId, in.LifecycleActionToken, in.LifecycleHookName)
	if m == nil {
		return nil, noHook(in.LifecycleHookName)
	}
	g.complete(x, m, *in.LifecycleHookName, result)
	return &autoscaling.CompleteLifecycleActionOutput{}, nil
}

// RecordLifecycleActionHeartbeat gives a hook's work on an instance more time.
func (g *Groups) RecordLifecycleActionHeartbeat(_ *world.World, _ *world.Call, in *autoscaling.RecordLifecycleActionHeartbeatInput) (*autoscaling.RecordLifecycleActionHeartbeatOutput, error) {
	x, err := g.named(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	m := x.waiter(in.InstanceId, in.LifecycleActionToken, in.LifecycleHookName)
	if m == nil || !g.hold(m, *in.LifecycleHookName, aws.ToString(in.LifecycleActionToken)) {
		return nil, noHook(in.LifecycleHookName)
	}
	return &autoscaling.RecordLifecycleActionHeartbeatOutput{}, nil
}
