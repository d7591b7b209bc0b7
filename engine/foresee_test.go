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
	w.run(3 * cluster.Second)
	bought := len(w.claims)
	if bought == 0 {
		t.Fatal("after three seconds nothing was bought yet")
	}
	w.run(10 * cluster.Minute)
	w.settled(60)
	if w.purchases != 1 || len(w.claims) != bought {
		t.Errorf("%d nodes were bought after three seconds, %d in the end, in %d plans; want all in one", bought, len(w.claims), w.purchases)
	}
}

// TestSchedulerIsBehind: before the scheduler comes to the pods of another kind it has to
// refuse sixty, which takes it a minute. Nodes for those are bought within seconds all the
// same.
func TestSchedulerIsBehind(t *testing.T) {
	w := newWorld(t, 22)
	w.slow, w.refusing = 5*cluster.Millisecond, cluster.Second
	w.run(5 * cluster.Second)
	w.scaleOf("memory", 60) // first by name, and so at the scheduler
	w.run(3 * cluster.Second)
	before := len(w.claims)
	w.scale(60)
	w.run(12 * cluster.Second)
	if before == 0 || len(w.claims) <= before {
		t.Errorf("%d claims for the pods of one kind, %d after those of another have waited for 12 s", before, len(w.claims))
	}
}
