package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// shrunk is a world in which a Deployment has become so small that nodes are given back,
// up to the moment at which ready says so.
func shrunk(t *testing.T, seed uint64, ready func(*world) bool) *world {
	t.Helper()
	w := newWorld(t, seed)
	w.types = w.types[3:] // else smaller ones would do
	w.run(5 * cluster.Second)
	w.scale(60)
	w.run(10 * cluster.Minute)
	w.settled(60)
	for i, id := range slices.Sorted(maps.Keys(w.pods)) {
		if i%3 > 0 { // of every node some
			w.deletePod(w.pods[id])
		}
	}
	w.waitFor(20*cluster.Minute, ready)
	return w
}

// waitFor lets time pass until something is so.
func (w *world) waitFor(most cluster.Duration, ready func(*world) bool) {
	w.t.Helper()
	for end := w.now.Add(most); !ready(w); {
		if w.run(cluster.Second / 5); w.now > end {
			w.t.Fatalf("it does not come to that:\n%s", strings.Join(w.notes, "\n"))
		}
	}
}

// marked are the claims that are to go to save money, by name.
func (w *world) marked() map[string]*cluster.Claim {
	out := map[string]*cluster.Claim{}
	for name, c := range w.claims {
		if c.Annotations["ullage.sh/disruption"] == string(cluster.ReasonUnderutilized) && !c.Deleting() {
			out[name] = c
		}
	}
	return out
}

// on counts the pods of a node that do not go.
func (w *world) on(node string) int {
	n := 0
	for _, p := range w.pods {
		if p.Node == node && p.Occupies() {
			n++
		}
	}
	return n
}

// oneForMany is a world in which a node that has become too large is about to be replaced,
// and the claim of one that replaces it.
func oneForMany(t *testing.T, seed uint64) (w *world, replacement string) {
	t.Helper()
	w = newWorld(t, seed)
	w.opts.PassEvery = cluster.Hour
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(15)
	w.run(10 * cluster.Minute)
	w.scale(5)
	w.waitFor(3*cluster.Hour, func(w *world) bool {
		for _, c := range w.marked() {
			by, _, _ := strings.Cut(c.Annotations["ullage.sh/replaced-by"], ",")
			if w.claims[by] != nil {
				replacement = by
			}
		}
		return replacement != ""
	})
	return w, replacement
}

// TestNodesAreEmptiedBeforeTheyGo: as long as a pod would have to leave the node of a claim
// that goes to save money, the claim is not deleted.
func TestNodesAreEmptiedBeforeTheyGo(t *testing.T) {
	w := shrunk(t, 31, func(w *world) bool { return len(w.marked()) > 0 })
	gone := map[string]bool{}
	for range 3000 {
		before := w.marked()
		w.run(cluster.Second / 5)
		for name := range before {
			if c := w.claims[name]; c == nil || c.Deleting() {
				gone[name] = true
				if c != nil && w.on(c.NodeName) > 0 {
					t.Fatalf("claim %s is deleted with %d pods on its node", name, w.on(c.NodeName))
				}
			}
		}
	}
	w.settled(20)
	if len(gone) == 0 || w.evictions() == 0 {
		t.Errorf("%d nodes went and %d pods were evicted: the test tests nothing", len(gone), w.evictions())
	}
}

// lostPlaces is a world in which somebody has taken the room to which pods were to move, when
// the first of them have been evicted.
func lostPlaces(t *testing.T, seed uint64) *world {
	t.Helper()
	w := shrunk(t, seed, func(w *world) bool {
		w.stalled = true // nobody comes back before the room is taken
		return len(w.marked()) > 0 && w.evictions() > 0
	})
	marked := map[string]bool{}
	for _, c := range w.marked() {
		marked[c.NodeName] = true
	}
	for name, n := range w.nodes {
		if marked[name] {
			continue
		}
		free := n.Allocatable.Get(cluster.CPU)
		for _, p := range w.pods {
			if p.Node == name && !p.Terminal() {
				free -= p.Demand.Requests.Get(cluster.CPU)
			}
		}
		if free > 0 {
			w.setPod(&cluster.Pod{UID: "thief" + name, Namespace: "default", Name: "thief-" + name, Created: w.now, Node: name, Phase: cluster.Running,
				Owner: cluster.Owner{Kind: "Job", Name: "thief", UID: "thief"}, Demand: asks("thief"+name, free, 1<<20)})
		}
	}
	w.stalled = false
	return w
}

