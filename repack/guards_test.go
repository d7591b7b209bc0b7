package repack_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// Which budgets cover a pod is what asking each of them says, whatever has become of them
// since the last pass.
func TestGuardsRemember(t *testing.T) {
	identities := map[string]*cluster.Identity{}
	for _, ns := range []string{"a", "b"} {
		for _, app := range []string{"x", "y", "z"} {
			identities[ns+app] = &cluster.Identity{Namespace: ns, Labels: cluster.Labels{"app": app}}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		word := func(what string, words ...string) string { return rapid.SampledFrom(words).Draw(t, what) }
		var m repack.Memory
		var budgets []*cluster.PodDisruptionBudget
		for i := range rapid.IntRange(0, 4).Draw(t, "budgets") {
			budgets = append(budgets, &cluster.PodDisruptionBudget{Name: fmt.Sprint("b", i/2), Namespace: []string{"a", "b"}[i%2]})
		}
		for range 4 {
			for i := range budgets { // as the watch brings them, and in no order
				now := *budgets[i]
				now.Allowed++
				if rapid.Bool().Draw(t, "changes") {
					now.NoPods = rapid.IntRange(0, 3).Draw(t, "none") == 0
					now.Selects = cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{word("app", "x", "y"), word("or", "y", "z")}}}
				}
				budgets[i] = &now
			}
			slices.Reverse(budgets)
			g := m.Guards(budgets)
			for _, ns := range []string{"a", "b"} {
				for _, app := range []string{"x", "y", "z"} {
					p := &cluster.Pod{Namespace: ns, Name: "p", Phase: cluster.Running, Identity: identities[ns+app]}
					want := map[*cluster.PodDisruptionBudget]bool{}
					for _, b := range budgets {
						if b.Covers(p) {
							want[b] = true
						}
					}
					got := map[*cluster.PodDisruptionBudget]bool{}
					for _, b := range g.Covering(p) {
						got[b] = true
					}
					if !reflect.DeepEqual(got, want) {
						t.Fatalf("budgets of %s/%s: %v, want %v", ns, app, got, want)
					}
				}
			}
		}
	})
}
