package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// A pass finds more nodes whose pods have room elsewhere than budgets let go at once. Those that
// have to wait get a taint that the scheduler heeds where it has a choice, as Cluster
// Autoscaler's candidates do (docs/decisions/0035). It puts pods where most is free, which is on
// just these nodes: who is evicted now would be evicted again a few minutes later.
//
// The taint is the memory. It goes with the node, or when a later pass finds that the node
// stays.

// deter keeps pods off nodes that are to go later, by name, as far as there is room elsewhere.
func (e *Engine) deter(r *plan.Repacking, later map[string]bool) {
	for _, v := range r.Verdicts {
		n := e.nodes[v.Host]
		has := n != nil && slices.Contains(n.Taints, cluster.CandidateTaint)
		switch {
		case n == nil:
		case later[v.Host] && !has:
			e.retaint(n, append(slices.Clone(n.Taints), cluster.CandidateTaint))
		case has && remains(v):
			e.retaint(n, cluster.WithoutCandidate(n.Taints))
		}
	}
}

// remains tells whether a verdict is that a node stays, and not only that it does for now.
func remains(v plan.Verdict) bool {
	switch v.Kept {
	case 0, plan.KeptFor, plan.KeptUnmanaged, plan.KeptFragile:
		return false
	}
	return true
}

// invite takes the taint off the node of a claim that is not given back to save money any more,
// whatever passes find.
func (e *Engine) invite(c *cluster.Claim, n *cluster.Node) {
	if e.invites(c, n) {
		e.retaint(n, cluster.WithoutCandidate(n.Taints))
	}
}

// invites tells whether that is to be done.
func (e *Engine) invites(c *cluster.Claim, n *cluster.Node) bool {
	mayGo := lets(e.pools[c.Pool]) && !ownerForbids(c, n) && e.opts.Policy.Disrupt == nil
	return !mayGo && slices.Contains(n.Taints, cluster.CandidateTaint)
}

func (e *Engine) retaint(n *cluster.Node, taints []cluster.Taint) {
	e.issue(PatchNode{Name: n.Name, UID: n.UID, Revision: n.Revision, Finalizers: n.Finalizers, Taints: taints})
}
