package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// Whatever people write, the engine says what is wrong with it, once, goes on with all that
// does not depend on it, and then is at rest.

// bloated is a world with nodes for 30 pods and 8 pods left.
func bloated(t *testing.T, seed uint64, change func(w *world)) *world {
	t.Helper()
	w := newWorld(t, seed)
	w.image = "one"
	w.pool.ConsolidateAfter = cluster.Forever
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(30)
	w.run(10 * cluster.Minute)
	w.scale(8)
	w.run(5 * cluster.Minute)
	w.settled(8)
	change(w)
	return w
}

// consolidate makes the pool give back what is not worth its price.
func (w *world) consolidate(change func(p *cluster.Pool)) {
	p := *w.pool
	p.ConsolidateAfter = cluster.Second
	p.Generation++
	change(&p)
	w.setPool(&p)
}

// atRest checks that the engine does next to nothing for a time, and says nothing at all.
func (w *world) atRest(limit cluster.Duration, most int) {
	w.t.Helper()
	writes, passes, notes := w.writes, w.passes, len(w.notes)
	w.run(limit)
	if got := w.writes - writes; got > most || w.passes-passes > 1 || len(w.notes) > notes {
		w.t.Errorf("in %s: %d effects, %d passes and %q", limit, got, w.passes-passes, w.notes[notes:])
	}
}

// says checks that a note with these words was written exactly once.
func (w *world) says(words string) {
	w.t.Helper()
	n := 0
	for _, x := range w.notes {
		if strings.Contains(x, words) {
			n++
		}
	}
	if n != 1 {
		w.t.Errorf("%q was said %d times:\n%s", words, n, strings.Join(w.notes, "\n"))
	}
}

// listings are the effects of an hour in which there is nothing to do: instances are
// listed and classes resolved.
const listings = 45

func TestContradictoryBudgets(t *testing.T) {
	w := bloated(t, 1, func(w *world) {
		w.consolidate(func(p *cluster.Pool) { p.Budgets = []cluster.Budget{{Nodes: 100, Percent: true}, {Nodes: 0}} })
	})
	nodes := len(w.nodes)
	w.run(10 * cluster.Minute)
	w.says("DisruptionBlocked NodePool/default: No allowed disruptions due to blocking budget: spec.disruption.budgets[1] allows 0 nodes; that budgets[0] allows 100% of nodes does not help, since the least counts")
	w.atRest(cluster.Hour, listings)
	w.settled(8)
	if len(w.nodes) != nodes {
		t.Errorf("%d of %d nodes are left", len(w.nodes), nodes)
	}
	w.consolidate(func(p *cluster.Pool) {
		p.Budgets = []cluster.Budget{{Nodes: 100, Percent: true}, {Nodes: 0, Reasons: []cluster.Reason{cluster.ReasonDrifted}}}
	})
	w.run(20 * cluster.Minute)
	if len(w.nodes) >= nodes {
		t.Error("nothing is given back when budgets allow it again")
	}
	w.image = "two"
	w.run(20 * cluster.Minute)
	w.says("No allowed disruptions for disruption reason Drifted due to blocking budget: spec.disruption.budgets[1] allows 0 nodes")
	w.atRest(cluster.Hour, listings)
	w.settled(8)
}

// A pool that is not valid, such as one with a budget whose schedule never fires, keeps its
// nodes: what its budgets are to say nobody knows.
func TestInvalidPool(t *testing.T) {
	const why = `budget 0: schedule "0 0 30 2 *" never fires`
	w := bloated(t, 2, func(w *world) { w.consolidate(func(p *cluster.Pool) { p.Invalid, p.Budgets = why, nil }) })
	w.image = "two"
	nodes := len(w.nodes)
	w.run(10 * cluster.Minute)
	w.says("DisruptionBlocked NodePool/default: No allowed disruptions while the NodePool is not valid: " + why)
	i := slices.IndexFunc(w.pool.Conditions, func(c cluster.Condition) bool { return c.Type == "ValidationSucceeded" })
	if i < 0 || w.pool.Conditions[i].Status != "False" || w.pool.Conditions[i].Message != why {
		t.Errorf("the pool says %+v", w.pool.Conditions)
	}
	w.atRest(cluster.Hour, listings)
	w.settled(8)
	if len(w.nodes) != nodes {
		t.Errorf("%d of %d nodes are left", len(w.nodes), nodes)
	}
	w.consolidate(func(p *cluster.Pool) { p.Invalid, p.Budgets = "", []cluster.Budget{{Nodes: 100, Percent: true}} })
	w.run(40 * cluster.Minute)
	w.settled(8)
	if len(w.nodes) >= nodes || w.images()["one"] > 0 {
		t.Errorf("%d of %d nodes are left when it is valid again, by image %v", len(w.nodes), nodes, w.images())
	}
}

