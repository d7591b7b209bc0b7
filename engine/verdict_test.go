package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// count is how many notes begin with a prefix.
func (w *world) count(prefix string) int {
	n := 0
	for _, x := range w.notes {
		if strings.HasPrefix(x, prefix) {
			n++
		}
	}
	return n
}

// TestVerdictsAreTold on nodes and claims, and not again while nothing changes or while
// pods come and go.
func TestVerdictsAreTold(t *testing.T) {
	w := newWorld(t, 1)
	w.run(5 * cluster.Second)
	w.scale(3)
	w.run(10 * cluster.Minute)
	for _, p := range w.pods {
		c := *p
		c.ProtectedUntil, c.ProtectedBy = cluster.Never, "karpenter.sh/do-not-disrupt"
		w.setPod(&c)
	}
	w.run(2 * cluster.Minute)
	nodes, claims := w.count("Unconsolidatable Node/"), w.count("Unconsolidatable NodeClaim/")
	if nodes == 0 || claims == 0 || !strings.Contains(fmt.Sprint(w.notes), "carries do-not-disrupt") {
		t.Fatalf("told of %d nodes and %d claims\n%s", nodes, claims, strings.Join(w.notes, "\n"))
	}
	w.run(20 * cluster.Minute)
	if again := w.count("Unconsolidatable ") - nodes - claims; again != 0 {
		t.Errorf("%d more at rest", again)
	}
	// Which pod it is that holds a node changes every minute.
	passes := w.passes
	for range 14 {
		for _, p := range w.pods {
			if !p.Deleting() {
				w.deletePod(p)
				break
			}
		}
		w.run(10 * cluster.Second)
		w.scale(3)
		for _, p := range w.pods {
			c := *p
			c.ProtectedUntil, c.ProtectedBy = cluster.Never, "karpenter.sh/do-not-disrupt"
			w.setPod(&c)
		}
		w.run(50 * cluster.Second)
	}
	if again := w.count("Unconsolidatable ") - nodes - claims; w.passes < passes+8 || again > 4*len(w.nodes) {
		t.Errorf("%d more in %d passes over %d nodes", again, w.passes-passes, len(w.nodes))
	}
}

// TestDisruptionReason is a condition of claims that go, for whichever reason, and of no
// others.
func TestDisruptionReason(t *testing.T) {
	w := newWorld(t, 2)
	w.image = "one"
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(12)
	w.run(10 * cluster.Minute)
	seen := map[string]bool{}
	watch := func(limit cluster.Duration) {
		for range limit.Seconds() {
			w.run(cluster.Second)
			for _, c := range w.claims {
				x := c.Condition(cluster.DisruptionReason)
				seen[x.Reason] = true
				if x.Status == "True" && x.Message == "" {
					t.Errorf("claim %s says %+v", c.Name, x)
				}
			}
		}
	}
	w.scale(5)
	watch(15 * cluster.Minute)
	w.image = "two"
	watch(15 * cluster.Minute)
	w.scale(0)
	watch(10 * cluster.Minute)
	for _, why := range []string{"Underutilized", "Drifted", "Empty"} {
		if !seen[why] {
			t.Errorf("no claim said that it goes since it is %s: %v", why, seen)
		}
	}
	w.scale(4)
	w.run(10 * cluster.Minute)
	w.settled(4)
	for _, c := range w.claims {
		if x := c.Condition(cluster.DisruptionReason); x.Status != "" {
			t.Errorf("claim %s stays and says %+v", c.Name, x)
		}
	}
}
