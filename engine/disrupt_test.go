package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// price is what the claims' nodes cost per hour.
func (w *world) price() cluster.Money {
	sum := cluster.Money(0)
	for _, c := range w.claims {
		p, _, _ := cluster.Price(w.types, c.Offering())
		sum += p
	}
	return sum
}

// underway counts the nodes that are being disrupted.
func (w *world) underway() int {
	n := 0
	for _, node := range w.nodes {
		if slices.Contains(node.Taints, cluster.DisruptedTaint) {
			n++
		}
	}
	return n
}

// noted tells whether a note with that reason was written.
func (w *world) noted(reason string) bool {
	return slices.ContainsFunc(w.notes, func(n string) bool { return strings.HasPrefix(n, reason+" ") })
}

// TestConsolidation: what a shrunk workload leaves half empty is packed together, node
// by node or several for one, until what is paid is near the bound. All pods run in the
// end, and nothing more is done then.
func TestConsolidation(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(t, seed)
		w.run(5 * cluster.Second)
		w.scale(100)
		w.run(10 * cluster.Minute)
		w.settled(100)
		before := w.price()
		w.scale(31)
		w.run(40 * cluster.Minute)
		w.settled(31)
		if w.repacked == nil || len(w.repacked.Actions) > 0 {
			t.Fatalf("seed %d: the last pass did not find an end", seed)
		}
		if gap := w.repacked.Gap(); gap > 0.15 || w.price() >= before/2 {
			t.Errorf("seed %d: 31 of 100 pods cost %s after %s, %.1f %% above the bound", seed, w.price(), before, 100*gap)
		}
		w.run(8 * cluster.Hour) // what saves 1 % for as long is worth another look until then
		passes, writes := w.passes, w.writes
		w.run(30 * cluster.Minute)
		if w.writes-writes > 40 || w.passes > passes {
			t.Errorf("seed %d: %d writes and %d passes at rest", seed, w.writes-writes, w.passes-passes)
		}
	}
}

// TestBudgetsHold: never more nodes are disrupted at once than the pool's budget allows.
func TestBudgetsHold(t *testing.T) {
	for seed := range uint64(2) {
		w := newWorld(t, seed)
		w.pool.Budgets = []cluster.Budget{{Nodes: 2}}
		w.restart()
		w.run(5 * cluster.Second)
		w.scale(150)
		w.run(10 * cluster.Minute)
		w.scale(40)
		most := 0
		for range 3000 {
			w.run(cluster.Second)
			most = max(most, w.underway())
		}
		w.settled(40)
		if most == 0 || most > 2 {
			t.Errorf("seed %d: %d nodes were disrupted at once, the budget allows 2", seed, most)
		}
	}
}

// TestReplacementThatNeverComes: the nodes that were to be replaced stay.
func TestReplacementThatNeverComes(t *testing.T) {
	w := newWorld(t, 4)
	w.run(5 * cluster.Second)
	w.scale(15)
	w.run(10 * cluster.Minute)
	w.settled(15)
	w.scale(5)
	for _, typ := range w.types { // nothing can be had any more, which only launches tell
		for _, o := range typ.Offerings {
			w.short[cluster.OfferingID{InstanceType: typ.Name, Zone: o.Zone, CapacityType: o.CapacityType}] = true
		}
	}
	w.run(30 * cluster.Minute)
	if !w.noted("DisruptionLaunching") || !w.noted("DisruptionBlocked") {
		t.Fatalf("nothing was tried and taken back:\n%s", strings.Join(w.notes, "\n"))
	}
	if w.running() != 5 || w.underway() > 0 {
		t.Errorf("%d pods run, %d nodes are tainted; want 5 and none", w.running(), w.underway())
	}
}

// TestProtectedInBetween: a pod that becomes protected while the replacement boots keeps
// its node.
func TestProtectedInBetween(t *testing.T) {
	w := newWorld(t, 5)
	w.run(5 * cluster.Second)
	w.scale(15)
	w.run(10 * cluster.Minute)
	w.scale(5)
	for range 3000 {
		w.run(cluster.Second / 5)
		if w.noted("DisruptionLaunching") {
			break
		}
	}
	for _, p := range w.pods {
		c := *p
		c.ProtectedUntil = cluster.Never
		w.setPod(&c)
	}
	was := map[string]bool{}
	for id := range w.pods {
		was[id] = true
	}
	w.run(20 * cluster.Minute)
	for id, p := range w.pods {
		if !p.Deleting() && !was[id] {
			t.Errorf("pod %s was made anew: a protected one was evicted", id)
		}
	}
	if w.underway() > 0 {
		t.Errorf("%d nodes are still tainted", w.underway())
	}
}

