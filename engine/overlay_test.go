package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestConflictingOverlays: it is told once that an overlay is not used, and again when
// that has been mended and comes back.
func TestConflictingOverlays(t *testing.T) {
	w := newWorld(t, 33)
	cheap := &cluster.PriceChange{Absolute: true, Amount: 1}
	overlay := func(name string, weight int32) {
		w.tell(engine.OverlayChanged{Name: name, Overlay: &cluster.Overlay{Name: name, Weight: weight, Price: cheap}}, 0)
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
	if n := plan(40); n != 1 {
		t.Errorf("told %d times of the same conflict", n)
	}
	overlay("a", 2)
	plan(60)
	overlay("a", 1)
	if n := plan(80); n != 2 {
		t.Errorf("told %d times of two conflicts", n)
	}
}
