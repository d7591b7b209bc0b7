package calibrate_test

import (
	"flag"
	"math"
	"strings"
	"testing"

	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/calibrate"
	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/karpenter"
)

// More: go test ./calibrate -run Decisions -clusters 500 -v
var clusters = flag.Int("clusters", 20, "small clusters to compare decisions in")

// TestDecisions: the policy disrupts what Karpenter disrupts.
func TestDecisions(t *testing.T) {
	s := &calibrate.Summary{}
	for seed := range uint64(*clusters) {
		c := cases.Small(seed + 1)
		r, err := calibrate.Compare(t.Context(), c, karpenter.Gates{SpotToSpot: cases.SpotToSpot(c)})
		if err != nil {
			t.Fatal(err)
		}
		s.Add(r)
	}
	t.Log("\n" + strings.Join(s.Lines(), "\n"))
	if s.Share() < calibrate.LeastShare {
		t.Errorf("the same in %.1f%% of the clusters, %.0f%% are wanted", 100*s.Share(), 100*calibrate.LeastShare)
	}
	if s.Decided["multi"]+s.Decided["single"] < *clusters/5 {
		t.Errorf("in too few clusters is anything consolidated: %v", s.Decided)
	}
}

// TestDifferences: that a policy does nothing where Karpenter does something is found.
func TestDifferences(t *testing.T) {
	for seed := range uint64(20) {
		c := cases.Small(seed + 1)
		r, err := calibrate.Compare(t.Context(), c, karpenter.Gates{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Real.Method != "single" && r.Real.Method != "multi" {
			continue
		}
		for _, np := range c.NodePools {
			np.Spec.Disruption.Budgets = []karpv1.Budget{{Nodes: "0"}}
		}
		blocked, err := calibrate.Decide(c, karpenter.Gates{})
		if err != nil {
			t.Fatal(err)
		}
		if kind := calibrate.Differ(r.Real, blocked); kind != calibrate.Idle {
			t.Errorf("seed %d: a policy that may do nothing: %q", seed+1, kind)
		}
		return
	}
	t.Error("none of the clusters is consolidated")
}

// TestProvision: the policy buys about what Karpenter buys, in one case of each kind. In
// which of several zones with as many pods Karpenter goes on is random, and so, in a few
// percent, is what it pays.
func TestProvision(t *testing.T) {
	const pods, most = 60, 0.1
	seen := map[string]bool{}
	for _, c := range cases.All() {
		if c.Alone || seen[c.About] {
			continue
		}
		seen[c.About] = true
		in, err := c.MakeSized(1, pods)
		if err != nil {
			t.Fatal(err)
		}
		b, err := calibrate.Provision(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(b.Line())
		if len(b.Policy.Unschedulable) != len(b.Real.Unschedulable) {
			t.Errorf("%s: the policy leaves %d pods, Karpenter %d", c.Name, len(b.Policy.Unschedulable), len(b.Real.Unschedulable))
		}
		if off := math.Abs(float64(b.Policy.Cost)/float64(max(b.Real.Cost, 1)) - 1); off > most && b.Policy.Cost != b.Real.Cost {
			t.Errorf("%s: the policy pays %s, Karpenter %s", c.Name, b.Policy.Cost, b.Real.Cost)
		}
	}
}
