package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// How far lastPodEventTime may be behind while pods come and go: four times the time after
// which a node counts as left alone, within these bounds (Karpenter: 10 s behind, always).
// What is remembered here is exact, and so is what is written of a node that has been left
// alone.
const (
	podEventLag     = 10 * cluster.Second
	podEventLagMost = 5 * cluster.Minute
)

// podEventsLag is that of a claim's pool.
func (e *Engine) podEventsLag(c *cluster.Claim) cluster.Duration {
	p := e.pools[c.Pool]
	if p == nil || p.ConsolidateAfter == cluster.Forever {
		return podEventLagMost
	}
	return min(max(4*e.opts.scaled(p.ConsolidateAfter), podEventLag), podEventLagMost)
}

// podEvent notes that pods came to a node or left it.
func (e *Engine) podEvent(node string) {
	host := node
	if c := e.claimOfHost(node); c != nil {
		host = c.Name
		if e.synced {
			e.podEvents[c.Name] = e.now
		}
	}
	e.roomChanged(host)
}

// quietSince is when pods last came to or left a claim's node, or when it was
// initialized.
func (e *Engine) quietSince(c *cluster.Claim) cluster.Instant {
	return max(c.LastPodEvent, e.podEvents[c.Name], e.presumed[c.Name], c.Condition(cluster.Initialized).Since)
}

// presume takes it that up to the moment when this engine began to watch pods came to the
// nodes that nobody has called consolidatable, as far as that need not have been written.
func (e *Engine) presume() {
	for name, c := range e.claims {
		if !c.Is(cluster.Consolidatable) {
			e.presumed[name] = min(e.quietSince(c).Add(e.podEventsLag(c)), e.began)
			e.recount(name)
		}
	}
}

// consolidatable keeps the condition that says a node has been quiet for its
// pool's consolidateAfter, and returns when it may change.
func (e *Engine) consolidatable(c *cluster.Claim, want *conditions) cluster.Instant {
	p := e.pools[c.Pool]
	initialized := want.get(cluster.Initialized)
	if !lets(p) || initialized.Status != "True" {
		want.drop(cluster.Consolidatable)
		return cluster.Never
	}
	if due := max(e.quietSince(c), initialized.Since).Add(e.opts.scaled(p.ConsolidateAfter)); e.now < due {
		want.drop(cluster.Consolidatable)
		return due
	}
	want.set(cluster.Consolidatable, "True", "", "")
	return cluster.Never
}

// lets tells whether a pool, nil for one that is not there, lets go nodes that are left alone.
func lets(p *cluster.Pool) bool {
	return p != nil && p.Replicas == nil && p.ConsolidateAfter != cluster.Forever
}

// podEventDue is since when lastPodEventTime is further behind than it may be; Never if
// there is nothing new. It puts it into s in any case.
func (e *Engine) podEventDue(c *cluster.Claim, s *PatchClaimStatus) cluster.Instant {
	last := e.podEvents[c.Name].Whole() // as precisely as it can be written: else it would be written for ever
	if last <= c.LastPodEvent {
		return cluster.Never
	}
	s.LastPodEvent = last
	return e.podEventLate(c)
}

// podEventLate is since when that is so if pods came or went since a claim last said so.
func (e *Engine) podEventLate(c *cluster.Claim) cluster.Instant {
	return max(c.LastPodEvent, c.Condition(cluster.Initialized).Since).Add(e.podEventsLag(c))
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
		e.disruptor.empties[c.Name] = true
		e.note(Note{About: aboutClaim(c), Reason: "DisruptionTerminating", Pool: c.Pool,
			Decision: &Decision{Why: a.Why, Hosts: 1, Saving: a.Saving / cluster.Money(len(a.Hosts))}, Message: "Disrupting NodeClaim: empty/delete, node " + n.Name + " has held no pods for " + e.now.Sub(e.quietSince(c)).String()})
	}
}

// allGo tells whether all nodes of an action go now that it has begun. Who stays for a chunk
// that has no room elsewhere keeps its room: what else was planned with that taken to be
// free is planned anew.
func (e *Engine) allGo(a *plan.Action) bool {
	return a.Why != cluster.ReasonEmpty || !slices.ContainsFunc(a.Hosts, func(h string) bool { return !e.disruptor.empties[e.hostOf(h)] })
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
	if e.meantFor(c, n)+e.movedTo(c, n) > 0 || e.replaces(c.Name) || n.Reserved(c.Name) || ownerForbids(c, n) {
		return false
	}
	return !e.occupied(n)
}

// occupied tells whether pods are on a node that keep it from being empty.
func (e *Engine) occupied(n *cluster.Node) bool {
	return slices.ContainsFunc(e.podsOn[n.Name], func(p *cluster.Pod) bool { return p.Occupies() || p.Protected(e.now) })
}
