package engine

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// Policy stands in for the two decisions that cost money: what to buy for pods that
// wait, and which nodes to give back. What then happens, from a claim's launch to a
// node's drain, is the engine's whoever has decided. So policies can be compared with
// nothing else between them. The zero value leaves both to solve and repack.
type Policy struct {
	// Provision plans for the classes of a snapshot. Besides pods that wait these are
	// pods whose nodes will go.
	Provision func(*cluster.Snapshot) *plan.Plan
	// Disrupt says which nodes are to go now, for any reason that budgets know
	// (drift too), and when it wants to be asked again: exactly then, or, with
	// [cluster.Never], when something has changed, PassEvery from now at the earliest.
	// Its actions are begun as they are: keeping to the pools' budgets and
	// consolidateAfter is up to it. Input.Kept are the nodes that no policy may touch
	// now, and why.
	Disrupt func(repack.Input) (r *plan.Repacking, again cluster.Instant)
}

// plan answers a snapshot as the policy would.
func (e *Engine) plan(s *cluster.Snapshot, opt solve.Options) *plan.Plan {
	if e.opts.Policy.Provision != nil {
		return e.opts.Policy.Provision(s)
	}
	return solve.Solve(s, opt)
}

// obey does what the policy says instead of a pass, and returns when to ask it again;
// changes is when a pool's budgets say something else.
func (e *Engine) obey(changes cluster.Instant) cluster.Instant {
	kept, again := map[string]string{}, changes
	for _, c := range e.claims {
		n := e.nodeOfClaim(c)
		if n == nil || !c.Is(cluster.Initialized) {
			continue
		}
		why, until := e.shields(c, n)
		if why != "" {
			kept[n.Name] = why
		}
		again = min(again, until)
	}
	r, due := e.opts.Policy.Disrupt(repack.Input{Input: e.placed(), Now: e.now, Kept: kept})
	e.disruptor.last, e.disruptor.due = e.now, 0
	e.judge(r)
	e.out = append(e.out, Repacked{Repacking: r})
	for i := range r.Actions {
		e.begin(&r.Actions[i], 0)
	}
	if due == cluster.Never {
		return again
	}
	e.disruptor.due = due
	return due
}
