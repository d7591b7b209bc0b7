package kube

import (
	"cmp"
	"fmt"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	autoscalingv1beta1 "sigs.k8s.io/karpenter/pkg/apis/autoscaling/v1beta1"

	"github.com/ullage-sh/ullage/cluster"
)

// podTemplate is the kind that a buffer's podTemplateRef means.
const podTemplate = "PodTemplate"

// template is a template of pods that a buffer may refer to.
type template struct {
	pod        *corev1.PodTemplateSpec
	replicas   int32 // of a workload
	generation int64
	// maker is the kind that owns the pods.
	maker string
}

// templateOf returns the template that an object has; nil if it is of a kind that a
// buffer cannot refer to.
func templateOf(o metav1.Object) *template {
	switch o := o.(type) {
	case *corev1.PodTemplate:
		return &template{pod: &o.Template, generation: o.Generation}
	case *appsv1.Deployment:
		return &template{pod: &o.Spec.Template, replicas: ptr.Deref(o.Spec.Replicas, 1), maker: "ReplicaSet"}
	case *appsv1.StatefulSet:
		return &template{pod: &o.Spec.Template, replicas: ptr.Deref(o.Spec.Replicas, 1), maker: "StatefulSet"}
	case *appsv1.ReplicaSet:
		return &template{pod: &o.Spec.Template, replicas: ptr.Deref(o.Spec.Replicas, 1), maker: "ReplicaSet"}
	}
	return nil
}

// CapacityBuffer converts a CapacityBuffer; nil for one whose strategy is another
// autoscaler's. find looks for what it refers to: a PodTemplate, Deployment, StatefulSet
// or ReplicaSet of its namespace; nil if there is none.
func (c *Converter) CapacityBuffer(b *autoscalingv1beta1.CapacityBuffer, find func(kind, name string) (metav1.Object, error)) *cluster.CapacityBuffer {
	s := &b.Spec
	strategy := ptr.Deref(s.ProvisioningStrategy, "")
	if cmp.Or(strategy, autoscalingv1beta1.ActiveProvisioningStrategy) != autoscalingv1beta1.ActiveProvisioningStrategy {
		return nil
	}
	out := &cluster.CapacityBuffer{
		Namespace: b.Namespace, Name: b.Name, UID: string(b.UID), Revision: b.ResourceVersion, Generation: b.Generation,
		Strategy: strategy, Status: bufferStatus(&b.Status),
	}
	kind, name, problem := bufferRef(s)
	if problem != "" {
		out.Problem = cluster.BufferProblem{Reason: cluster.ResolutionFailed, Message: problem}
		return out
	}
	o, err := find(kind, name)
	switch {
	case err != nil:
		out.Problem = cluster.BufferProblem{Reason: cluster.ResolutionFailed, Message: fmt.Sprintf("looking for %s %s: %v", kind, name, err)}
		return out
	case o == nil:
		reason := cluster.ScalableRefNotFound
		if kind == podTemplate {
			reason = cluster.PodTemplateNotFound
		}
		out.Problem = cluster.BufferProblem{Reason: reason, Message: fmt.Sprintf("there is no %s %s in namespace %s", kind, name, b.Namespace)}
		return out
	}
	t := templateOf(o)
	if kind == podTemplate {
		out.Template, out.TemplateGeneration = name, t.generation
	}
	l := c.lane()
	defer c.lanes.Put(l)
	pod := chunk(b.Namespace, t)
	out.Demand, out.Identity = l.demand(pod), l.identity(pod)
	out.Chunks = chunks(s, t, out.Demand.Requests)
	return out
}

// bufferRef is the kind and the name of what a buffer refers to, or what is wrong with
// that.
func bufferRef(s *autoscalingv1beta1.CapacityBufferSpec) (kind, name, problem string) {
	switch r := s.ScalableRef; {
	case s.PodTemplateRef != nil && r != nil:
		return "", "", "spec.podTemplateRef and spec.scalableRef are both set; a buffer is made of one of them"
	case s.PodTemplateRef != nil:
		return podTemplate, s.PodTemplateRef.Name, ""
	case r == nil:
		return "", "", "neither spec.podTemplateRef nor spec.scalableRef is set: nobody knows how large a chunk is"
	case r.APIGroup != "" && r.APIGroup != appsv1.GroupName, r.Kind != "Deployment" && r.Kind != "StatefulSet" && r.Kind != "ReplicaSet":
		return "", "", fmt.Sprintf("spec.scalableRef: %s of API group %q is none of Deployment, StatefulSet and ReplicaSet of apps", r.Kind, r.APIGroup)
	default:
		return r.Kind, r.Name, ""
	}
}

// chunk is a pod of a template, as the scheduler would see it. Volumes that are made for
// each pod do not exist for one that will never be, and so do not count.
func chunk(namespace string, t *template) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Labels: t.pod.Labels, Annotations: t.pod.Annotations}, Spec: t.pod.Spec}
	pod.Spec.NodeName, pod.Spec.Volumes = "", nil
	for _, v := range t.pod.Spec.Volumes {
		if v.PersistentVolumeClaim == nil && v.Ephemeral == nil {
			pod.Spec.Volumes = append(pod.Spec.Volumes, v)
		}
	}
	if t.maker != "" { // as of pods that the default spreads are for
		pod.OwnerReferences = []metav1.OwnerReference{{Kind: t.maker, Controller: ptr.To(true)}}
	}
	return pod
}

// chunks is how many chunks there are to be: the larger one of replicas and percentage,
// as Cluster Autoscaler and Karpenter have it, and no more than the limits hold. Without
// either as many as the limits hold.
func chunks(s *autoscalingv1beta1.CapacityBufferSpec, t *template, requests cluster.Resources) int32 {
	wanted, sized := int64(0), false
	if s.Replicas != nil {
		wanted, sized = int64(*s.Replicas), true
	}
	if s.Percentage != nil && s.ScalableRef != nil && t.replicas > 0 {
		share := (int64(t.replicas)*int64(*s.Percentage) + 99) / 100
		wanted, sized = max(wanted, share), true
	}
	held, limited := int64(math.MaxInt32), false
	for name, q := range s.Limits {
		if each := requests.Get(string(name)); each > 0 {
			held, limited = min(held, amount(name, q)/each), true
		}
	}
	switch {
	case limited && sized:
		wanted = min(wanted, held)
	case limited:
		wanted = held
	}
	return int32(min(max(wanted, 0), maxChunks))
}

// maxChunks keeps a slip of the finger, such as a limit in the wrong unit, from filling
// the memory.
const maxChunks = 10_000

func bufferStatus(s *autoscalingv1beta1.CapacityBufferStatus) cluster.BufferStatus {
	out := cluster.BufferStatus{
		Chunks: ptr.Deref(s.Replicas, 0), TemplateGeneration: ptr.Deref(s.PodTemplateGeneration, 0), Strategy: ptr.Deref(s.ProvisioningStrategy, ""),
	}
	if s.PodTemplateRef != nil {
		out.Template = s.PodTemplateRef.Name
	}
	for _, c := range s.Conditions {
		out.Conditions = append(out.Conditions, condition(c))
	}
	return out
}
