package kube

import (
	"fmt"
	"math/rand/v2"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// benchmarkPods are pods such as Karpenter's benchmark of its scheduler has them:
// a fifth each without constraints, spread over zones, spread over nodes, with
// affinity and with anti-affinity; some 700 demands in all.
func benchmarkPods(n int) []*corev1.Pod {
	r := rand.New(rand.NewPCG(42, 42))
	letter := func() map[string]string { return map[string]string{"my-label": string(rune('a' + r.IntN(7)))} }
	pods := make([]*corev1.Pod, n)
	for i := range pods {
		p := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "default", Name: fmt.Sprintf("pod-%d", i), UID: uuid.NewUUID(), ResourceVersion: fmt.Sprint(i),
				Labels: letter(),
			},
			Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable},
			}},
		}
		p.Spec.Resources = &corev1.ResourceRequirements{}
		p.Spec.Containers = []corev1.Container{{Name: "a", Image: "pause", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse([]string{"100m", "250m", "500m", "1000m", "1500m"}[r.IntN(5)]),
			corev1.ResourceMemory: resource.MustParse([]string{"100Mi", "256Mi", "512Mi", "1024Mi", "2048Mi", "4096Mi"}[r.IntN(6)]),
		}}}}
		term := func(key string) []corev1.PodAffinityTerm {
			return []corev1.PodAffinityTerm{{TopologyKey: key, LabelSelector: &metav1.LabelSelector{MatchLabels: p.Labels}}}
		}
		spread := func(key string) []corev1.TopologySpreadConstraint {
			return []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: &metav1.LabelSelector{MatchLabels: letter()},
			}}
		}
		switch i * 5 / n {
		case 1:
			p.Spec.TopologySpreadConstraints = spread(corev1.LabelTopologyZone)
		case 2:
			p.Spec.TopologySpreadConstraints = spread(corev1.LabelHostname)
		case 3:
			p.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: term(corev1.LabelTopologyZone)}}
		case 4:
			p.Labels = map[string]string{"app": "nginx"}
			p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: term(corev1.LabelHostname)}}
		}
		pods[i] = p
	}
	return pods
}

// BenchmarkPods converts 20,000 pods: known when like ones have been converted
// before, new when the Converter is new.
func BenchmarkPods(b *testing.B) {
	pods := benchmarkPods(20_000)
	b.Run("known", func(b *testing.B) {
		var c Converter
		kept := c.Pods(pods)
		b.ReportAllocs()
		for b.Loop() {
			c.Pods(pods)
		}
		_ = kept // demands are kept by the pods that have them
	})
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			new(Converter).Pods(pods)
		}
	})
}
