package engine

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// TestPlacesOutliveTheirClaims: what was left to those who are to come is theirs whatever becomes
// of the status of the claims that they come from, and nobody's when these have gone.
func TestPlacesOutliveTheirClaims(t *testing.T) {
	e, _, waits := places(t)
	k := heirOf(waits)
	e.Step(2, []Event{ClaimChanged{"spent", nil}})
	e.disruptor.heirs[k] = []string{"two"}
	old := *e.claims["old"]
	old.LastPodEvent = 2
	e.Step(3, []Event{ClaimChanged{"old", &old}})
	if left := e.disruptor.heirs[k]; len(left) != 1 {
		t.Errorf("%v is left after a change of the only claim on its way out", left)
	}
	e.Step(4, []Event{ClaimChanged{"old", nil}})
	if left := e.disruptor.heirs[k]; len(left) > 0 {
		t.Errorf("%v is left when nobody comes any more", left)
	}
}

// TestPlacesAreGivenOnce: who takes the place of a pod like it on a new node leaves it its own on a
// node that was there, which makes nobody go sooner.
func TestPlacesAreGivenOnce(t *testing.T) {
	e, there, waits := places(t)
	e.exchange(waits, "two", "on-other")
	if to := e.disruptor.moved.to[there.UID]; to != "on-other" {
		t.Errorf("who is to be evicted is meant for %q, want the place that was left", to)
	}
	if turn := e.turnOf(there); turn != repack.LateTurn(there) {
		t.Errorf("its turn is %d, want %d", turn, repack.LateTurn(there))
	}
	if left := e.placesLike(heirOf(waits)); len(left) > 0 {
		t.Errorf("%v can be had by others of them, and all are taken", left)
	}
}

// TestWhoMayInherit: a pod that has just come is not planned for while it may have come for one
// that nobody says has gone.
func TestWhoMayInherit(t *testing.T) {
	const soon = cluster.Instant(cluster.Second)
	for _, x := range []struct {
		name   string
		now    cluster.Instant
		became func(e *Engine, there *cluster.Pod)
		want   bool
	}{
		{"nobody was evicted", soon, func(*Engine, *cluster.Pod) {}, false},
		{"it is asked for", soon, func(e *Engine, there *cluster.Pod) { e.issue(EvictPod{"default", there.Name, there.UID}) }, true},
		{"the answer was lost", soon, func(e *Engine, there *cluster.Pod) { e.failed(podKey(there.ID())) }, true},
		{"a budget forbids it", soon, func(e *Engine, there *cluster.Pod) { e.blocked[there.ID()] = true; e.failed(podKey(there.ID())) }, false},
		{"it has waited for that", cluster.Instant(undecidedFor), func(e *Engine, there *cluster.Pod) { e.failed(podKey(there.ID())) }, false},
	} {
		e, there, waits := places(t)
		e.answered.drop(waits.ID())
		e.now = x.now
		if x.became(e, there); e.mayInherit() != x.want {
			t.Errorf("%s: may inherit: %v, want %v", x.name, !x.want, x.want)
		}
	}
}

// TestBudgetsKeepTurns: pods that a budget lets go one by one are not taken for stuck.
func TestBudgetsKeepTurns(t *testing.T) {
	e, there, waits := places(t)
	key := podKey(there.ID())
	e.blocked[there.ID()], e.retry[key] = true, backoff{failures: patience}
	if whose := e.whoseTurn(); whose == e.turnOf(there) {
		t.Fatalf("it is the turn of one that was refused %d times", patience)
	}
	gone := *waits
	gone.Node = "on-spent"
	e.takeOff(&gone) // one of the same controller
	if whose := e.whoseTurn(); whose != e.turnOf(there) {
		t.Errorf("it is the turn of %d, want %d: others of its kind go", whose, e.turnOf(there))
	}
}

// TestDriftThatIsNotKnown: what an engine before has found out holds until this one knows better.
func TestDriftThatIsNotKnown(t *testing.T) {
	e, _, _ := places(t)
	e.Step(2, []Event{PoolChanged{Name: "default", Pool: &cluster.Pool{Name: "default"}}})
	c := *e.claims["one"]
	c.Pool = "default"
	c.Conditions = append(c.Conditions, cluster.Condition{Type: cluster.Drifted, Status: "True", Reason: "AMIDrifted"})
	for _, known := range []bool{false, true} {
		if known {
			e.resolved[c.Class] = resolved{at: 1}
			e.instances.byProvider[c.ProviderID] = &instance{}
		}
		want := e.conditions(c.Conditions)
		e.watchDrift(&c, want)
		if is := want.get(cluster.Drifted).Status == "True"; is == known {
			t.Errorf("its class is resolved: %v; drifted: %v", known, is)
		}
	}
}
