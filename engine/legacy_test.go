package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestNamesOfTwoPools: of a NodePool and a Provisioner of one name the NodePool counts,
// whichever came first, and the Provisioner is told; it counts once the NodePool is gone.
func TestNamesOfTwoPools(t *testing.T) {
	w := newWorld(t, 42)
	node := *w.pool
	old := node
	old.UID, old.Legacy, old.Conditions, old.Revision = "provisioner", true, nil, "1"
	told := func(effects []engine.Effect) (status string) {
		for _, f := range effects {
			if x, ok := f.(engine.PatchPoolStatus); ok && x.Legacy {
				for _, c := range x.Conditions {
					if c.Type == "ValidationSucceeded" {
						status = c.Status + " " + c.Reason
					}
				}
			}
		}
		return status
	}
	buys := func(e *engine.Engine) string {
		for _, p := range e.Input().Pools {
			return p.UID
		}
		return "nothing"
	}
	nodePool := engine.PoolChanged{Name: node.Name, Pool: &node}
	provisioner := engine.PoolChanged{Name: node.Name, Legacy: true, Pool: &old}
	for _, order := range [][]engine.Event{{nodePool, provisioner}, {provisioner, nodePool}} {
		e := engine.New(w.opts)
		now := w.now
		step := func(events ...engine.Event) []engine.Effect {
			now = now.Add(cluster.Second)
			effects, _ := e.Step(now, events)
			for _, f := range effects {
				if r, ok := f.(engine.Resolve); ok {
					more, _ := e.Step(now, []engine.Event{engine.Done{Effect: r, Resolution: w.resolve()}})
					effects = append(effects, more...)
				}
			}
			return effects
		}
		effects := step(append(order, engine.ClassChanged{Ref: w.class.Ref, Class: w.class}, engine.Synced{})...)
		if got := told(effects); got != "False NameTaken" {
			t.Errorf("the Provisioner is told %q", got)
		}
		if got := buys(e); got != node.UID {
			t.Errorf("nodes are bought for %s, want the NodePool", got)
		}
		step(engine.PoolChanged{Name: node.Name})
		if got := buys(e); got != old.UID {
			t.Errorf("without the NodePool nodes are bought for %s, want the Provisioner", got)
		}
		step(engine.PoolChanged{Name: node.Name, Legacy: true})
		if got := buys(e); got != "nothing" {
			t.Errorf("without any pool nodes are bought for %s", got)
		}
	}
}
