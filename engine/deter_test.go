package engine_test

import (
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// shunned are the nodes that the scheduler is asked to put pods on last, by name.
func (w *world) shunned() map[string]*cluster.Node {
	out := map[string]*cluster.Node{}
	for name, n := range w.nodes {
		if slices.Contains(n.Taints, cluster.CandidateTaint) {
			out[name] = n
		}
	}
	return out
}

// lessThanAllowed is a world in which more nodes could go than the budget of their pool lets go
// at once, when a pass has found that.
func lessThanAllowed(t *testing.T, seed uint64) *world {
	t.Helper()
	w := newWorld(t, seed)
	w.types = w.types[3:] // else smaller ones would do
	w.pool.Budgets = []cluster.Budget{{Nodes: 1}}
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(90)
	w.run(10 * cluster.Minute)
	w.scale(15)
	w.waitFor(20*cluster.Minute, func(w *world) bool { return len(w.shunned()) > 0 })
	return w
}

// TestCandidatesAreShunned: nodes that budgets do not let go yet say so until they have gone,
// those that go are no candidates any more, and whoever stays is none in the end.
func TestCandidatesAreShunned(t *testing.T) {
	w := lessThanAllowed(t, 35)
	were := w.shunned()
	if len(were) == len(w.nodes) {
		t.Errorf("all %d nodes are shunned: where are pods to go?", len(were))
	}
	w.run(20 * cluster.Minute)
	w.settled(15)
	if left := w.shunned(); len(left) > 0 {
		t.Errorf("%d nodes that stay are shunned", len(left))
	}
	gone := 0
	for name := range were {
		if w.nodes[name] == nil {
			gone++
		}
	}
	if gone == 0 {
		t.Errorf("none of %d candidates has gone", len(were))
	}
}

// TestCandidatesNoMore: when a pool does not give nodes back any more, or the owner of a node
// forbids it, no pass comes by, and nobody is shunned for ever.
func TestCandidatesNoMore(t *testing.T) {
	for name, change := range map[string]func(*world){
		"consolidateAfter Never": func(w *world) {
			p := *w.pool
			p.ConsolidateAfter, p.Generation = cluster.Forever, p.Generation+1
			w.setPool(&p)
		},
		"do-not-disrupt": func(w *world) {
			for _, n := range w.nodes {
				c := *n
				c.Annotations = map[string]string{"karpenter.sh/do-not-disrupt": "true"}
				w.setNode(&c)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := lessThanAllowed(t, 36)
			change(w)
			w.run(2 * cluster.Minute)
			if left := w.shunned(); len(left) > 0 {
				t.Errorf("%d nodes are still shunned", len(left))
			}
		})
	}
}
