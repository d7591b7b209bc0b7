package podlife

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAdmit(t *testing.T) {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "n", Labels: map[string]string{"zone": "a"}},
		Status: corev1.NodeStatus{Allocatable: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("1930m"), corev1.ResourceMemory: resource.MustParse("1Gi"), corev1.ResourcePods: resource.MustParse("3"),
		}},
	}
	tainted := node.DeepCopy()
	tainted.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoExecute}}
	soft := node.DeepCopy()
	soft.Spec.Taints = []corev1.Taint{{Key: "k", Effect: corev1.TaintEffectNoSchedule}}
	asks := func(cpu, memory string) *corev1.Pod {
		p := pod(corev1.RestartPolicyAlways, container("app"))
		p.Spec.NodeName = "n"
		p.Spec.Containers[0].Resources.Requests = corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
		return p
	}
	selects := func(zone string) *corev1.Pod {
		p := asks("0", "0")
		p.Spec.NodeSelector = map[string]string{"zone": zone}
		return p
	}
	for _, tt := range []struct {
		name   string
		pod    *corev1.Pod
		node   *corev1.Node
		others []*corev1.Pod
		reason string // "" for taken on
	}{
		{"fits exactly", asks("930m", "1Gi"), node, []*corev1.Pod{asks("1", "0")}, ""},
		{"cpu", asks("931m", "0"), node, []*corev1.Pod{asks("1", "0")}, "OutOfcpu"},
		{"memory", asks("0", "1025Mi"), node, nil, "OutOfmemory"},
		{"pods", asks("0", "0"), node, []*corev1.Pod{asks("0", "0"), asks("0", "0"), asks("0", "0")}, "OutOfpods"},
		{"label", selects("a"), node, nil, ""},
		{"wrong label", selects("b"), node, nil, "NodeAffinity"},
		{"evicting taint", asks("0", "0"), tainted, nil, "TaintToleration"},
		{"a kubelet does not look at NoSchedule", asks("0", "0"), soft, nil, ""},
	} {
		why, ok := Admit(tt.pod, tt.node, tt.others)
		if ok != (tt.reason == "") || why.Reason != tt.reason {
			t.Errorf("%s: %v, %q (%s), want %q", tt.name, ok, why.Reason, why.Message, tt.reason)
		}
	}
}

func TestRejectedStatus(t *testing.T) {
	p := pod(corev1.RestartPolicyAlways, container("app"))
	p.Status.Phase = corev1.PodPending
	s := Reject(Rejection{Reason: "OutOfcpu", Message: "Pod was rejected: no"}, t0)
	got := s.Status(p, Behaviour{}, Addresses{Host: "10.0.0.1"}, t0)
	if got.Phase != corev1.PodFailed || got.Reason != "OutOfcpu" || len(got.ContainerStatuses) != 0 {
		t.Errorf("status is %+v", got)
	}
	p.Status = got
	if again := Recall(p); again.Rejected == nil || again.Active() {
		t.Errorf("recalled as %+v", again)
	}
}
