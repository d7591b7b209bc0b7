package karpenter

import (
	"math"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider/fake"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/record"
)

// TestBenchmarkTypes: what Karpenter gets in the cases of its own benchmark are
// the types of its fake cloud, but for the operating system: a node has one.
func TestBenchmarkTypes(t *testing.T) {
	in, err := cases.All()[0].MakeSized(1, 5)
	if err != nil {
		t.Fatal(err)
	}
	got, err := instanceTypes(in)
	if err != nil {
		t.Fatal(err)
	}
	want := fake.InstanceTypes(400)
	if len(got) != len(want) {
		t.Fatalf("%d types, Karpenter's benchmark has %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Name != w.Name || !record.SameResources(g.Capacity, w.Capacity) || !record.SameResources(g.Allocatable(), w.Allocatable()) {
			t.Fatalf("type %d is %s with %v, of which pods get %v; want %s, %v, %v", i, g.Name, g.Capacity, g.Allocatable(), w.Name, w.Capacity, w.Allocatable())
		}
		if len(g.Requirements) != len(w.Requirements) {
			t.Fatalf("%s: requirements %v, want %v", g.Name, g.Requirements, w.Requirements)
		}
		for key, r := range w.Requirements {
			have, wanted := slices.Sorted(slices.Values(g.Requirements.Get(key).Values())), slices.Sorted(slices.Values(r.Values()))
			if key == corev1.LabelOSStable {
				wanted = []string{"linux"}
			}
			if g.Requirements.Get(key).Operator() != r.Operator() || !slices.Equal(have, wanted) {
				t.Errorf("%s: %s is %s, want %s", g.Name, key, g.Requirements.Get(key), r)
			}
		}
		if len(g.Offerings) != len(w.Offerings) {
			t.Fatalf("%s: %d offerings, want %d", g.Name, len(g.Offerings), len(w.Offerings))
		}
		for j, o := range w.Offerings {
			h := g.Offerings[j]
			// Prices are kept to the micro-dollar.
			if h.Zone() != o.Zone() || h.CapacityType() != o.CapacityType() || !h.Available || math.Abs(h.Price-o.Price) > 1e-6 {
				t.Errorf("%s: offering %d is %s %s for %v, want %s %s for %v", g.Name, j, h.Zone(), h.CapacityType(), h.Price, o.Zone(), o.CapacityType(), o.Price)
			}
		}
	}
}
