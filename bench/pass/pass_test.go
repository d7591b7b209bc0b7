package pass_test

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/pass"
)

// TestHold: both sides judge a small cluster, every node gets a verdict, what they do
// is checked, and rows end with the ratio.
func TestHold(t *testing.T) {
	c := cases.Bloated(12, 0.5, 1)
	out, err := pass.Hold(t.Context(), c, pass.Terms{Candidates: 6, Checked: 3, Repeat: 2, Charge: 2500})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Repacking.Verdicts) != len(c.Nodes) || out.Gone() == 0 {
		t.Errorf("%d verdicts on %d nodes, %d given back", len(out.Repacking.Verdicts), len(c.Nodes), out.Gone())
	}
	if !out.Report.Feasible() || out.Report.Unplaced > 0 {
		t.Errorf("our actions: %s: %s", out.Report, strings.Join(out.Report.Examples, "; "))
	}
	k := out.Karpenter
	if k.Candidates != len(c.Nodes) || k.Simulated != 6 || k.Checked != 3 || k.Deletable == 0 || k.Pass() < 2*k.Steps.Whole {
		t.Errorf("Karpenter: %+v", *k)
	}
	for i, row := range out.Rows() {
		t.Log(row)
		fields := strings.Fields(row)
		if name := []string{"bloated-12", "bloated-12/bounded"}[i]; fields[0] != name || !strings.HasPrefix(fields[len(fields)-1], "speed-ratio=") {
			t.Errorf("row %d: %s", i, row)
		}
	}
	for _, n := range out.Notes() {
		t.Log(n)
	}
}
