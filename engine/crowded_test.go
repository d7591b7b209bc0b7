package engine_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// zone is where a pod's node is, "" for one that waits.
func (w *world) zone(p *cluster.Pod) string {
	if n := w.nodes[p.Node]; n != nil {
		return n.Labels[cluster.LabelZone]
	}
	return ""
}

// TestNobodyWaitsForThoseThatStay: pods on nodes that are on their way out, and that a budget
// for evictions keeps there, count for spreads as long as they are there. New pods that the
// budget waits for must not be sent where there is room only when those have gone.
func TestNobodyWaitsForThoseThatStay(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(t, 300+seed)
		w.types = w.types[:1] // two on each node
		w.run(5 * cluster.Second)
		w.scaleOf("even", 6)
		w.run(10 * cluster.Minute)
		zone := ""
		for _, id := range slices.Sorted(maps.Keys(w.pods)) {
			if zone = cmp.Or(zone, w.zone(w.pods[id])); w.zone(w.pods[id]) == zone {
				w.budgets[id] = true
			}
		}
		if zone == "" || len(w.budgets) != 2 {
			t.Fatalf("seed %d: %d pods in zone %q, want two of six", seed, len(w.budgets), zone)
		}
		for _, c := range w.claims {
			if n := w.nodes[c.NodeName]; n != nil && n.Labels[cluster.LabelZone] == zone {
				w.do(engine.DeleteClaim{Name: c.Name, UID: c.UID})
			}
		}
		w.run(cluster.Minute)
		w.scaleOf("even", 9)
		w.run(5 * cluster.Minute)
		if n := w.waiting(); n > 0 {
			t.Errorf("seed %d: %d pods wait for others that a budget keeps where they are", seed, n)
		}
		clear(w.budgets)
		w.run(30 * cluster.Minute)
		w.settled(9)
	}
}
