package kube

import (
	"cmp"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// nodeTemplate is the node class of a Provisioner.
var nodeTemplate = cluster.ClassRef{Group: "karpenter.k8s.aws", Kind: "AWSNodeTemplate"}

// Labels that a Provisioner without requirements on them has opinions about.
const (
	labelCategory   = "karpenter.k8s.aws/instance-category"
	labelFamily     = "karpenter.k8s.aws/instance-family"
	labelGeneration = "karpenter.k8s.aws/instance-generation"
)

// Provisioner converts a Provisioner, by way of the NodePool that it would be written as
// today. What is wrong with it becomes Pool.Invalid, what it asks for in vain
// Pool.Ignored. Its nodes carry the labels of a NodePool's nodes and that of a
// Provisioner's.
func Provisioner(p *v1alpha5.Provisioner) *cluster.Pool {
	out := NodePool(nodePoolOf(p))
	out.Legacy = true
	out.Labels = maps.Clone(out.Labels)
	if out.Labels == nil {
		out.Labels = cluster.Labels{}
	}
	out.Labels[v1alpha5.ProvisionerNameLabel] = p.Name
	out.Conditions = nil
	for _, c := range p.Status.Conditions {
		out.Conditions = append(out.Conditions, condition(c))
	}
	if why := provisionerProblem(&p.Spec); why != "" {
		out.Invalid = why
	}
	if k := p.Spec.KubeletConfiguration; k != nil {
		out.Ignored = "spec.kubeletConfiguration: nodes are launched with the settings of their image"
	}
	return out
}

// provisionerProblem says what is wrong with a Provisioner that a NodePool cannot have
// wrong.
func provisionerProblem(s *v1alpha5.ProvisionerSpec) string {
	switch r := s.ProviderRef; {
	case consolidates(s) && s.TTLSecondsAfterEmpty != nil:
		return "expected exactly one, got both: spec.consolidation.enabled, spec.ttlSecondsAfterEmpty"
	case r == nil:
		return "spec.providerRef is missing: it names the AWSNodeTemplate that nodes are launched with"
	case cmp.Or(r.Kind, nodeTemplate.Kind) != nodeTemplate.Kind:
		return fmt.Sprintf("spec.providerRef.kind: %q is not AWSNodeTemplate", r.Kind)
	}
	for i, r := range s.Requirements {
		if r.Key == v1alpha5.ProvisionerNameLabel {
			return fmt.Sprintf("spec.requirements[%d]: %s is set to the name of the Provisioner", i, r.Key)
		}
	}
	return ""
}

func consolidates(s *v1alpha5.ProvisionerSpec) bool {
	return s.Consolidation != nil && s.Consolidation.Enabled != nil && *s.Consolidation.Enabled
}

// nodePoolOf is the NodePool that means the same. A Provisioner has no budgets; it gets
// those that a NodePool has by default.
func nodePoolOf(p *v1alpha5.Provisioner) *karpv1.NodePool {
	s := &p.Spec
	out := &karpv1.NodePool{ObjectMeta: p.ObjectMeta}
	out.Spec.Weight = s.Weight
	out.Spec.Template.Labels, out.Spec.Template.Annotations = s.Labels, s.Annotations
	t := &out.Spec.Template.Spec
	t.Taints, t.StartupTaints = s.Taints, s.StartupTaints
	t.Requirements = provisionerRequirements(s)
	t.NodeClassRef = &karpv1.NodeClassReference{Group: nodeTemplate.Group, Kind: nodeTemplate.Kind}
	if s.ProviderRef != nil {
		t.NodeClassRef.Name = s.ProviderRef.Name
	}
	t.ExpireAfter = seconds(s.TTLSecondsUntilExpired)
	if s.Limits != nil {
		out.Spec.Limits = karpv1.Limits(s.Limits.Resources)
	}
	d := &out.Spec.Disruption
	d.Budgets = []karpv1.Budget{{Nodes: "10%"}}
	d.ConsolidationPolicy, d.ConsolidateAfter = karpv1.ConsolidationPolicyWhenEmpty, seconds(s.TTLSecondsAfterEmpty)
	if consolidates(s) {
		none := int64(0)
		d.ConsolidationPolicy, d.ConsolidateAfter = karpv1.ConsolidationPolicyWhenEmptyOrUnderutilized, seconds(&none)
	}
	out.Status.Resources = p.Status.Resources
	return out
}

// seconds is a span of so many seconds, "Never" for none.
func seconds(n *int64) karpv1.NillableDuration {
	if n == nil {
		return karpv1.NillableDuration{}
	}
	d := time.Duration(*n) * time.Second
	return karpv1.NillableDuration{Duration: &d}
}

// provisionerRequirements are those that are written, and what a Provisioner without them
// meant: Linux on amd64, on demand, and types of the categories c, m and r from the third
// generation on unless it chose among types itself.
func provisionerRequirements(s *v1alpha5.ProvisionerSpec) []karpv1.NodeSelectorRequirementWithMinValues {
	var out []karpv1.NodeSelectorRequirementWithMinValues
	named := map[string]bool{}
	add := func(key string, op corev1.NodeSelectorOperator, values ...string) {
		out = append(out, karpv1.NodeSelectorRequirementWithMinValues{Key: key, Operator: op, Values: values})
		named[labelKey(key)] = true
	}
	for _, r := range s.Requirements {
		add(r.Key, r.Operator, r.Values...)
	}
	for key := range s.Labels {
		named[labelKey(key)] = true
	}
	if !named[cluster.LabelInstanceType] && !named[labelFamily] && !named[labelCategory] && !named[labelGeneration] {
		add(labelCategory, corev1.NodeSelectorOpIn, "c", "m", "r")
		add(labelGeneration, corev1.NodeSelectorOpGt, "2")
	}
	for _, d := range [][2]string{{cluster.LabelCapacityType, cluster.OnDemand}, {cluster.LabelArch, "amd64"}, {cluster.LabelOS, "linux"}} {
		if key, value := d[0], d[1]; !named[key] {
			add(key, corev1.NodeSelectorOpIn, value)
		}
	}
	return out
}

// provisioners is how Provisioners are watched, where the cluster serves them.
func (c *Cluster) provisioners() ([]watched, error) {
	gvk := v1alpha5.SchemeGroupVersion.WithKind("Provisioner")
	served, err := c.serves(gvk)
	if err != nil || !served {
		return nil, err
	}
	kind, list := untyped(gvk)
	return []watched{{kind, list, func(o client.Object, gone bool) engine.Event {
		ev := engine.PoolChanged{Name: o.GetName(), Legacy: true}
		if gone {
			return ev
		}
		var p v1alpha5.Provisioner
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.(*unstructured.Unstructured).Object, &p); err != nil {
			p = v1alpha5.Provisioner{ObjectMeta: metav1.ObjectMeta{Name: o.GetName(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(), Generation: o.GetGeneration()}}
			ev.Pool = Provisioner(&p)
			ev.Pool.Invalid = "cannot be read: " + err.Error()
			return ev
		}
		ev.Pool = Provisioner(&p)
		return ev
	}}}, nil
}
