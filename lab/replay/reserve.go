package replay

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// reserve taints the nodes of a plan, and gives the pods of each a toleration of its
// taint. An API server lets tolerations be added to pods that exist.
func (r *run) reserve(p *plan.Plan, nodes []string) {
	of := map[string]string{} // node of each pod
	for i, c := range p.Creates {
		n := r.objects.Node(nodes[i]).DeepCopy()
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: cluster.ReservedKey, Value: nodes[i], Effect: corev1.TaintEffectNoSchedule})
		r.replace(n)
		for _, pod := range c.Pods {
			of[pod.ID()] = nodes[i]
			r.meant[nodes[i]] = append(r.meant[nodes[i]], pod)
		}
	}
	for i, pod := range r.objects.Pods {
		node, planned := of[pod.Namespace+"/"+pod.Name]
		if !planned || pod.Spec.NodeName != "" {
			continue
		}
		may := *pod // nothing of what is shared is written to
		may.Spec.Tolerations = append(slices.Clone(pod.Spec.Tolerations),
			corev1.Toleration{Key: cluster.ReservedKey, Operator: corev1.TolerationOpEqual, Value: node, Effect: corev1.TaintEffectNoSchedule})
		may.ResourceVersion = node // the scheduler overlooks changes of one version
		r.objects.Pods[i] = &may
		r.loop.Add(&may)
	}
}

// openFilled opens the nodes that are ready and have all the pods they are reserved
// for, unless a pod still waits for which it matters where others go.
func (r *run) openFilled(ctx context.Context) {
	waits := func(p *cluster.Pod) bool { return r.loop.Node(p.ID()) == "" }
	for {
		var filled []string
		for _, name := range slices.Sorted(maps.Keys(r.meant)) {
			pods := r.meant[name]
			if slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return waits(p) && p.DependsOnOthers() }) {
				return
			}
			if r.up[name] && !slices.ContainsFunc(pods, waits) {
				filled = append(filled, name)
			}
		}
		if len(filled) == 0 {
			return
		}
		r.open(filled)
		r.loop.Drain(ctx) // whoever comes now may have been the last elsewhere
	}
}

// open lets all pods onto nodes that were reserved.
func (r *run) open(nodes []string) {
	for _, name := range nodes {
		if _, closed := r.meant[name]; !closed {
			continue
		}
		delete(r.meant, name)
		n := r.objects.Node(name).DeepCopy()
		n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == cluster.ReservedKey })
		r.replace(n)
		r.loop.Informers.Put(n)
	}
}

func (r *run) replace(n *corev1.Node) {
	at := slices.IndexFunc(r.objects.Nodes, func(old *corev1.Node) bool { return old.Name == n.Name })
	r.objects.Nodes[at] = n
}
