package converge_test

import (
	"testing"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/converge"
	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/record"
)

// TestRun: either side comes to an end, leaves no pod without a place, pays no more in the
// end than before, and leaves the cluster that it was given alone. More:
// bench-disruption saving.
func TestRun(t *testing.T) {
	for _, side := range []converge.Side{converge.Karpenter(karpenter.Gates{}), converge.Ullage()} {
		sum := converge.Sum{Name: side.Name}
		for seed := range uint64(12) {
			c := cases.Calm(seed + 1)
			pods, before := len(c.Pods), c.Cost()
			o, err := converge.Run(t.Context(), c, side)
			if err != nil {
				t.Fatal(err)
			}
			if o.Endless || o.Homeless > 0 || o.Last > o.Before {
				t.Errorf("seed %d, %s: %+v", seed+1, side.Name, *o)
			}
			if len(c.Pods) != pods || c.Cost() != before {
				t.Fatalf("seed %d: %s has changed the cluster", seed+1, side.Name)
			}
			sum.Add(c.Seed, o, o)
		}
		t.Log("\n" + converge.Heading() + "\n" + sum.Line())
		if sum.Last >= sum.Before || sum.Moved == 0 || sum.Steps == 0 || sum.Equal != sum.Clusters {
			t.Errorf("%s: %+v", side.Name, sum)
		}
	}
}

// TestSum: clusters are told apart by who ends cheaper.
func TestSum(t *testing.T) {
	s := converge.Sum{}
	karpenter := &converge.Outcome{Before: 1000, First: 900, Last: 800}
	for _, last := range []int64{700, 796, 804, 806} {
		s.Add(1, &converge.Outcome{Before: 1000, First: 900, Last: karpenter.Last + record.USD(last-800), Moved: 2}, karpenter)
	}
	if s.Cheaper != 1 || s.Equal != 2 || s.Dearer != 1 || len(s.Worse) != 1 || s.Moved != 8 || s.Before != 4000 {
		t.Errorf("%+v", s)
	}
}
