package seeds

import (
	"flag"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
)

var (
	savings     = flag.Int("savings", 0, "how many seeds to run with and without consolidation")
	savingsFrom = flag.Uint64("savings-from", 3001, "the first of them")
	savingsPods = flag.Int("savings-pods", 350, "how many pods a cluster may have")
)

// TestSavings: giving back nodes that are in use pays, and what it pays is in proportion to
// the pods that have to move for it. Each seed is run twice, once with nodes given back
// only when they are empty.
//
//	go test ./sim/seeds -run TestSavings -savings 50 -v
func TestSavings(t *testing.T) {
	if *savings == 0 {
		t.Skip("it takes minutes: give it a number of seeds with -savings")
	}
	types := sold(t)
	var idle, busy total
	for seed, n := *savingsFrom, 0; n < *savings; seed++ {
		if Pods(seed) > *savingsPods {
			continue
		}
		n++
		s := Scenario(seed, types, true)
		busy.add(t, &s)
		for _, p := range s.Pools {
			p.Policy = cluster.WhenEmpty
		}
		idle.add(t, &s)
		t.Logf("seed %d: only empty nodes %s with %d evictions, all %s with %d", seed, idle.last.Cost, idle.last.Evictions, busy.last.Cost, busy.last.Evictions)
	}
	saved := idle.cost - busy.cost
	if saved <= 0 {
		t.Fatalf("%s a day instead of %s: nothing is saved", busy.cost, idle.cost)
	}
	t.Logf("%s of %s saved (%.1f %%) for %d evictions more: %.1f per dollar", saved, idle.cost, 100*float64(saved)/float64(idle.cost),
		busy.evictions-idle.evictions, float64(busy.evictions-idle.evictions)*float64(cluster.USD)/float64(saved))
}

// total adds up runs.
type total struct {
	cost      cluster.Money
	evictions int
	last      *sim.Result
}

func (x *total) add(t *testing.T, s *sim.Scenario) {
	t.Helper()
	r, err := sim.Run(t.Context(), *s)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Violations {
		t.Errorf("seed %d: %s at %s: %s: %s", r.Seed, v.Rule, v.At.RFC3339(), v.About, v.Why)
	}
	x.cost, x.evictions, x.last = x.cost+r.Cost, x.evictions+r.Evictions, r
}
