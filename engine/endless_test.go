package engine_test

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestEndlessDrain: a node that waits for a pod that nobody may evict says so, uses the budget
// of its pool for a while and not for ever, and goes when it may.
func TestEndlessDrain(t *testing.T) {
	w := newWorld(t, 21)
	w.pool.Budgets = []cluster.Budget{{Nodes: 1}}
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(120)
	w.run(10 * cluster.Minute)
	var guarded cluster.Pod
	for _, p := range w.pods {
		if p.Node != "" && (guarded.Node == "" || p.Name < guarded.Name) {
			guarded = *p
		}
	}
	guarded.ProtectedUntil, guarded.ProtectedBy = cluster.Never, "karpenter.sh/do-not-disrupt"
	w.setPod(&guarded)
	node := w.nodes[guarded.Node]
	w.do(engine.DeleteNode{Name: node.Name, UID: node.UID})
	w.run(3 * cluster.Minute)
	w.scale(60)
	w.setPod(&guarded) // it is not one of those that go
	w.run(4 * cluster.Minute)
	count := func(prefix string) (n int) {
		for _, x := range w.notes {
			if strings.HasPrefix(x, prefix) {
				n++
			}
		}
		return n
	}
	gone := func() int { return count("Underutilized ") + count("Empty ") }
	if n := gone(); n > 0 {
		t.Errorf("%d nodes were given back beside one that is on its way out; the budget allows one", n)
	}
	w.run(40 * cluster.Minute)
	if w.nodes[node.Name] == nil || w.pods[guarded.ID()] == nil {
		t.Fatal("the node did not wait for its pod")
	}
	if gone() == 0 {
		t.Errorf("a pod that may not be evicted keeps all nodes of its pool:\n%s", strings.Join(w.notes, "\n"))
	}
	why := ""
	for _, c := range w.claims {
		if c.NodeName == node.Name {
			why = c.Condition(cluster.Drained).Message
		}
	}
	if !strings.Contains(why, guarded.ID()+" carries do-not-disrupt") {
		t.Errorf("the claim says %q, not what it waits for", why)
	}
	guarded.ProtectedUntil = 0
	w.setPod(&guarded)
	w.run(10 * cluster.Minute)
	if w.nodes[node.Name] != nil {
		t.Error("the node is still there although its pod may go")
	}
}
