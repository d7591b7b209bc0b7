package engine_test

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestBlockedEvictions are asked for as soon as their budget allows them, not when their
// interval, half a minute by then, is over; and no more of them than it allows.
func TestBlockedEvictions(t *testing.T) {
	w := newWorld(t, 16)
	w.run(5 * cluster.Second)
	w.scale(2)
	w.run(5 * cluster.Minute)
	w.settled(2)
	budget := func(allowed int32) {
		for _, p := range w.pods {
			w.budgets[p.ID()] = allowed == 0
		}
		w.tell(engine.BudgetChanged{ID: "default/web", Budget: &cluster.PodDisruptionBudget{Namespace: "default", Name: "web", Selects: cluster.Term{}, Allowed: allowed}}, 0)
	}
	budget(0)
	for _, n := range w.nodes {
		w.do(engine.DeleteNode{Name: n.Name, UID: n.UID})
	}
	w.run(10 * cluster.Minute)
	if got := w.running(); got != 2 {
		t.Fatalf("%d pods run while none may be evicted, want 2", got)
	}
	before := w.evictions()
	budget(1)
	w.run(3 * cluster.Second)
	if got := w.evictions() - before; got != 1 {
		t.Errorf("%d pods were evicted at once when the budget allowed one", got)
	}
}

// evictions counts the pods whose eviction was told.
func (w *world) evictions() int {
	n := 0
	for _, x := range w.notes {
		if strings.HasPrefix(x, "Evicted ") {
			n++
		}
	}
	return n
}