// TestConsolidationSurvivesCrashes: wherever the operator ends on the way, the next one
// brings it to an end that is as good.
func TestConsolidationSurvivesCrashes(t *testing.T) {
	crashes := 0
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.run(5 * cluster.Second)
			w.scale(80)
			w.run(10 * cluster.Minute)
			w.settled(80)
			w.scale(25)
			w.crash = func() bool { return w.rng.IntN(15) == 0 }
			w.run(5 * cluster.Minute)
			w.crash = nil
			w.run(40 * cluster.Minute)
			w.settled(25)
			if w.underway() > 0 || w.repacked.Gap() > 0.2 {
				t.Errorf("%d nodes are still tainted, gap %.1f %%", w.underway(), 100*w.repacked.Gap())
			}
			crashes += w.crashes
		})
	}
	if crashes < 50 {
		t.Errorf("only %d crashes in all: the test does not test much", crashes)
	}
}

// TestVerdictOfEachNode: after a pass every node has one.
func TestVerdictOfEachNode(t *testing.T) {
	w := newWorld(t, 6)
	w.run(5 * cluster.Second)
	w.scale(60)
	w.run(10 * cluster.Minute)
	if got := w.repacked.Verdicts; len(got) != len(w.nodes) {
		t.Errorf("%d verdicts for %d nodes: %v", len(got), len(w.nodes), got)
	}
}

// TestBoundsAreRare: of passes that follow each other quickly only some have a bound, and
// what is done is the same.
func TestBoundsAreRare(t *testing.T) {
	left := map[cluster.Duration]string{}
	for _, every := range []cluster.Duration{0, 2 * cluster.Minute, cluster.Forever} {
		w := newWorld(t, 3)
		w.opts.BoundEvery = every
		w.restart()
		w.run(5 * cluster.Second)
		w.scale(60)
		w.run(10 * cluster.Minute)
		w.scale(20)
		w.run(20 * cluster.Minute)
		switch {
		case every == 0 && w.bounds < w.passes, every == cluster.Forever && w.bounds > 0:
			t.Errorf("BoundEvery %d: %d of %d passes have a bound", every, w.bounds, w.passes)
		case every > 0 && every < cluster.Forever && (w.bounds == 0 || w.bounds >= w.passes/2 || w.bounds > 16):
			t.Errorf("every two minutes: %d of %d passes have a bound in half an hour", w.bounds, w.passes)
		}
		left[every] = fmt.Sprint(w.writes, w.passes, w.price())
	}
	if left[0] != left[cluster.Forever] || left[0] != left[2*cluster.Minute] {
		t.Errorf("with other bounds other things are done: %v", left)
	}
}

// TestActionsThatAreOvertaken: nodes that were to be replaced are deleted by somebody before
// their marks are seen. What was to be bought for them must not count as room ever after.
func TestActionsThatAreOvertaken(t *testing.T) {
	overtaken := 0
	for seed := range uint64(6) {
		w := newWorld(t, 340+seed)
		w.run(5 * cluster.Second)
		w.scale(15)
		w.run(10 * cluster.Minute)
		w.scale(5)
		w.loses = func(f engine.Effect) bool {
			p, is := f.(engine.PatchClaim)
			if !is || p.Annotations["ullage.sh/replaced-by"] == "" {
				return false
			}
			n := w.nodes[w.claims[p.Name].NodeName]
			w.do(engine.DeleteNode{Name: n.Name, UID: n.UID})
			overtaken++
			return false
		}
		w.run(3 * cluster.Hour)
		w.settled(5)
		for _, h := range w.eng.Snapshot().Hosts {
			if w.nodes[h.Name] == nil && w.claims[h.Claim] == nil {
				t.Errorf("seed %d: plans count on %s, which is nowhere", seed, h.Name)
			}
		}
	}
	if overtaken < 6 {
		t.Errorf("%d nodes were deleted before they were replaced: the test tests nothing", overtaken)
	}
}
