package calibrate_test

import (
	"flag"
	"testing"

	"github.com/ullage-sh/ullage/bench/calibrate"
	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/karpenter"
)

var essence = calibrate.Essence

var clusters = flag.Int("clusters", 20, "small clusters to compare decisions in")

func TestTry(t *testing.T) {
	kinds := map[calibrate.Kind]int{}
	methods := map[string]int{}
	fickle := 0
	for seed := range uint64(*clusters) {
		c := cases.Small(seed + 1)
		r, err := calibrate.Compare(t.Context(), c, karpenter.Gates{SpotToSpot: seed%4 == 0})
		if err != nil {
			t.Fatal(err)
		}
		kinds[r.Kind]++
		methods[r.Real.Method]++
		if r.Fickle {
			fickle++
		}
		if r.Kind != calibrate.Same {
			t.Logf("%d: %s (fickle %t): real %s %v, policy %s %v", seed+1, r.Kind, r.Fickle, r.Real.Method, essence(r.Real), r.Policy.Method, essence(r.Policy))
		}
	}
	t.Log(kinds, methods, "fickle", fickle)
}