// A PodDisruptionBudget with maxUnavailable 0 keeps nodes, and the drain of one that
// somebody deletes; it is asked ever more rarely, and at once when it changes.
func TestBudgetThatAllowsNothing(t *testing.T) {
	guard := func(w *world, allowed int32, why string) {
		for _, p := range w.pods {
			w.budgets[p.ID()] = allowed == 0
		}
		w.tell(engine.BudgetChanged{ID: "default/web", Budget: &cluster.PodDisruptionBudget{Namespace: "default", Name: "web", Selects: cluster.Term{}, Allowed: allowed, Why: why}}, 0)
	}
	w := bloated(t, 3, func(w *world) {
		guard(w, 0, "its maxUnavailable is 0")
		w.run(cluster.Second)
		w.consolidate(func(*cluster.Pool) {})
	})
	w.run(10 * cluster.Minute)
	w.settled(8)
	if !strings.Contains(fmt.Sprint(w.notes), "PodDisruptionBudget web, which allows no disruption now (its maxUnavailable is 0)") {
		t.Errorf("nothing is said of the budget:\n%s", strings.Join(w.notes, "\n"))
	}
	w.atRest(cluster.Hour, listings)
	node := ""
	for _, p := range w.pods {
		node = max(node, p.Node)
	}
	for _, c := range w.claims {
		if c.NodeName == node {
			w.do(engine.DeleteClaim{Name: c.Name, UID: c.UID})
		}
	}
	w.run(30 * cluster.Minute)
	if w.count("FailedDraining Node/"+node) == 0 || w.running() != 8 {
		t.Errorf("%d pods run; notes:\n%s", w.running(), strings.Join(w.notes, "\n"))
	}
	w.atRest(cluster.Hour, listings+12*8) // each pod of the node once in five minutes
	guard(w, 8, "")
	w.run(5 * cluster.Minute)
	w.settled(8)
	if w.nodes[node] != nil {
		t.Errorf("node %s is still there", node)
	}
}

// An operator whose clock is ahead gives pods the time that they have all the same.
func TestPodsEndByAClockAhead(t *testing.T) {
	w := bloated(t, 4, func(*world) {})
	w.deathless, w.behind = map[string]bool{}, cluster.Hour
	grace := cluster.Duration(0)
	for id, p := range w.pods {
		w.deathless[id] = true
		grace = p.Grace
	}
	for _, c := range w.claims {
		w.do(engine.DeleteClaim{Name: c.Name, UID: c.UID})
	}
	w.run(grace + 30*cluster.Second)
	if n := w.count("FailedDraining Node/"); n > 0 {
		t.Errorf("%d pods were given up after their grace of %s", n, grace)
	}
	w.run(2 * cluster.Minute)
	if n := w.count("FailedDraining Node/"); n != len(w.deathless) {
		t.Errorf("%d of %d pods were given up in the end", n, len(w.deathless))
	}
}

// A pod that does not end, because it does not heed SIGTERM and its kubelet cannot kill it,
// or a finalizer keeps it, holds up its node for a minute after its time.
func TestPodThatDoesNotEnd(t *testing.T) {
	w := bloated(t, 4, func(*world) {})
	w.deathless = map[string]bool{}
	var gone []string
	for id, p := range w.pods {
		w.deathless[id] = true
		if !slices.Contains(gone, p.Node) {
			gone = append(gone, p.Node)
		}
	}
	stuck := len(w.deathless)
	for _, c := range w.claims {
		w.do(engine.DeleteClaim{Name: c.Name, UID: c.UID})
	}
	w.run(20 * cluster.Minute)
	w.settled(8)
	for _, n := range gone {
		if w.nodes[n] != nil {
			t.Errorf("node %s still waits", n)
		}
	}
	if got := w.count("FailedDraining Node/"); got != stuck {
		t.Errorf("%d of %d pods were told of:\n%s", got, stuck, strings.Join(w.notes, "\n"))
	}
	w.atRest(cluster.Hour, listings)
}

