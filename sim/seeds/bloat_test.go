package seeds

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/sim"
)

// TestBloated: when its nodes may be disrupted, a bloated cluster costs more than it
// must, and all of its pods run. (Rules are what other seeds are for.)
func TestBloated(t *testing.T) {
	types, err := Types()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []BloatedCluster{{Churned, 40, 1}, {Halved, 50, 5}, {Shifted, 30, 8}} {
		t.Run(b.String(), func(t *testing.T) {
			s, err := b.Scenario(types)
			if err != nil {
				t.Fatal(err)
			}
			s.Length, s.Unchecked = Opens, true
			var left cluster.Input
			s.Left = func(in cluster.Input) { left = in }
			r, err := sim.Run(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range left.Pods {
				if p.Phase != cluster.Running {
					t.Errorf("%s does not run", p.ID())
				}
			}
			if r.Ended > 0 {
				t.Errorf("%d nodes were given back: there was to be no budget for that", r.Ended)
			}
			p := repack.Repack(repack.Input{Input: left, Now: s.Start.Add(s.Length)}, repack.Options{})
			if len(left.Nodes) < b.Nodes || p.Cost < p.Bound*13/10 {
				t.Errorf("%d nodes cost %s, and need not cost more than %s: that is not bloated", len(left.Nodes), p.Cost, p.Bound)
			}
		})
	}
}