// TestPlacesThatAreLostKeepTheirNodes: the room that pods were to move to is taken by
// somebody else when the first of them have been evicted. They come back to where they
// were, and nothing is bought.
func TestPlacesThatAreLostKeepTheirNodes(t *testing.T) {
	w := lostPlaces(t, 32)
	marked := map[string]bool{}
	for _, c := range w.marked() {
		marked[c.NodeName] = true
	}
	bought := w.purchases
	w.waitFor(3*cluster.Minute, func(w *world) bool { return len(w.marked()) == 0 })
	w.run(30 * cluster.Second)
	if w.waiting() > 0 || w.purchases > bought {
		t.Errorf("%d pods wait, %d plans bought nodes", w.waiting(), w.purchases-bought)
	}
	if !w.noted("DisruptionBlocked") {
		t.Error("nobody was told that the node stays")
	}
	if kept := slices.DeleteFunc(slices.Collect(maps.Keys(marked)), func(name string) bool { return w.nodes[name] == nil }); len(kept) == 0 {
		t.Errorf("all %d nodes are gone, and their pods had no place", len(marked))
	}
}

// TestFailedMovesAreRegretted: pods that have lost their places once are not moved again for
// ten minutes, although there is room for them now, and then they are.
func TestFailedMovesAreRegretted(t *testing.T) {
	w := lostPlaces(t, 36)
	w.waitFor(3*cluster.Minute, func(w *world) bool { return len(w.marked()) == 0 })
	for id, p := range w.pods {
		if p.Owner.Name == "thief" {
			w.removePod(id)
		}
	}
	for range 9 * 60 {
		if w.run(cluster.Second); len(w.marked()) > 0 {
			t.Fatal("the same pods are to be moved again")
		}
	}
	w.waitFor(2*cluster.Hour, func(w *world) bool { return len(w.marked()) > 0 })
}

// TestBudgetsHoldUntilTheEnd: a budget that allows nothing from now on holds for nodes that
// were chosen before and have not gone yet.
func TestBudgetsHoldUntilTheEnd(t *testing.T) {
	w, _ := oneForMany(t, 33)
	closed := *w.pool
	closed.Budgets, closed.Revision, closed.Generation = []cluster.Budget{{Nodes: 0}}, w.revision(), 2
	w.pool = &closed
	w.tell(engine.PoolChanged{Name: closed.Name, Pool: w.pool}, 0)
	w.deliver()
	going := map[string]bool{}
	for name, c := range w.claims {
		going[name] = c.Deleting()
	}
	before := w.evictions()
	w.run(10 * cluster.Minute)
	if n := w.evictions() - before; n > 0 {
		t.Errorf("%d pods were evicted for nothing", n)
	}
	for name, was := range going {
		if c := w.claims[name]; !was && (c == nil || c.Deleting()) {
			t.Errorf("claim %s went although the budget allows none", name)
		}
	}
	if len(w.marked()) > 0 || w.underway() > 0 {
		t.Errorf("%d claims are marked, %d nodes tainted: they wait for nothing", len(w.marked()), w.underway())
	}
	w.settled(5)
}

// TestWhatIsBoughtInVainEnds: a replacement for a node that stays after all goes at once,
// and not when a pass finds it empty; unless its owner does not want it to go.
func TestWhatIsBoughtInVainEnds(t *testing.T) {
	for _, forbidden := range []bool{false, true} {
		w, replacement := oneForMany(t, 34)
		if forbidden {
			c := *w.claims[replacement]
			c.Annotations = maps.Clone(c.Annotations)
			c.Annotations["karpenter.sh/do-not-disrupt"] = "true"
			w.setClaim(&c)
		}
		for id, p := range w.pods {
			guarded := *w.pods[id]
			guarded.ProtectedUntil, guarded.ProtectedBy = cluster.Never, "karpenter.sh/do-not-disrupt"
			if p.Node != "" {
				w.setPod(&guarded)
			}
		}
		w.run(5 * cluster.Minute)
		if len(w.marked()) > 0 {
			t.Fatal("a node with pods that may not be moved is still to go")
		}
		switch c := w.claims[replacement]; {
		case !forbidden && c != nil:
			t.Errorf("%s, which replaces nobody, is still there (deleting: %v)", replacement, c.Deleting())
		case forbidden && (c == nil || c.Deleting()):
			t.Errorf("%s is given back although it carries do-not-disrupt", replacement)
		}
	}
}

