// Package autoscaling is EC2 Auto Scaling: groups of instances that are kept at the number
// that somebody has asked for.
//
// It owns the groups and what they do by themselves ([Groups] is a process of the world):
// launching and terminating, spread over zones; replacing what has died; lifecycle hooks
// with their timeouts; scale-in protection; and the record of all that, the scaling
// activities. Machines are EC2's: a group launches them as CreateFleet does, with the
// launch template's versions as they are at that time.
//
// It refuses what would change how many or which instances there are and is not done:
// launch configurations, weights, scaling policies, warm pools, load balancers.
package autoscaling
