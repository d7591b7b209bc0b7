package duel

import (
	"fmt"
	"testing"

	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/yaml"
)

// TestWorkload: a seed always draws the same pods, another one others; all of them keep to
// nodes of the pools.
func TestWorkload(t *testing.T) {
	for _, name := range Workloads() {
		text := func(seed uint64) string {
			groups, _, err := workload(name, seed)
			if err != nil {
				t.Fatal(err)
			}
			out := fmt.Sprint(replicas(groups, 1000))
			for _, g := range groups {
				d := g.deployment()
				y, err := yaml.Marshal(d)
				if err != nil {
					t.Fatal(err)
				}
				out += string(y)
				need := d.Spec.Template.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
				if len(need) != 1 || need[0].MatchExpressions[0].Key != karpv1.NodePoolLabelKey {
					t.Errorf("%s: pods of %s may run on nodes that nobody has bought", name, g.name)
				}
			}
			return out
		}
		if once, again := text(1), text(1); once != again || once == text(2) {
			t.Errorf("%s: the pods do not follow from the seed", name)
		}
	}
	if _, _, err := workload("none", 1); err == nil {
		t.Error("there is a workload that there is not")
	}
}
