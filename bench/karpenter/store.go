package karpenter

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

// store answers reads from memory, as the informer cache that Karpenter reads
// from does: indexed by namespace and by node, every object copied. It knows the
// nodes of an input and the pods that run, and of a cluster that runs its NodePools and
// PodDisruptionBudgets too; a claim, a class or a CSI node is not found, and waiting
// pods are left out, which a pass would only skip.
// controller-runtime's fake client is no stand-in here: it turns each object into
// JSON and back, which would be measured as Karpenter's time.
type store struct {
	client.Client // nil: whatever is not answered below must not be asked
	nodes         map[string]*corev1.Node
	byNamespace   map[string][]*corev1.Pod
	byNode        map[string][]*corev1.Pod
	pools         []*karpv1.NodePool
	budgets       []*policyv1.PodDisruptionBudget
}

func newStore(in *record.Input) *store {
	s := &store{nodes: map[string]*corev1.Node{}, byNamespace: map[string][]*corev1.Pod{}, byNode: map[string][]*corev1.Pod{}}
	for _, n := range in.Nodes {
		s.nodes[n.Name] = n
	}
	for _, p := range in.Running {
		s.byNamespace[p.Namespace] = append(s.byNamespace[p.Namespace], p)
		s.byNode[p.Spec.NodeName] = append(s.byNode[p.Spec.NodeName], p)
	}
	return s
}

// Get answers for nodes and NodePools.
func (s *store) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch into := into.(type) {
	case *corev1.Node:
		if have := s.nodes[key.Name]; have != nil {
			have.DeepCopyInto(into)
			return nil
		}
	case *karpv1.NodePool:
		for _, have := range s.pools {
			if have.Name == key.Name {
				have.DeepCopyInto(into)
				return nil
			}
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: fmt.Sprintf("%T", into)}, key.Name)
}

// List answers for pods and for the few other kinds that a cluster has all of.
func (s *store) List(_ context.Context, into client.ObjectList, opts ...client.ListOption) error {
	switch into := into.(type) {
	case *corev1.PodList:
		o := client.ListOptions{}
		o.ApplyOptions(opts)
		return s.listPods(into, &o)
	case *karpv1.NodePoolList:
		for _, p := range s.pools {
			into.Items = append(into.Items, *p.DeepCopy())
		}
	case *policyv1.PodDisruptionBudgetList:
		for _, b := range s.budgets {
			into.Items = append(into.Items, *b.DeepCopy())
		}
	case *appsv1.DaemonSetList: // there are none
	default:
		return fmt.Errorf("the input has no %T", into)
	}
	return nil
}

// listPods lists those of one node, or those of one namespace that a selector matches.
func (s *store) listPods(list *corev1.PodList, o *client.ListOptions) error {
	pods := s.byNamespace[o.Namespace]
	if o.FieldSelector != nil {
		node, ok := o.FieldSelector.RequiresExactMatch("spec.nodeName")
		if !ok {
			return fmt.Errorf("there is no index for %s", o.FieldSelector)
		}
		pods = s.byNode[node]
	}
	list.Items = list.Items[:0]
	for _, p := range pods {
		if o.LabelSelector == nil || o.LabelSelector.Matches(labels.Set(p.Labels)) {
			list.Items = append(list.Items, *p.DeepCopy())
		}
	}
	return nil
}
