package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestBufferStatus is written when it is to be another one, and not again.
func TestBufferStatus(t *testing.T) {
	w := newWorld(t, 43)
	e := engine.New(w.opts)
	now := w.now
	e.Step(now, []engine.Event{engine.Synced{}})
	b := cluster.CapacityBuffer{
		Namespace: "shop", Name: "room", UID: "u", Revision: "10", Generation: 1,
		Problem: cluster.BufferProblem{Reason: cluster.ScalableRefNotFound, Message: "there is no Deployment web"},
	}
	// step tells of the buffer as it is and returns the status that is written for it.
	step := func() *cluster.BufferStatus {
		t.Helper()
		now = now.Add(cluster.Second)
		seen := b
		effects, _ := e.Step(now, []engine.Event{engine.BufferChanged{ID: "shop/room", Buffer: &seen}})
		var out *cluster.BufferStatus
		for _, f := range effects {
			if x, ok := f.(engine.PatchBufferStatus); ok {
				if out != nil || x.Revision != b.Revision || x.UID != b.UID || x.Generation != b.Generation {
					t.Fatalf("written: %+v", x)
				}
				out = &x.Status
				b.Status, b.Revision = x.Status, b.Revision+"0"
				e.Step(now, []engine.Event{engine.Done{Effect: f, Revision: b.Revision}})
			}
		}
		return out
	}
	wrote := func(what, status, reason string) {
		t.Helper()
		s := step()
		if s == nil || len(s.Conditions) == 0 || s.Conditions[0].Type != cluster.ReadyForProvisioning || s.Conditions[0].Status != status || s.Conditions[0].Reason != reason || s.Chunks != b.Chunks {
			t.Errorf("%s: the status says %+v", what, s)
		}
		step() // what came of a plan
		now = now.Add(cluster.Minute)
		step()
		if again := step(); again != nil {
			t.Errorf("%s: the same status is written again: %+v", what, again)
		}
	}
	wrote("a buffer of nothing", "False", cluster.ScalableRefNotFound)
	b.Problem, b.Demand, b.Chunks = cluster.BufferProblem{}, &cluster.Demand{}, 3
	wrote("a buffer", "True", "Resolved")
	b.Chunks = 4
	wrote("a larger buffer", "True", "Resolved")
	b.Template, b.TemplateGeneration = "chunk", 2
	wrote("a buffer of another template", "True", "Resolved")
}
