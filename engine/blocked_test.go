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

// TestReplacementThatNeverGetsReady: the node that it would replace is kept after a while,
// and open to pods again.
func TestReplacementThatNeverGetsReady(t *testing.T) {
	w := newWorld(t, 17)
	w.image = "one"
	w.pool.ConsolidateAfter = cluster.Forever
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(3)
	w.run(10 * cluster.Minute)
	w.settled(3)
	p := *w.pool
	p.StartupTaints = []cluster.Taint{{Key: "example.com/agent", Effect: cluster.NoSchedule}} // nobody takes it away
	p.Generation++
	w.setPool(&p)
	w.image = "two"
	w.run(15 * cluster.Minute)
	if w.underway() == 0 {
		t.Fatal("nothing is being replaced")
	}
	for minute := range 90 {
		w.run(cluster.Minute)
		if w.running() != 3 {
			t.Fatalf("after %d minutes %d pods run, want 3: a node that never gets ready is no room", minute, w.running())
		}
	}
	if !w.noted("DisruptionBlocked") {
		t.Error("nobody was told that the node is kept")
	}
}
