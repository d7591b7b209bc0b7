package check

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

// world is the final state: all nodes, and all pods on them.
type world struct {
	nodes []*node
	pods  []*pod
	wait  []*corev1.Pod // all that waited, placed or not
	late  []string      // those that are to come last
}

// node is a node with its pods.
type node struct {
	*corev1.Node
	pods []*pod
}

// pod is a pod on a node.
type pod struct {
	*corev1.Pod
	id      string
	node    *node
	planned bool // false for what ran before
}

// newWorld carries out a plan. What does not add up goes into the report and is
// left out.
func newWorld(in *record.Input, p *record.Plan, r *Report) *world {
	w := &world{wait: in.Pods, late: p.Late}
	byName := map[string]*node{}
	for _, n := range in.Nodes {
		byName[n.Name] = w.add(n)
	}
	for _, q := range in.Running {
		w.put(q, byName[q.Spec.NodeName], false)
	}
	waiting := make(map[string]*corev1.Pod, len(in.Pods))
	for _, q := range in.Pods {
		waiting[record.PodID(q)] = q
	}
	offers := newOffers(in)
	for i := range p.Nodes {
		planned := &p.Nodes[i]
		n := byName[planned.Name]
		switch {
		case planned.Existing && n == nil:
			r.violated(Accounting, "node %s is said to exist and is not in the input", planned.Name)
			continue
		case !planned.Existing && n != nil:
			r.violated(Accounting, "new node %s has the name of another", planned.Name)
			continue
		case !planned.Existing:
			object := offers.node(planned, r)
			if object == nil {
				continue
			}
			n = w.add(object)
			byName[planned.Name] = n
			r.Cost += planned.Price
		}
		for _, id := range planned.Pods {
			if waiting[id] == nil {
				r.violated(Accounting, "pod %s on node %s does not wait, or is placed twice", id, planned.Name)
				continue
			}
			w.put(waiting[id], n, true)
			r.Placed++
			delete(waiting, id)
		}
	}
	for _, u := range p.Unschedulable {
		if waiting[u.Pod] == nil {
			r.violated(Accounting, "pod %s is unschedulable and placed, or does not wait", u.Pod)
		}
		delete(waiting, u.Pod)
	}
	for _, q := range in.Pods {
		if id := record.PodID(q); waiting[id] != nil {
			r.violated(Accounting, "pod %s is neither placed nor unschedulable", id)
		}
	}
	if r.Cost != p.Cost {
		r.violated(Accounting, "the new nodes cost %s, the plan says %s", r.Cost, p.Cost)
	}
	return w
}

func (w *world) add(object *corev1.Node) *node {
	n := &node{Node: object}
	w.nodes = append(w.nodes, n)
	return n
}

func (w *world) put(object *corev1.Pod, n *node, planned bool) {
	p := &pod{Pod: object, id: record.PodID(object), node: n, planned: planned}
	n.pods = append(n.pods, p)
	w.pods = append(w.pods, p)
}

// offers is what can be bought.
type offers struct {
	pools map[string]*karpv1.NodePool
	types map[string]*record.Type
}

func newOffers(in *record.Input) *offers {
	o := &offers{pools: map[string]*karpv1.NodePool{in.NodePool.Name: in.NodePool}, types: map[string]*record.Type{}}
	for _, p := range in.MorePools {
		o.pools[p.Name] = p
	}
	for i := range in.Types {
		o.types[in.Types[i].Name] = &in.Types[i]
	}
	return o
}

// node is the new node as it will be, or nil when it cannot be bought so.
func (o *offers) node(n *record.Node, r *Report) *corev1.Node {
	pool := o.pools[n.Pool]
	if pool == nil {
		r.violated(Accounting, "node %s is of the pool %q, which is not in the input", n.Name, n.Pool)
		return nil
	}
	t := o.types[n.InstanceType]
	if t == nil {
		r.violated(Accounting, "node %s has the type %q, which is not in the input", n.Name, n.InstanceType)
		return nil
	}
	bought := record.Offering{Zone: n.Zone, CapacityType: n.CapacityType, Price: n.Price}
	if !slices.ContainsFunc(t.Offerings, func(o record.Offering) bool { o.Imputed = false; return o == bought }) {
		r.violated(Accounting, "node %s: %s is not sold in %s as %s for %s", n.Name, n.InstanceType, n.Zone, n.CapacityType, n.Price)
		return nil
	}
	labels := map[string]string{}
	for _, from := range []map[string]string{t.Labels, pool.Spec.Template.Labels, {
		corev1.LabelInstanceTypeStable: n.InstanceType, corev1.LabelTopologyZone: n.Zone, karpv1.CapacityTypeLabelKey: n.CapacityType,
		karpv1.NodePoolLabelKey: pool.Name, corev1.LabelHostname: n.Name,
	}} {
		for k, v := range from {
			labels[k] = v
		}
	}
	for _, q := range pool.Spec.Template.Spec.Requirements {
		if !allows(q, labels) {
			r.violated(Accounting, "node %s, a %s, does not meet the pool's requirement %s %s %v", n.Name, n.InstanceType, q.Key, q.Operator, q.Values)
			return nil
		}
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: pool.Spec.Template.Spec.Taints},
		Status:     corev1.NodeStatus{Capacity: t.Capacity, Allocatable: t.Allocatable},
	}
}
