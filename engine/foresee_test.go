package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestBurstOutrunsTheScheduler: the scheduler takes six seconds to say of sixty pods that
// they fit nowhere. They are alike, so nodes for all are bought, once, when it has said so of
// the first.
func TestBurstOutrunsTheScheduler(t *testing.T) {
	w := newWorld(t, 21)
	w.slow, w.refusing = 5*cluster.Millisecond, 100*cluster.Millisecond
	w.run(5 * cluster.Second)
	w.scale(60)
	w.run(cluster.Second)
	bought := len(w.claims)
	if bought == 0 {
		t.Fatal("after a second nothing was bought yet")
	}
	w.run(10 * cluster.Minute)
	w.settled(60)
	if w.purchases != 1 || len(w.claims) != bought {
		t.Errorf("%d nodes were bought after a second, %d in the end, in %d plans; want all in one", bought, len(w.claims), w.purchases)
	}
}
