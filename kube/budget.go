package kube

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// maxUnconfirmed is how many evictions the Eviction API lets a budget have that its
// controller has not seen through.
const maxUnconfirmed = 2000

// PodDisruptionBudget converts a PodDisruptionBudget as the Eviction API reads it: its
// status counts if it is about the newest spec, and a selector that makes no sense
// selects nothing.
func PodDisruptionBudget(b *policyv1.PodDisruptionBudget) *cluster.PodDisruptionBudget {
	d := demander{out: new(cluster.Demand)}
	s := &b.Status
	out := &cluster.PodDisruptionBudget{
		Namespace: b.Namespace, Name: b.Name, Revision: b.ResourceVersion,
		Selects: d.selector("spec.selector", b.Spec.Selector), Unready: letsUnreadyGo(b),
	}
	out.NoPods = out.Selects == nil || len(d.out.Refused) > 0
	switch {
	case s.ObservedGeneration == 0:
		out.Why = "its controller has not looked at it yet"
	case s.ObservedGeneration < b.Generation:
		out.Why = "its status is about an earlier version of it"
	case len(s.DisruptedPods) > maxUnconfirmed:
		out.Why = fmt.Sprintf("more than %d evictions under it have not been seen through", maxUnconfirmed)
	default:
		out.Allowed = max(s.DisruptionsAllowed, 0)
		if out.Allowed == 0 && s.ExpectedPods > 0 && s.DesiredHealthy >= s.ExpectedPods {
			out.Why = wantsAll(b)
		}
	}
	return out
}

// letsUnreadyGo tells whether pods that are not ready may be evicted without being
// counted: always if the policy says so, else while enough others are healthy.
func letsUnreadyGo(b *policyv1.PodDisruptionBudget) bool {
	if p := b.Spec.UnhealthyPodEvictionPolicy; p != nil && *p == policyv1.AlwaysAllow {
		return true
	}
	return b.Status.DesiredHealthy > 0 && b.Status.CurrentHealthy >= b.Status.DesiredHealthy
}

// wantsAll says that a budget will never let a pod go, and by which field.
func wantsAll(b *policyv1.PodDisruptionBudget) string {
	field := ""
	switch {
	case b.Spec.MaxUnavailable != nil:
		field = "maxUnavailable " + b.Spec.MaxUnavailable.String()
	case b.Spec.MinAvailable != nil:
		field = "minAvailable " + b.Spec.MinAvailable.String()
	}
	return fmt.Sprintf("%s of %d pods leaves none to evict", field, b.Status.ExpectedPods)
}
