package engine_test

import (
	"fmt"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestInterruption: when several instances are taken back, what their pods need is there
// before the nodes are drained, and no pod is lost with its node. Wherever the operator
// ends on the way, the next one hears of it.
func TestInterruption(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.pool.Budgets = []cluster.Budget{{Nodes: 0}} // they do not matter
			w.restart()
			w.run(5 * cluster.Second)
			w.scale(100)
			w.run(10 * cluster.Minute)
			w.settled(100)
			if seed%2 == 1 {
				w.crash = func() bool { return w.rng.IntN(25) == 0 }
			}
			old, nodes := 0, map[string]bool{}
			for _, c := range w.claims {
				if old++; old <= 2 {
					w.warn(c)
					nodes[c.NodeName] = true
				}
			}
			for range 118 {
				w.run(cluster.Second)
			}
			w.crash = nil
			for _, p := range w.pods {
				if nodes[p.Node] && !p.Deleting() {
					t.Errorf("pod %s is still on node %s when it ends", p.Name, p.Node)
				}
			}
			if len(w.warned) > 0 {
				t.Errorf("%d notices are not acknowledged", len(w.warned))
			}
			w.run(10 * cluster.Minute)
			w.settled(100)
		})
	}
}

// TestReplacementBeforeInterruption: while there is time, pods stay until their new node
// is ready.
func TestReplacementBeforeInterruption(t *testing.T) {
	w := newWorld(t, 3)
	w.run(5 * cluster.Second)
	w.scale(100)
	w.run(10 * cluster.Minute)
	w.settled(100)
	for _, c := range w.claims {
		w.warn(c)
		break
	}
	least := 100
	for range 110 {
		w.run(cluster.Second)
		if waiting := 0; true {
			for _, p := range w.pods {
				if p.Node == "" && !p.Deleting() {
					waiting++
				}
			}
			least = min(least, 100-waiting)
		}
	}
	if least < 95 {
		t.Errorf("%d pods waited for a node at once: it was not there before", 100-least)
	}
}
