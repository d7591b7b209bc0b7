package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// sicken gives nodes a condition, and returns their names.
func (w *world) sicken(kind, status string, nodes int) map[string]bool {
	out := map[string]bool{}
	for name, n := range w.nodes {
		if len(out) == nodes {
			break
		}
		c := *n
		c.Conditions = []cluster.Condition{{Type: kind, Status: status, Reason: "Broken", Since: w.now}}
		w.setNode(&c)
		out[name] = true
	}
	return out
}

// TestRepair: a node that is ill for as long as is borne is replaced, and its pods run
// elsewhere, although they may not be disrupted.
func TestRepair(t *testing.T) {
	w := newWorld(t, 1)
	w.run(5 * cluster.Second)
	w.scale(100)
	w.run(15 * cluster.Minute)
	for _, p := range w.pods {
		c := *p
		c.ProtectedUntil = cluster.Never
		w.setPod(&c)
	}
	ill := w.sicken("AcceleratedHardwareReady", "False", 1)
	w.run(9 * cluster.Minute)
	for name := range ill {
		if w.nodes[name] == nil || w.nodes[name].DeletingAt != 0 {
			t.Fatal("the node went before its time")
		}
	}
	w.run(15 * cluster.Minute)
	for name := range ill {
		if w.nodes[name] != nil {
			t.Error("the node is still there")
		}
	}
	w.settled(100)
}

// TestRepairStops when more than a fifth of the pool is ill.
func TestRepairStops(t *testing.T) {
	w := newWorld(t, 2)
	w.run(5 * cluster.Second)
	w.scale(100)
	w.run(15 * cluster.Minute)
	patient := *w.pool
	patient.ConsolidateAfter = cluster.Forever
	w.setPool(&patient)
	nodes := len(w.nodes)
	w.sicken("KernelReady", "False", nodes/2+1)
	w.run(2 * cluster.Hour)
	if len(w.nodes) != nodes || !w.noted("NodeRepairBlocked") {
		t.Errorf("%d of %d nodes are left", len(w.nodes), nodes)
	}
}

// TestExpiry: nodes are replaced when they have reached their age, and all pods run in
// the end.
func TestExpiry(t *testing.T) {
	w := newWorld(t, 3)
	w.pool.ExpireAfter = 2 * cluster.Hour
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(30)
	w.run(10 * cluster.Minute)
	w.settled(30)
	old := map[string]bool{}
	for name := range w.claims {
		old[name] = true
	}
	w.run(3 * cluster.Hour)
	w.settled(30)
	for name := range w.claims {
		if old[name] {
			t.Errorf("claim %s is still there", name)
		}
	}
}
