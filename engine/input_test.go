package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestInputHasBudgetsAndGangs as they were last seen, and no more once they are gone.
func TestInputHasBudgetsAndGangs(t *testing.T) {
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
	gang := &cluster.Gang{Group: cluster.PodGroups, Namespace: "default", Name: "train", Least: 4}
	w.tell(engine.GangChanged{ID: gang.ID(), Gang: gang}, 0)
	w.run(cluster.Second)
	if got := w.eng.Input().Gangs; len(got) != 1 || got[0] != gang {
		t.Errorf("gangs %+v", got)
	}
	w.tell(engine.GangChanged{ID: gang.ID()}, 0)
	w.tell(engine.BudgetChanged{ID: "default/web"}, 0)
	w.run(cluster.Second)
	if in := w.eng.Input(); len(in.Budgets)+len(in.Gangs) != 0 {
		t.Errorf("what is gone counts: %+v %+v", in.Budgets, in.Gangs)
	}
}
