package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// order tells when, among all notes, pods of a workload were evicted: the first and the last.
func (w *world) order(workload string) (first, last int) {
	first = slices.IndexFunc(w.notes, func(n string) bool { return strings.HasPrefix(n, "Evicted Pod/"+workload+"-") })
	for i, n := range w.notes {
		if strings.HasPrefix(n, "Evicted Pod/"+workload+"-") {
			last = i
		}
	}
	return first, last
}

// largeNode is a world in which a node that has become too large holds pods of two sizes, and
// one that replaces it is on its way.
func largeNode(t *testing.T, seed uint64) *world {
	t.Helper()
	w := newWorld(t, seed)
	w.run(5 * cluster.Second)
	w.scale(14)
	w.scaleOf("small", 4)
	w.run(10 * cluster.Minute)
	w.scale(3)
	w.waitFor(3*cluster.Hour, func(w *world) bool {
		return slices.ContainsFunc(slices.Collect(values(w.marked())), func(c *cluster.Claim) bool {
			return w.claims[strings.Split(c.Annotations["ullage.sh/replaced-by"], ",")[0]] != nil
		})
	})
	return w
}

func values[K comparable, V any](m map[K]V) func(func(V) bool) {
	return func(yield func(V) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// TestLargePodsGoFirst: pods that need much of a node are evicted before those that only fill
// what is left.
func TestLargePodsGoFirst(t *testing.T) {
	w := largeNode(t, 41)
	w.run(10 * cluster.Minute)
	_, large := w.order("web")
	small, _ := w.order("small")
	if large == 0 || small < 0 {
		t.Fatalf("the last large pod is evicted at %d, the first small one at %d: the test tests nothing", large, small)
	}
	if small < large {
		t.Errorf("a small pod is evicted at %d, before a large one at %d", small, large)
	}
}

// TestTurnsWait: nobody is evicted whose turn comes later as long as those who were evicted
// before have found no node.
func TestTurnsWait(t *testing.T) {
	w := largeNode(t, 42)
	w.stalled = true
	w.waitFor(10*cluster.Minute, func(w *world) bool { first, _ := w.order("web"); return first >= 0 })
	w.run(10 * cluster.Second)
	if first, _ := w.order("small"); first >= 0 {
		t.Error("a small pod is evicted while large ones wait for a node")
	}
	w.stalled = false
	w.run(5 * cluster.Minute)
	if first, _ := w.order("small"); first < 0 || w.waiting() > 0 {
		t.Errorf("the small ones are not evicted later, or %d pods wait", w.waiting())
	}
}

// TestHeirsAreLetIn: who comes in the place of a pod that was evicted is let onto what was
// bought for it. That takes a plan only if it is seen before the one whose place it takes is
// known to go.
func TestHeirsAreLetIn(t *testing.T) {
	plans := 0
	for seed := range uint64(8) {
		w := largeNode(t, 43+seed)
		made, let := w.plans, w.let
		w.run(10 * cluster.Minute)
		if w.running() != 7 || w.waiting() > 0 || w.let == let {
			t.Fatalf("seed %d: %d pods run, %d wait, %d were let in; want 7, none and some", seed, w.running(), w.waiting(), w.let-let)
		}
		plans += w.plans - made
	}
	if plans > 8 {
		t.Errorf("%d plans were made for pods that others had left their places to", plans)
	}
}
