package cases

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

const (
	mebi = int64(1) << 20
	gibi = int64(1) << 30
)

// created is when every object was made. No side may let a plan depend on it.
var created = metav1.NewTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

// world is an input in the making.
type world struct {
	in record.Input
	r  *rand.Rand
}

// newWorld starts the input of a case that draws from the named stream. Streams
// are apart from each other, so that a new case changes no other.
func newWorld(name, stream string, seed uint64) *world {
	h := fnv.New64a()
	_, _ = h.Write([]byte(stream)) // a hash does not fail
	return &world{
		in: record.Input{Case: name, Seed: seed, Preferences: record.Respect},
		r:  rand.New(rand.NewPCG(seed, h.Sum64())),
	}
}

// uid draws a UID. Karpenter orders pods of one size by it.
func (w *world) uid() types.UID {
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", w.r.Uint32(), w.r.Uint32()&0xffff, w.r.Uint32()&0xfff, w.r.Uint32()&0xfff, w.r.Uint64()&(1<<48-1)))
}

// requests is what one pod asks for.
type requests struct {
	cpu    int64 // millicores
	memory int64 // bytes
	gpu    int64 // nvidia.com/gpu
}

func (q requests) list() corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:    *resource.NewMilliQuantity(q.cpu, resource.DecimalSI),
		corev1.ResourceMemory: *resource.NewQuantity(q.memory, resource.BinarySI),
	}
	if q.gpu > 0 {
		list[nvidia] = *resource.NewQuantity(q.gpu, resource.DecimalSI)
	}
	return list
}

const nvidia = corev1.ResourceName("nvidia.com/gpu")

// pod makes a pod of the given labels. change, if any, adds what the case is
// about.
func (w *world) pod(name string, labels map[string]string, q requests, change func(*corev1.PodSpec)) *corev1.Pod {
	list := q.list()
	limits := corev1.ResourceList(nil)
	if q.gpu > 0 { // an extended resource needs a limit that equals its request
		limits = corev1.ResourceList{nvidia: list[nvidia]}
	}
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: w.uid(), Labels: labels, CreationTimestamp: created},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: "registry.k8s.io/pause:3.10",
			Resources: corev1.ResourceRequirements{Requests: list, Limits: limits},
		}}},
	}
	if change != nil {
		change(&p.Spec)
	}
	return p
}

// unschedulable is what the scheduler says of every waiting pod.
var unschedulable = corev1.PodStatus{
	Phase: corev1.PodPending,
	Conditions: []corev1.PodCondition{{
		Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, LastTransitionTime: created,
	}},
}

// wait adds a pod that waits for a place.
func (w *world) wait(name string, labels map[string]string, q requests, change func(*corev1.PodSpec)) {
	p := w.pod(name, labels, q, change)
	p.Status = unschedulable
	w.in.Pods = append(w.in.Pods, p)
}

// newPool makes the NodePool. Without requirements it buys everything.
func newPool(class *karpv1.NodeClassReference, requirements ...karpv1.NodeSelectorRequirementWithMinValues) *karpv1.NodePool {
	never := karpv1.MustParseNillableDuration("Never")
	np := &karpv1.NodePool{
		ObjectMeta: metav1.ObjectMeta{Name: "default", UID: "00000000-0000-4000-8000-000000000001", CreationTimestamp: created, Generation: 1},
		Spec: karpv1.NodePoolSpec{
			Template: karpv1.NodeClaimTemplate{Spec: karpv1.NodeClaimTemplateSpec{
				NodeClassRef: class,
				Requirements: requirements,
				ExpireAfter:  never,
			}},
			Disruption: karpv1.Disruption{ConsolidateAfter: never, ConsolidationPolicy: karpv1.ConsolidationPolicyWhenEmptyOrUnderutilized},
		},
	}
	return np
}

// want is a requirement of a pool.
func want(key string, op corev1.NodeSelectorOperator, values ...string) karpv1.NodeSelectorRequirementWithMinValues {
	return karpv1.NodeSelectorRequirementWithMinValues{Key: key, Operator: op, Values: values}
}

// selecting is a selector for all of these labels.
func selecting(labels map[string]string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: labels}
}
