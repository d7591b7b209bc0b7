package seeds

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
)

// TestPinnedSeeds are days that broke a rule once, as far as they are quick to simulate. What
// was wrong is beside them.
func TestPinnedSeeds(t *testing.T) {
	types := sold(t)
	const often = 10 * cluster.Second
	for _, x := range []struct {
		seed uint64
		cut  string
		pass cluster.Duration // from one look at all nodes to the next; 0 as drawn
	}{
		// An empty node to which pods were about to move was given back, another bought.
		{20778028, "faults=0,2-3,14-15,18-21", often},
		// Moves that failed were paid for with nodes like those that had gone.
		{20005, "", often},
		{5565, "", often},
		// Pods were let onto one new node each, and a spread wanted them on each other's. The
		// seed has got buffers since, with which it breaks another rule to this day: nodes are
		// emptied, and kept since their pods have taken the room of chunks.
		{40325, "extras=buffers", often},
		// Nodes that were kept seemed to have room, which was that of pods still to come.
		{30224, "", often},
		// Nodes were deleted by hand before what was to replace them was bought, and plans
		// counted on that ever after.
		{5535, "", 0},
		// A pod tried the place of another like it, which was not told to leave it alone.
		{400490, "", 0},
		// A pod that may never be evicted kept the node that was meant for it.
		{400453, "", 0},
		// A node that is held up by its pods uses up the pool's budget: nothing could be saved.
		{20093, "", often},
	} {
		cut, err := ParseCut(x.cut)
		if err != nil {
			t.Fatal(err)
		}
		s := cut.Apply(Scenario(x.seed, types, true))
		again := Again(x.seed, true, cut)
		if x.pass > 0 {
			s.Options.PassEvery, again = x.pass, again+" --pass-every "+x.pass.String()
		}
		r, err := sim.Run(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Violations {
			t.Errorf("seed %d: %s at %s: %s: %s\nsee it again: %s", x.seed, v.Rule, v.At.RFC3339(), v.About, v.Why, again)
		}
	}
}
