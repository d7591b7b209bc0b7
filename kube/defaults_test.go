package kube

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestDefaultSpreads: pods of workloads that say nothing of spread get the cluster's
// constraints, over the pods of the same workload.
func TestDefaultSpreads(t *testing.T) {
	hard, err := ParseSpreads([]string{"topology.kubernetes.io/zone:2:DoNotSchedule"})
	if err != nil {
		t.Fatal(err)
	}
	c := Converter{DefaultSpreads: hard}
	pod := func(kind string, labels map[string]string, own ...corev1.TopologySpreadConstraint) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Labels: labels}}
		if kind != "" {
			p.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: "web", Controller: new(true)}}
		}
		p.Spec.TopologySpreadConstraints = own
		return p
	}
	web := map[string]string{"app": "web"}
	one := pod("ReplicaSet", web)
	d := c.Pod(one).Demand
	if len(d.Spreads) != 1 || d.Spreads[0].Soft || d.Spreads[0].MaxSkew != 2 || !d.Spreads[0].HonorAffinity ||
		!d.Spreads[0].Pods.Matches(c.Pod(one).Identity, nil) || d.Spreads[0].Pods.Matches(c.Pod(pod("ReplicaSet", map[string]string{"app": "api"})).Identity, nil) {
		t.Errorf("%+v", d.Spreads)
	}
	if len(one.Spec.TopologySpreadConstraints) > 0 {
		t.Error("the pod has been written to")
	}
	if c.Pod(pod("ReplicaSet", map[string]string{"app": "api"})).Demand == d {
		t.Error("pods of two workloads have one demand")
	}
	first := c.Pod(pod("StatefulSet", map[string]string{"app": "db", "apps.kubernetes.io/pod-index": "0", "statefulset.kubernetes.io/pod-name": "db-0"}))
	second := c.Pod(pod("StatefulSet", map[string]string{"app": "db", "apps.kubernetes.io/pod-index": "1", "statefulset.kubernetes.io/pod-name": "db-1"}))
	if first.Demand != second.Demand || !first.Demand.Spreads[0].Pods.Matches(second.Identity, nil) {
		t.Error("two pods of a StatefulSet are not spread together")
	}
	for what, p := range map[string]*corev1.Pod{
		"a bare pod": pod("", web), "a Job's": pod("Job", web), "one without labels": pod("ReplicaSet", nil),
		"one with its own": pod("ReplicaSet", web, corev1.TopologySpreadConstraint{TopologyKey: "rack", MaxSkew: 1, WhenUnsatisfiable: corev1.ScheduleAnyway}),
	} {
		if got := c.Pod(p).Demand.Spreads; len(got) != len(p.Spec.TopologySpreadConstraints) {
			t.Errorf("%s gets %+v", what, got)
		}
	}
	if got := new(Converter).Pod(one).Demand.Spreads; len(got) != 0 {
		t.Errorf("without defaults: %+v", got)
	}
	if got, err := ParseSpreads([]string{"system"}); err != nil || len((&Converter{DefaultSpreads: got}).Pod(one).Demand.Spreads) != 2 {
		t.Errorf("the scheduler's own: %v %v", got, err)
	}
}

func TestParseSpreads(t *testing.T) {
	for text, want := range map[string]string{
		"zone":                   "neither",
		"system:1:DoNotSchedule": "",
		":1:DoNotSchedule":       "key is missing",
		"zone:0:DoNotSchedule":   "maxSkew",
		"zone:x:DoNotSchedule":   "maxSkew",
		"zone:1:Never":           `"Never" is neither`,
	} {
		_, err := ParseSpreads([]string{text})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
