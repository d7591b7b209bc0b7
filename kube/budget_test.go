package kube

import (
	"testing"

	policyv1 "k8s.io/api/policy/v1"

	"github.com/ullage-sh/ullage/cluster"
)

func TestPodDisruptionBudgets(t *testing.T) {
	const selector = `{matchLabels: {app: web}}`
	for _, x := range []struct {
		spec, status string
		generation   int64
		allowed      int32
		why          string
		unready      bool
	}{
		{`{maxUnavailable: 1, selector: ` + selector + `}`, `{observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2, expectedPods: 3}`, 1, 1, "", true},
		{`{maxUnavailable: 1, selector: ` + selector + `}`, `{observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 2, expectedPods: 3}`, 1, 0, "", false},
		{`{maxUnavailable: 1, selector: ` + selector + `}`, `{observedGeneration: 1, disruptionsAllowed: 1, expectedPods: 3}`, 2, 0, "its status is about an earlier version of it", false},
		{`{maxUnavailable: 1, selector: ` + selector + `}`, `{}`, 1, 0, "its controller has not looked at it yet", false},
		{`{maxUnavailable: 0, selector: ` + selector + `}`, `{observedGeneration: 1, currentHealthy: 3, desiredHealthy: 3, expectedPods: 3}`, 1, 0, "maxUnavailable 0 of 3 pods leaves none to evict", true},
		{`{minAvailable: "100%", selector: ` + selector + `}`, `{observedGeneration: 1, currentHealthy: 2, desiredHealthy: 3, expectedPods: 3}`, 1, 0, "minAvailable 100% of 3 pods leaves none to evict", false},
		{`{minAvailable: 5, unhealthyPodEvictionPolicy: AlwaysAllow, selector: ` + selector + `}`, `{observedGeneration: 1, desiredHealthy: 5, expectedPods: 4}`, 1, 0, "minAvailable 5 of 4 pods leaves none to evict", true},
		{`{minAvailable: 5, unhealthyPodEvictionPolicy: IfHealthyBudget, selector: ` + selector + `}`, `{observedGeneration: 1, disruptionsAllowed: -1}`, 1, 0, "", false},
	} {
		b := read[policyv1.PodDisruptionBudget](t, `{metadata: {namespace: default, name: web}, spec: `+x.spec+`, status: `+x.status+`}`)
		b.Generation = x.generation
		got := PodDisruptionBudget(b)
		if got.Allowed != x.allowed || got.Why != x.why || got.Unready != x.unready {
			t.Errorf("%s, %s: allows %d because %q, unready ones %t", x.spec, x.status, got.Allowed, got.Why, got.Unready)
		}
	}
}

// TestCovered: a selector that is empty has all pods of the namespace, one that is
// missing or cannot be read has none, and pods that do not run are not asked about.
func TestCovered(t *testing.T) {
	pod := func(change func(*cluster.Pod)) *cluster.Pod {
		p := podFrom(t, `containers: [{name: a}]`)
		p.Labels = map[string]string{"app": "web", "tier": "front"}
		p.Status.Phase = "Running"
		out := new(Converter).Pod(p)
		change(out)
		return out
	}
	same := pod(func(*cluster.Pod) {})
	for spec, want := range map[string]bool{
		`{selector: {}}`:                        true,
		`{}`:                                    false,
		`{selector: {matchLabels: {app: web}}}`: true,
		`{selector: {matchLabels: {app: db}}}`:  false,
		`{selector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}}`:    false,
		`{selector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: In, values: [back, front]}]}}`: true,
		`{selector: {matchExpressions: [{key: canary, operator: DoesNotExist}]}}`:                                     true,
		`{selector: {matchExpressions: [{key: tier, operator: Exists}]}}`:                                             true,
		`{selector: {matchExpressions: [{key: tier, operator: Like, values: [front]}]}}`:                              false,
		`{selector: {matchExpressions: [{key: tier, operator: In}]}}`:                                                 false,
	} {
		b := PodDisruptionBudget(read[policyv1.PodDisruptionBudget](t, `{metadata: {namespace: default, name: web}, spec: `+spec+`}`))
		if got := b.Covers(same); got != want {
			t.Errorf("%s covers the pod: %t", spec, got)
		}
	}
	all := PodDisruptionBudget(read[policyv1.PodDisruptionBudget](t, `{metadata: {namespace: default, name: web}, spec: {selector: {}}}`))
	for what, change := range map[string]func(*cluster.Pod){
		"of another namespace":  func(p *cluster.Pod) { p.Namespace = "other" },
		"that has yet to start": func(p *cluster.Pod) { p.Phase = cluster.Pending },
		"that has ended":        func(p *cluster.Pod) { p.Phase = cluster.Succeeded },
		"that is going":         func(p *cluster.Pod) { p.DeleteAt = 1 },
	} {
		if all.Covers(pod(change)) {
			t.Errorf("a pod %s is covered", what)
		}
	}
}

func TestUnreadyPodsAreLetGo(t *testing.T) {
	for _, x := range []struct {
		budget cluster.PodDisruptionBudget
		ready  bool
		want   bool
	}{
		{cluster.PodDisruptionBudget{Allowed: 1}, true, true},
		{cluster.PodDisruptionBudget{}, false, false},
		{cluster.PodDisruptionBudget{Unready: true}, false, true},
		{cluster.PodDisruptionBudget{Unready: true}, true, false},
	} {
		if got := x.budget.Allows(&cluster.Pod{Ready: x.ready}); got != x.want {
			t.Errorf("%+v allows a pod that is ready=%t: %t", x.budget, x.ready, got)
		}
	}
}
