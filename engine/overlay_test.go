package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestConflictingOverlays: statuses say which overlays are used; it is told once that an overlay is not used, and again when
// that has been mended and comes back.
func TestConflictingOverlays(t *testing.T) {
	w := newWorld(t, 33)
	w.overlays = map[string]*cluster.Overlay{}
	cheap, generation := &cluster.PriceChange{Absolute: true, Amount: 1}, int64(0)
	overlay := func(name string, weight int32) {
		generation++
		o := &cluster.Overlay{Name: name, Revision: w.revision(), Generation: generation, Weight: weight, Price: cheap}
		if old := w.overlays[name]; old != nil {
			o.Conditions = old.Conditions
		}
		w.overlays[name] = o
		w.tell(engine.OverlayChanged{Name: name, Overlay: o}, 0)
	}
	ready := func(name string) string {
		for _, c := range w.overlays[name].Conditions {
			if c.Type == cluster.ReadyCondition {
				return c.Status
			}
		}
		return "nothing"
	}
	plan := func(pods int) (told int) {
		w.scale(pods)
		w.run(cluster.Minute)
		for _, n := range w.notes {
			if n == "Conflict NodeOverlay/a: not used: another of the same weight changes the same" {
				told++
			}
		}
		return told
	}
	overlay("a", 1)
	overlay("b", 1)
	if n := plan(20); n != 1 {
		t.Errorf("told %d times of a conflict, want once", n)
	}
	if a, b := ready("a"), ready("b"); a != "False" || b != "True" {
		t.Errorf("a is ready: %s, b: %s", a, b)
	}
	if n := plan(40); n != 1 {
		t.Errorf("told %d times of the same conflict", n)
	}
	overlay("a", 2)
	plan(60)
	if a := ready("a"); a != "True" {
		t.Errorf("without a conflict a is ready: %s", a)
	}
	overlay("a", 1)
	if n := plan(80); n != 2 {
		t.Errorf("told %d times of two conflicts", n)
	}
}
