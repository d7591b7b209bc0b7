package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// TestRetryIsNotForgotten: a list of instances that has failed is tried again in time,
// although something else made the engine look at it while it had to wait.
func TestRetryIsNotForgotten(t *testing.T) {
	opts := engine.DefaultOptions()
	opts.Kinds = []string{"ullage.sh/TestClass"}
	e := engine.New(opts)
	listed := func(effects []engine.Effect) (list engine.Effect) {
		for _, f := range effects {
			if _, ok := f.(engine.List); ok {
				list = f
			}
		}
		return list
	}
	effects, _ := e.Step(start, []engine.Event{engine.Synced{}})
	list := listed(effects)
	if list == nil {
		t.Fatal("instances are not listed at the beginning")
	}
	_, retry := e.Step(start, []engine.Event{engine.Done{Effect: list, Err: &engine.Failure{Kind: engine.Transient}}})
	early := start.Add(20 * cluster.Millisecond)
	if retry <= early || retry > start.Add(cluster.Second) {
		t.Fatalf("it is tried again after %s: there is no time for something between", retry.Sub(start))
	}
	effects, wake := e.Step(early, []engine.Event{engine.NodeChanged{Name: "n", Node: &cluster.Node{Name: "n", UID: "n"}}})
	if listed(effects) != nil {
		t.Fatal("the list does not wait")
	}
	if wake > retry {
		t.Errorf("the engine wants to be woken after %s, the list is due after %s", wake.Sub(start), retry.Sub(start))
	}
	if effects, _ = e.Step(retry, nil); listed(effects) == nil {
		t.Error("when it is due, nothing is listed")
	}
}