// Finalizers of others keep objects, and nothing else: instances end, limits count what is
// there, and who looks is told who has to act.
func TestForeignFinalizers(t *testing.T) {
	const foreign = "example.com/audit"
	w := bloated(t, 5, func(*world) {})
	for _, c := range w.claims {
		x := *c
		x.Finalizers = append(slices.Clone(c.Finalizers), foreign)
		w.setClaim(&x)
	}
	for _, n := range w.nodes {
		x := *n
		x.Finalizers = append(slices.Clone(n.Finalizers), foreign)
		w.setNode(&x)
	}
	was := len(w.claims)
	var limit cluster.Resources
	for _, c := range w.claims {
		limit = limit.Plus(c.Capacity)
	}
	w.consolidate(func(p *cluster.Pool) {
		p.ConsolidateAfter = cluster.Forever
		p.Limits = cluster.Resources{{Name: cluster.CPU, Value: limit.Get(cluster.CPU)}}
	})
	w.run(cluster.Second)
	for _, c := range w.claims {
		w.do(engine.DeleteClaim{Name: c.Name, UID: c.UID})
	}
	w.run(30 * cluster.Minute)
	if got := w.count("FailedTermination NodeClaim/"); got != was || w.running() != 8 {
		t.Errorf("%d of %d claims were told of, %d pods run:\n%s", got, was, w.running(), strings.Join(w.notes, "\n"))
	}
	if got := w.count("FailedTermination Node/"); got != was {
		t.Errorf("%d of %d nodes were told of", got, was)
	}
	for _, c := range w.claims {
		if i := w.instances[c.ProviderID]; c.Deleting() && i.State != cluster.InstanceTerminated {
			t.Errorf("instance %s of claim %s has not ended", i.ID, c.Name)
		}
	}
	w.atRest(cluster.Hour, listings)
	for _, c := range w.claims {
		x := *c
		x.Finalizers = slices.DeleteFunc(slices.Clone(c.Finalizers), func(f string) bool { return f == foreign })
		w.setClaim(&x)
	}
	for _, n := range w.nodes {
		x := *n
		x.Finalizers = slices.DeleteFunc(slices.Clone(n.Finalizers), func(f string) bool { return f == foreign })
		w.setNode(&x)
	}
	w.run(5 * cluster.Minute)
	w.settled(8)
}

// A node class that is deleted under running nodes stops what needs it: nothing is bought
// and no node given back for its price. Nodes run on, and end when somebody deletes them.
func TestNodeClassDeleted(t *testing.T) {
	w := bloated(t, 6, func(*world) {})
	w.tell(engine.ClassChanged{Ref: classRef}, 0)
	w.consolidate(func(*cluster.Pool) {})
	nodes := len(w.nodes)
	w.run(10 * cluster.Minute)
	i := slices.IndexFunc(w.pool.Conditions, func(c cluster.Condition) bool { return c.Type == "NodeClassReady" })
	if i < 0 || w.pool.Conditions[i].Status != "False" || !strings.Contains(w.pool.Conditions[i].Message, "no TestClass named default exists") {
		t.Errorf("the pool says %+v", w.pool.Conditions)
	}
	w.scale(60)
	w.run(10 * cluster.Minute)
	w.says("FailedScheduling Pod/" + w.pending() + ": Failed to schedule pod: 4 nodes: resources (cpu 1 wanted, at most 0 free); no pool (NodePool default cannot be used: no TestClass named default exists)")
	w.atRest(cluster.Hour, listings)
	if len(w.nodes) != nodes {
		t.Errorf("%d of %d nodes are left", len(w.nodes), nodes)
	}
	w.scale(3)
	w.run(cluster.Minute)
	for _, c := range w.claims {
		if !slices.ContainsFunc(slices.Collect(valuesOf(w.pods)), func(p *cluster.Pod) bool { return p.Node == c.NodeName }) {
			w.do(engine.DeleteClaim{Name: c.Name, UID: c.UID})
		}
	}
	w.run(5 * cluster.Minute)
	w.settled(3)
	w.tell(engine.ClassChanged{Ref: classRef, Class: w.class}, 0)
	w.scale(40)
	w.run(10 * cluster.Minute)
	w.settled(40)
}

func valuesOf(pods map[string]*cluster.Pod) func(yield func(*cluster.Pod) bool) {
	return func(yield func(*cluster.Pod) bool) {
		for _, p := range pods {
			if !yield(p) {
				return
			}
		}
	}
}

// pending is the name of a pod that waits.
func (w *world) pending() string {
	var names []string
	for _, p := range w.pods {
		if p.Node == "" {
			names = append(names, p.Name)
		}
	}
	return slices.Min(names)
}
