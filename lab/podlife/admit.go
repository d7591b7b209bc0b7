package podlife

import (
	corev1 "k8s.io/api/core/v1"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/kubelet/lifecycle"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/tainttoleration"
)

// Admit tells whether a kubelet takes a pod on, next to the others that it has
// taken on already, and if not, why. The filters are the scheduler's own, which
// the real kubelet asks too; node is not changed.
func Admit(pod *corev1.Pod, node *corev1.Node, others []*corev1.Pod) (Rejection, bool) {
	info := framework.NewNodeInfo(others...)
	info.SetNode(node)
	if failed := scheduler.AdmissionCheck(pod, info, false); len(failed) > 0 {
		r := failed[0]
		if short := r.InsufficientResource; short != nil {
			return reject(lifecycle.InsufficientResourcePrefix+string(short.ResourceName), &lifecycle.InsufficientResourceError{
				ResourceName: short.ResourceName, Requested: short.Requested, Used: short.Used, Capacity: short.Capacity,
			})
		}
		return reject(r.Name, &lifecycle.PredicateFailureError{PredicateName: r.Name, PredicateDesc: r.Reason})
	}
	evicts := func(t *corev1.Taint) bool { return t.Effect == corev1.TaintEffectNoExecute }
	if _, bad := corev1helpers.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, pod.Spec.Tolerations, evicts, true); bad {
		return reject(tainttoleration.Name, &lifecycle.PredicateFailureError{
			PredicateName: tainttoleration.Name, PredicateDesc: tainttoleration.ErrReasonNotMatch})
	}
	return Rejection{}, true
}

func reject(reason string, why error) (Rejection, bool) {
	return Rejection{Reason: reason, Message: "Pod was rejected: " + why.Error()}, false
}
