package kube

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// TestReservedTolerationsAreNoDemand: pods that were given tolerations for reserved nodes
// are still like those that were not, and what people wrote themselves still counts.
func TestReservedTolerationsAreNoDemand(t *testing.T) {
	var c Converter
	plain := podFrom(t, `{containers: [{name: a}], tolerations: [{key: dedicated, value: db}, {key: ullage.sh/reserved, operator: Exists}]}`)
	given := plain.DeepCopy()
	given.Spec.Tolerations = slices.Insert(given.Spec.Tolerations, 1, reservedToleration("default-aaaaaaaa"))
	given.Spec.Tolerations = append(given.Spec.Tolerations, reservedToleration("default-bbbbbbbb"))
	was, is := c.Pod(plain), c.Pod(given)
	if was.Demand != is.Demand {
		t.Errorf("demands differ: %s and %s", was.Demand.Key, is.Demand.Key)
	}
	if len(is.Demand.Tolerations) != 2 || len(was.Reserved) != 0 {
		t.Errorf("tolerations of the demand: %+v; reserved before any was given: %v", is.Demand.Tolerations, was.Reserved)
	}
	if want := []string{"default-aaaaaaaa", "default-bbbbbbbb"}; !slices.Equal(is.Reserved, want) {
		t.Errorf("reserved: %v, want %v", is.Reserved, want)
	}
	if !is.Enters("default-bbbbbbbb") || is.Enters("default-cccccccc") {
		t.Error("the pod enters the wrong nodes")
	}
	if len(given.Spec.Tolerations) != 4 {
		t.Error("the pod itself was changed")
	}
}

// TestReservedTolerationFitsItsTaint as Kubernetes sees both, for names of any length.
func TestReservedTolerationFitsItsTaint(t *testing.T) {
	for _, name := range []string{"a", "default-aaaaaaaa", strings.Repeat("pool.", 12) + "aaaaaaaa", strings.Repeat("p-", 60) + "aaaaaaaa"} {
		taint := coreTaints([]cluster.Taint{cluster.ReservedTaint(name)}, nil)[0]
		toleration := reservedToleration(name)
		if toleration.Key != taint.Key || toleration.Value != taint.Value || toleration.Effect != taint.Effect || toleration.Operator != corev1.TolerationOpEqual {
			t.Errorf("%s: %+v does not tolerate %+v", name, toleration, taint)
		}
		if len(taint.Value) > 63 || !strings.HasSuffix(name, taint.Value) || strings.ContainsAny(taint.Value[:1], "-.") {
			t.Errorf("%s: %q is no value of a taint that tells the claim", name, taint.Value)
		}
	}
}
