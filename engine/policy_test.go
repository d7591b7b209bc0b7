package engine_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// TestPolicy: a policy is asked instead of solve and repack, exactly when it wants to be,
// and what it says is done: a node goes that earns its price, and its pods run again.
func TestPolicy(t *testing.T) {
	const every = 17 * cluster.Second
	w := newWorld(t, 1)
	plans, node := 0, ""
	var asked []cluster.Instant
	w.opts.Policy = engine.Policy{
		Provision: func(s *cluster.Snapshot) *plan.Plan {
			plans++
			return solve.Solve(s, solve.Options{})
		},
		Disrupt: func(in repack.Input) (*plan.Repacking, cluster.Instant) {
			asked = append(asked, in.Now)
			r := &plan.Repacking{}
			for _, n := range in.Nodes {
				if in.Kept[n.Name] == "" && node == "" && len(asked) > 3 {
					node = n.Name
					r.Actions = []plan.Action{{Why: cluster.ReasonUnderutilized, Hosts: []string{node}}}
				}
			}
			return r, in.Now.Add(every)
		},
	}
	w.eng = engine.New(w.opts)
	w.run(5 * cluster.Second)
	w.scale(20)
	w.run(10 * cluster.Minute)
	w.settled(20)
	if plans == 0 || node == "" {
		t.Fatalf("%d plans were made by the policy, and it gave back node %q", plans, node)
	}
	if w.nodes[node] != nil {
		t.Errorf("node %s is still there", node)
	}
	late := 0
	for i := range asked[1:] {
		switch gap := asked[i+1].Sub(asked[i]); {
		case gap < every:
			t.Errorf("asked after %s, want %s", gap, every)
		case gap > every:
			late++ // pods waited for a plan: that comes first
		}
	}
	if late > len(asked)/4 {
		t.Errorf("asked late %d times of %d", late, len(asked))
	}
}
