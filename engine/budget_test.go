package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestInputHasTheBudgets as they were last seen, and no more once they are gone.
func TestInputHasTheBudgets(t *testing.T) {
	w := newWorld(t, 41)
	w.run(5 * cluster.Second)
	tell := func(allowed int32) {
		w.tell(engine.BudgetChanged{ID: "default/web", Budget: &cluster.PodDisruptionBudget{Namespace: "default", Name: "web", Allowed: allowed}}, 0)
		w.run(cluster.Second)
	}
	tell(1)
	tell(0)
	if got := w.eng.Input().Budgets; len(got) != 1 || got[0].Allowed != 0 {
		t.Errorf("budgets %+v", got)
	}
	w.tell(engine.BudgetChanged{ID: "default/web"}, 0)
	w.run(cluster.Second)
	if got := w.eng.Input().Budgets; len(got) != 0 {
		t.Errorf("a budget that is gone counts: %+v", got)
	}
}
