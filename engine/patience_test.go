package engine_test

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// watched is a world whose writes are counted, by kind and object.
func watched(t *testing.T, seed uint64, consolidateAfter cluster.Duration) (w *world, statuses, releases map[string]int) {
	w = newWorld(t, seed)
	w.pool.ConsolidateAfter, w.image = consolidateAfter, "old"
	w.restart()
	statuses, releases = map[string]int{}, map[string]int{}
	w.conflicts = func(f engine.Effect) bool {
		switch f := f.(type) {
		case engine.PatchClaimStatus:
			statuses[f.Name]++
		case engine.PatchClaim:
			if len(f.Finalizers) == 0 {
				releases[f.Name]++
			}
		case engine.PatchNode:
			if len(f.Finalizers) == 0 {
				releases[f.Name]++
			}
		}
		return false
	}
	w.run(5 * cluster.Second)
	return w, statuses, releases
}

// TestStatusWrites: the status of a claim is written a few times in a life: launched,
// registered, initialized, left alone, left again, and at its end once.
func TestStatusWrites(t *testing.T) {
	w, statuses, releases := watched(t, 51, 30*cluster.Second)
	w.scale(60)
	w.run(5 * cluster.Minute)
	if len(statuses) == 0 {
		t.Fatal("no node was bought")
	}
	for name, n := range statuses {
		if n > 4 {
			t.Errorf("up: %d writes of the status of %s", n, name)
		}
	}
	w.scale(0)
	w.run(10 * cluster.Minute)
	if len(w.claims)+len(w.nodes) != 0 {
		t.Fatalf("%d claims and %d nodes are left", len(w.claims), len(w.nodes))
	}
	for name, n := range statuses {
		if n > 7 {
			t.Errorf("%d writes of the status of %s", n, name)
		}
	}
	for name, n := range releases {
		if n != 1 {
			t.Errorf("%s was let go %d times", name, n)
		}
	}
}

// TestPatience: that pods have come is on the claim after patienceFor, with the time, and
// before that with anything else that is written.
func TestPatience(t *testing.T) {
	w, statuses, _ := watched(t, 52, cluster.Minute)
	w.scale(3)
	w.run(10 * cluster.Minute)
	for _, c := range w.claims {
		if !c.Is(cluster.Consolidatable) {
			t.Fatalf("claim %s is not consolidatable after ten minutes", c.Name)
		}
	}
	clear(statuses)
	w.scale(2)
	came := w.now
	w.run(8 * cluster.Second)
	if len(statuses) != 0 {
		t.Errorf("written at once: %v", statuses)
	}
	w.run(4 * cluster.Second)
	busy := 0
	for _, c := range w.claims {
		if !c.Is(cluster.Consolidatable) {
			busy++
			if c.LastPodEvent < came.Whole() {
				t.Errorf("claim %s: the last pod event was at %s, one came at %s", c.Name, c.LastPodEvent.RFC3339(), came.RFC3339())
			}
		}
	}
	if busy == 0 || len(statuses) != busy {
		t.Errorf("%d claims say that pods went, of %d written", busy, len(statuses))
	}
}

// TestPresumed: an engine that begins while pods come and go does not take a node to have
// been left alone since the last event that was written.
func TestPresumed(t *testing.T) {
	w, _, _ := watched(t, 53, cluster.Minute)
	w.scale(6)
	w.run(10 * cluster.Minute)
	for n := 5; n >= 0; n-- { // the first is written, and of the others none for four minutes
		w.scale(n)
		w.run(15 * cluster.Second)
	}
	last := w.now.Add(-15 * cluster.Second)
	w.restart()
	for w.now < last.Add(cluster.Minute-cluster.Second) {
		w.run(cluster.Second)
		for _, c := range w.claims {
			if c.LastPodEvent >= last {
				t.Fatalf("claim %s: the last pod event was written: nothing has to be presumed", c.Name)
			}
			if n := w.nodes[c.NodeName]; c.Deleting() || strings.Contains(taints(n), cluster.DisruptedTaint.Key) {
				t.Fatalf("claim %s goes %s after the last of its pods", c.Name, w.now.Sub(last))
			}
		}
	}
	w.run(5 * cluster.Minute)
	if len(w.claims) != 0 {
		t.Errorf("%d claims stay", len(w.claims))
	}
}

func taints(n *cluster.Node) string {
	var out []string
	for _, t := range n.Taints {
		out = append(out, t.Key)
	}
	return strings.Join(out, " ")
}

// TestPodNotes: of a hundred pods that come and go at once few have an Event of their own,
// and each of the others is named in another.
func TestPodNotes(t *testing.T) {
	w, _, _ := watched(t, 54, 30*cluster.Second)
	w.scale(100)
	var pods []string
	for id := range w.pods {
		pods = append(pods, id)
	}
	w.run(5 * cluster.Minute)
	single, listed := w.told("Nominated", "PodsNominated")
	if len(single) > 15 || len(single)+len(listed) < len(pods) {
		t.Errorf("of %d pods %d were told of their nodes, %d were named", len(pods), len(single), len(listed))
	}
	for _, id := range pods {
		if !single[id] && !listed[id] {
			t.Errorf("nobody was told where %s is to go", id)
		}
	}
	gone := map[string]bool{}
	w.loses = func(f engine.Effect) bool {
		if f, ok := f.(engine.EvictPod); ok {
			gone[f.Namespace+"/"+f.Name] = true
		}
		return false
	}
	w.image = "new" // all nodes drift
	w.restart()
	w.run(30 * cluster.Minute)
	single, listed = w.told("Evicted", "PodsEvicted")
	if len(gone) < 50 || len(single) >= len(gone)/2 {
		t.Errorf("of %d pods that were evicted %d have an event", len(gone), len(single))
	}
	for id := range gone {
		if !single[id] && !listed[id] {
			t.Errorf("nobody was told that %s was evicted", id)
		}
	}
}

// told returns the pods that had an event of their own, and those that another one named.
func (w *world) told(own, list string) (single, named map[string]bool) {
	single, named = map[string]bool{}, map[string]bool{}
	for _, n := range w.events {
		switch n.Reason {
		case own:
			single[n.About.Namespace+"/"+n.About.Name] = true
		case list:
			_, names, _ := strings.Cut(n.Message, ": ")
			if len(n.Message) > 1000 {
				w.t.Errorf("%d bytes do not fit into an event", len(n.Message))
			}
			for _, id := range strings.Split(names, ", ") {
				named[id] = true
			}
		}
	}
	return single, named
}