// TestDeletedByOthers: two nodes are to go together, and somebody deletes the claim of the one
// whose pods hold both up. The other does not wait for it any longer.
func TestDeletedByOthers(t *testing.T) {
	for _, x := range []struct {
		name  string
		holds func(p *cluster.Pod)
		after cluster.Duration // that both were marked
	}{
		{"before they are emptied", func(p *cluster.Pod) { p.ProtectedUntil = cluster.Never }, 0},
		{"when the other is empty", func(p *cluster.Pod) { p.Grace = cluster.Hour }, 5 * cluster.Minute},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, 37)
			w.types, w.opts.PassEvery = w.types[3:], cluster.Hour
			w.restart()
			w.run(5 * cluster.Second)
			w.scale(60)
			w.run(10 * cluster.Minute)
			w.settled(60)
			names := slices.Sorted(maps.Keys(w.claims))
			for i, id := range slices.Sorted(maps.Keys(w.pods)) {
				if i%3 > 0 {
					w.deletePod(w.pods[id])
				}
			}
			w.run(cluster.Minute)
			for _, p := range w.pods {
				if held := *p; p.Node == w.claims[names[0]].NodeName {
					x.holds(&held)
					w.setPod(&held)
				}
			}
			change := func(name string, what func(*cluster.Claim)) {
				c := *w.claims[name]
				what(&c)
				w.setClaim(&c)
			}
			for _, name := range names[:2] {
				change(name, func(c *cluster.Claim) {
					c.Annotations = maps.Clone(c.Annotations)
					c.Annotations["ullage.sh/disruption"], c.Annotations["ullage.sh/replaced-by"] = string(cluster.ReasonUnderutilized), names[2]
				})
			}
			w.restart() // and all of it is known at once
			w.run(x.after)
			if c := w.claims[names[1]]; c.Deleting() || len(w.marked()) != 2 {
				t.Fatalf("%d nodes are still to go\n%s", len(w.marked()), strings.Join(w.notes, "\n"))
			}
			change(names[0], func(c *cluster.Claim) { c.DeletingAt = w.now })
			w.run(30 * cluster.Second)
			if c := w.claims[names[0]]; c == nil {
				t.Fatal("a node is gone whose pods hold it up")
			}
			if c := w.claims[names[1]]; c != nil && !c.Deleting() {
				t.Errorf("%s still waits: %v, %d pods", c.Name, c.Annotations, w.on(c.NodeName))
			}
		})
	}
}

// TestStuckPodsKeepNobody: a pod that does not go from a node that was kept does not keep
// other nodes from being given back.
func TestStuckPodsKeepNobody(t *testing.T) {
	w := newWorld(t, 38)
	w.types, w.deathless = w.types[3:], map[string]bool{}
	w.run(5 * cluster.Second)
	w.scale(60)
	w.run(10 * cluster.Minute)
	w.settled(60)
	kept := *w.claims[slices.Min(slices.Collect(maps.Keys(w.claims)))]
	for i, id := range slices.Sorted(maps.Keys(w.pods)) {
		switch p := w.pods[id]; {
		case p.Node == kept.NodeName && len(w.deathless) == 0:
			w.deathless[id] = true
			w.deletePod(p)
		case p.Node != kept.NodeName && i%3 > 0:
			w.deletePod(p)
		}
	}
	kept.Annotations = maps.Clone(kept.Annotations)
	kept.Annotations["ullage.sh/disruption"], kept.Annotations["ullage.sh/replaced-by"] = string(cluster.ReasonUnderutilized), "nobody"
	w.setClaim(&kept)
	w.waitFor(cluster.Minute, func(w *world) bool { return len(w.marked()) == 0 })
	w.waitFor(cluster.Hour, func(w *world) bool { return len(w.marked()) > 0 })
}

// TestPassesThatFindNothing are made less and less often while pods come and go, and at once
// when a node has become empty.
func TestPassesThatFindNothing(t *testing.T) {
	w := newWorld(t, 35)
	w.run(5 * cluster.Second)
	w.scale(200)
	w.run(20 * cluster.Minute)
	churn := func(d cluster.Duration) (passes int) {
		before := w.passes
		for end := w.now.Add(d); w.now < end; {
			for id, p := range w.pods { // one goes, and comes again on the same node
				if p.Occupies() && p.Node != "" {
					again := *w.pods[id]
					again.UID = fmt.Sprint("again", w.rev)
					w.removePod(id)
					w.setPod(&again)
					break
				}
			}
			w.run(30 * cluster.Second)
		}
		return w.passes - before
	}
	churn(10 * cluster.Minute)
	if n := churn(20 * cluster.Minute); n > 15 {
		t.Errorf("%d passes in twenty minutes that found nothing", n)
	}
	w.scaleOf("web", 0)
	before := w.passes
	w.run(cluster.Minute)
	if w.passes == before {
		t.Error("all nodes are empty, and nobody looks")
	}
}
