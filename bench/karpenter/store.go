package karpenter

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/bench/record"
)

// store answers reads from memory, as the informer cache that Karpenter reads
// from does: indexed by namespace and by node, every object copied. It knows the
// nodes of an input and the pods that run; a claim, a class or a CSI node is not
// found, and waiting pods are left out, which a pass would only skip.
// controller-runtime's fake client is no stand-in here: it turns each object into
// JSON and back, which would be measured as Karpenter's time.
type store struct {
	client.Client // nil: whatever is not answered below must not be asked
	nodes         map[string]*corev1.Node
	byNamespace   map[string][]*corev1.Pod
	byNode        map[string][]*corev1.Pod
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

// Get answers for nodes.
func (s *store) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	if node, ok := into.(*corev1.Node); ok {
		if have := s.nodes[key.Name]; have != nil {
			have.DeepCopyInto(node)
			return nil
		}
	}
	return apierrors.NewNotFound(schema.GroupResource{Resource: fmt.Sprintf("%T", into)}, key.Name)
}

// List answers for pods: those of one node, or those of one namespace that a
// selector matches.
func (s *store) List(_ context.Context, into client.ObjectList, opts ...client.ListOption) error {
	list, ok := into.(*corev1.PodList)
	if !ok {
		return fmt.Errorf("the input has no %T", into)
	}
	o := client.ListOptions{}
	o.ApplyOptions(opts)
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
