package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestLostAnswersBuyNothingTwice: claims whose creation is told to have failed are there all
// the same, and pods that come meanwhile must not make others of them: a pool keeps its
// limit, and everybody gets a place as far as it goes.
func TestLostAnswersBuyNothingTwice(t *testing.T) {
	lost := 0
	for seed := range uint64(10) {
		w := newWorld(t, 300+seed)
		w.pool.Limits = cluster.NewResources(map[string]int64{cluster.NodesLimit: 1})
		w.pool.ConsolidateAfter = cluster.Forever
		w.slow = 3 * cluster.Second
		w.restart()
		w.run(5 * cluster.Second)
		w.loses = func(f engine.Effect) bool {
			_, creates := f.(engine.CreateClaim)
			if creates && w.rng.IntN(3) > 0 {
				lost++
				return true
			}
			return false
		}
		for n := 1; n <= 12; n++ {
			w.mixed(n)
			w.run(cluster.Duration(w.rng.Int64N(int64(2 * cluster.Second))))
			if len(w.claims) > 1 {
				t.Fatalf("seed %d: %d claims, the limit is 1", seed, len(w.claims))
			}
		}
		w.loses = nil
		w.run(5 * cluster.Minute)
		if len(w.claims) == 0 || len(w.claims) > 1 || w.running() == 0 {
			t.Errorf("seed %d: %d claims and %d pods run in the end", seed, len(w.claims), w.running())
		}
	}
	if lost < 10 {
		t.Errorf("%d answers were lost: the test does not test much", lost)
	}
}
