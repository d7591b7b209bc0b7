package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// podEventEvery bounds how often lastPodEventTime is written (Karpenter's
// figure); what is remembered here is exact.
const podEventEvery = 10 * cluster.Second

// podEvent notes that pods came to or left a node.
func (e *Engine) podEvent(node string) {
	n := e.nodes[node]
	if n == nil {
		return
	}
	if c := e.claimOfNode(n); c != nil && e.synced {
		e.podEvents[c.Name] = e.now
	}
}

// quietSince is when pods last came to or left a claim's node, or when it was
// initialized.
func (e *Engine) quietSince(c *cluster.Claim) cluster.Instant {
	return max(c.LastPodEvent, e.podEvents[c.Name], c.Condition(cluster.Initialized).Since)
}

// consolidatable keeps the condition that says a node has been quiet for its
// pool's consolidateAfter, and returns when it may change.
func (e *Engine) consolidatable(c *cluster.Claim, _ *cluster.Node, want *conditions, s *PatchClaimStatus) cluster.Instant {
	again := cluster.Never
	// As precisely as it can be written: else it would be written for ever.
	if last := e.podEvents[c.Name].Whole(); last > c.LastPodEvent {
		if due := c.LastPodEvent.Add(podEventEvery); e.now >= due {
			s.LastPodEvent = last
		} else {
			again = due
		}
	}
	p := e.pools[c.Pool]
	if p == nil || p.Replicas != nil || p.ConsolidateAfter == cluster.Forever || want.get(cluster.Initialized).Status != "True" {
		want.drop(cluster.Consolidatable)
		return again
	}
	due := e.quietSince(c).Add(e.opts.scaled(p.ConsolidateAfter))
	if e.now >= due {
		want.set(cluster.Consolidatable, "True", "", "")
		return again
	}
	// It is for people to read; decisions are made from the times. While pods come
	// and go it would otherwise be written all the time.
	if x := want.get(cluster.Consolidatable); x.Status != "" && e.now < x.Since.Add(podEventEvery) {
		return min(again, due, x.Since.Add(podEventEvery))
	}
	want.drop(cluster.Consolidatable)
	return min(again, due)
}

// A node without pods is tainted first and deleted when the taint is there and the node
// still empty; otherwise the taint is taken back. The taint is the memory: an engine
// that finds one on a node that nobody deletes continues from there.

// beginEmpty begins to give back a node without pods, if room that is kept free there is to
// be had elsewhere.
func (e *Engine) beginEmpty(c *cluster.Claim, a *plan.Action) {
	n := e.nodeOfClaim(c)
	if !e.chunksMove(c, n) {
		e.spare(c, noRoomElsewhere)
		return
	}
	if e.taint(n) {
		e.markEmpty(c)
		e.note(Note{About: aboutClaim(c), Reason: "DisruptionTerminating", Pool: c.Pool,
			Decision: &Decision{Why: a.Why, Hosts: 1, Saving: a.Saving / cluster.Money(len(a.Hosts))}, Message: "Disrupting NodeClaim: empty/delete, node " + n.Name + " has held no pods for " + e.now.Sub(e.quietSince(c)).String()})
	}
}

func (e *Engine) deletionExpected(c *cluster.Claim) bool { return e.expected.ending[c.Name] }

// finishEmpty carries on with a node that was tainted in order to be given back.
func (e *Engine) finishEmpty(c *cluster.Claim, n *cluster.Node) {
	p := e.pools[c.Pool]
	if e.busy(nodeKey(n.Name)) || e.deletionExpected(c) || p == nil {
		return
	}
	allowed, _ := e.mayDelete(c, cluster.ReasonEmpty)
	goes := allowed && e.isEmpty(c, n) && p.Replicas == nil && p.ConsolidateAfter != cluster.Forever
	why := "pods came while it was about to be given back, or its pool's budgets allow it no more"
	if e.headroom.hosts[c.Name] > 0 {
		goes, why = false, noRoomElsewhere
	}
	if goes {
		if e.issue(DeleteClaim{Name: c.Name, UID: c.UID}) {
			bought := e.bought(c, c.Offering())
			e.note(Note{About: aboutClaim(c), Reason: "Empty", Pool: p.Name, Quiet: true, Bought: bought, Message: "given back: node " + n.Name + " is empty" + bought.priced()})
		}
		return
	}
	taints := slices.DeleteFunc(slices.Clone(n.Taints), func(t cluster.Taint) bool { return t == cluster.DisruptedTaint })
	if e.issue(PatchNode{Name: n.Name, UID: n.UID, Revision: n.Revision, Finalizers: n.Finalizers, Taints: taints, RemoveLabels: []string{excludeFromBalancers}}) {
		e.note(Note{About: aboutNode(n), Reason: "DisruptionBlocked", Pool: p.Name, Message: "kept: " + why})
	}
}

// isEmpty tells whether a node holds no pod that would have to run elsewhere, is neither
// meant for one that waits or is about to move nor reserved, and nobody forbids to disrupt
// it.
func (e *Engine) isEmpty(c *cluster.Claim, n *cluster.Node) bool {
	if e.meantFor(c, n)+e.movedTo(c, n) > 0 || len(e.disruptor.waitFor[c.Name]) > 0 || n.Reserved(c.Name) || ownerForbids(c, n) {
		return false
	}
	for _, p := range e.podsOn[n.Name] {
		if p.Occupies() || p.Protected(e.now) {
			return false
		}
	}
	return true
}
