package replay

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/plan"
)

// reserved is the key of the taint that keeps a node for the pods planned for it.
const reserved = "ullage.sh/reserved"

// reserve taints the nodes of a plan, and gives the pods of each a toleration of its
// taint. An API server lets tolerations be added to pods that exist.
func (r *run) reserve(p *plan.Plan, nodes []string) {
	of := map[string]string{} // node of each pod
	for i, c := range p.Creates {
		n := r.objects.Node(nodes[i]).DeepCopy()
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: reserved, Value: nodes[i], Effect: corev1.TaintEffectNoSchedule})
		r.replace(n)
		for _, pod := range c.Pods {
			of[pod.ID()] = nodes[i]
		}
	}
	for i, pod := range r.objects.Pods {
		node, planned := of[key(pod.Namespace, pod.Name)]
		if !planned || pod.Spec.NodeName != "" {
			continue
		}
		may := *pod // nothing of what is shared is written to
		may.Spec.Tolerations = append(slices.Clone(pod.Spec.Tolerations),
			corev1.Toleration{Key: reserved, Operator: corev1.TolerationOpEqual, Value: node, Effect: corev1.TaintEffectNoSchedule})
		may.ResourceVersion = node // the scheduler overlooks changes of one version
		r.objects.Pods[i] = &may
		r.loop.add(&may)
	}
}

// open lets all pods onto nodes that were reserved.
func (r *run) open(nodes []string) {
	for _, name := range nodes {
		n := r.objects.Node(name).DeepCopy()
		n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == reserved })
		r.replace(n)
		r.loop.informers.Put(n)
	}
}

func (r *run) replace(n *corev1.Node) {
	at := slices.IndexFunc(r.objects.Nodes, func(old *corev1.Node) bool { return old.Name == n.Name })
	r.objects.Nodes[at] = n
}
