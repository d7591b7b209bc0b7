package check

import (
	"slices"
	"strconv"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	podresources "k8s.io/component-helpers/resource"
	corehelpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// check looks at what a node and its pods have to do with each other.
func (n *node) check(r *Report) {
	used := corev1.ResourceList{corev1.ResourcePods: *resource.NewQuantity(int64(len(n.pods)), resource.DecimalSI)}
	for _, p := range n.pods {
		for name, q := range podresources.PodRequests(p.Pod, podresources.PodResourcesOptions{}) {
			sum := used[name]
			sum.Add(q)
			used[name] = sum
		}
	}
	for name, sum := range used {
		if room := n.Status.Allocatable[name]; sum.Sign() > 0 && sum.Cmp(room) > 0 {
			for _, p := range n.pods {
				if p.planned {
					r.violated(Resources, "%s: its pods ask for %s of %s, it has %s", n.Name, sum.String(), name, room.String())
				}
			}
			break
		}
	}
	for _, p := range n.pods {
		if !p.planned {
			continue
		}
		if !selects(p.Pod, n.Node) {
			r.violated(NodeSelection, "%s on %s", p.id, n.Name)
		}
		if taint, bad := untolerated(p.Pod, n.Node); bad {
			r.violated(Taints, "%s on %s: %s", p.id, n.Name, taint.ToString())
		}
	}
}

// selects tells whether a pod's node selector and required node affinity match.
func selects(p *corev1.Pod, n *corev1.Node) bool {
	ok, err := nodeaffinity.GetRequiredNodeAffinity(p).Match(n)
	return ok && err == nil
}

// untolerated returns a taint of a node that keeps a pod from being scheduled.
func untolerated(p *corev1.Pod, n *corev1.Node) (corev1.Taint, bool) {
	hard := func(t *corev1.Taint) bool { return t.Effect != corev1.TaintEffectPreferNoSchedule }
	return corehelpers.FindMatchingUntoleratedTaint(logr.Discard(), n.Spec.Taints, p.Spec.Tolerations, hard, true)
}

// allows tells whether labels meet a pool's requirement.
func allows(q karpv1.NodeSelectorRequirementWithMinValues, labels map[string]string) bool {
	value, present := labels[q.Key]
	switch q.Operator {
	case corev1.NodeSelectorOpIn:
		return present && slices.Contains(q.Values, value)
	case corev1.NodeSelectorOpNotIn:
		return !slices.Contains(q.Values, value)
	case corev1.NodeSelectorOpExists:
		return present
	case corev1.NodeSelectorOpDoesNotExist:
		return !present
	}
	number, err := strconv.Atoi(value)
	if err != nil || len(q.Values) != 1 {
		return false
	}
	bound, err := strconv.Atoi(q.Values[0])
	switch {
	case err != nil:
		return false
	case q.Operator == corev1.NodeSelectorOpGt:
		return number > bound
	case q.Operator == corev1.NodeSelectorOpLt:
		return number < bound
	case q.Operator == karpv1.NodeSelectorOpGte:
		return number >= bound
	case q.Operator == karpv1.NodeSelectorOpLte:
		return number <= bound
	}
	return false
}
