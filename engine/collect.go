package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// doCollect compares claims with instances: an instance that belongs to no claim
// is ended, a claim whose instance has vanished is deleted.
func (e *Engine) doCollect() cluster.Instant {
	period := e.opts.scaled(e.opts.CollectEvery)
	next := e.instances.listed.Add(period)
	if e.instances.listed.IsZero() || e.now >= next || e.inventoryNeeded() {
		if e.issue(List{}) {
			e.instances.asked = e.now
		}
		return cluster.Never // the outcome comes back here
	}
	again := min(next, e.collectOrphans(), e.collectVanished(), e.collectNodes())
	if len(e.instances.missing) > 0 {
		again = min(again, e.instances.listed.Add(e.orphanGrace()/4))
	}
	return again
}

// inventoryNeeded tells whether some claim cannot go on without a fresh list, at
// most every few seconds.
func (e *Engine) inventoryNeeded() bool {
	if e.now < e.instances.listed.Add(e.orphanGrace()/4) {
		return false
	}
	if len(e.instances.missing) > 0 {
		return true
	}
	for _, c := range e.claims {
		if c.ProviderID == "" || !e.ours(c.Class) || released(c) {
			continue
		}
		if _, known := e.instances.byProvider[c.ProviderID]; !known {
			return true
		}
		if n := e.nodeOfClaim(c); n != nil && !n.Ready && c.Is(cluster.Initialized) {
			return true
		}
	}
	for _, n := range e.nodes {
		if held := n.DeletingAt != 0 && !slices.Contains(n.Finalizers, terminationFinalizer); !n.Ready && !held && e.oursNode(n) && e.claimOfNode(n) == nil {
			return true
		}
	}
	return false
}

func (e *Engine) listed(d Done, again cluster.Instant) {
	e.agenda.by(job{jobCollect, ""}, again)
	if d.Err != nil {
		e.note(Note{About: Object{Kind: "Provider", Name: "instances"}, Warning: true, Quiet: true, Reason: "ListFailed", Message: d.Err.Message})
		return
	}
	v := &e.instances
	v.listed = v.asked
	other := v.takeList(d.Instances)
	for id := range v.missing {
		if v.alive(id) {
			delete(v.missing, id)
		}
	}
	for id, x := range v.byProvider {
		if !v.alive(id) && e.claimOn(id) == nil && (x.State == cluster.InstanceTerminated || e.now > x.Launched.Add(e.orphanGrace())) {
			v.forget(id)
		}
	}
	moving := e.moving()
	for id, both := range e.pairs {
		c := both.claim
		if c == nil {
			continue
		}
		name := c.Name
		if x := e.idle[name]; x != nil && !e.tied && e.now < x.until && !moving[name] && !other[id] && v.alive(id) {
			continue // it is calm
		}
		if released(c) {
			delete(v.missing, id)
			continue
		}
		seen := v.alive(id)
		if _, already := v.missing[id]; !seen && !already {
			v.missing[id] = v.listed
		}
		if other[id] {
			e.notIdle(name)
		}
		if !seen || other[id] || !e.calm(c) {
			e.agenda.by(job{jobClaim, name}, e.now)
		}
	}
}

// moving are the claims that may be on their way out although they and their nodes do not say
// so, and some of which that is known.
func (e *Engine) moving() map[string]bool {
	out := e.begun()
	for name := range e.disruptor.vacating {
		out[name] = true
	}
	for name := range e.disruptor.vain {
		out[name] = true
	}
	return out
}

// calm tells whether the node of a claim is in order and stays: nothing that is done about it
// waits for anything but what it is told of, or for a time that is known.
func (e *Engine) calm(c *cluster.Claim) bool {
	n := e.nodeOfClaim(c)
	return n != nil && n.Ready && c.Is(cluster.Initialized) && !e.disrupting(c, n) &&
		e.disruptor.vacating[c.Name] == nil && e.disruptor.vain[c.Name] == 0 &&
		(c.ExpireAfter == cluster.Forever || c.ExpireAfter <= 0 || e.now < c.Created.Add(e.opts.scaled(c.ExpireAfter)))
}

func (e *Engine) orphanGrace() cluster.Duration { return e.opts.scaled(e.opts.OrphanGrace) }

// collectOrphans ends instances that no claim has or may still get, and returns
// when the next one's grace is over.
func (e *Engine) collectOrphans() cluster.Instant {
	again := cluster.Never
	var orphans []string
	for id := range e.instances.byProvider {
		if e.claimOn(id) == nil {
			orphans = append(orphans, id)
		}
	}
	slices.Sort(orphans)
	for _, id := range orphans {
		i := &e.instances.byProvider[id].Instance
		if i.State == cluster.InstanceTerminated || i.State == cluster.InstanceShuttingDown || e.wanted(*i) {
			continue
		}
		if due := i.Launched.Add(e.orphanGrace()); e.now < due {
			again = min(again, due)
			continue
		}
		if e.end(i.ProviderID) {
			e.note(Note{About: Object{Kind: "Instance", Name: i.ID}, Warning: true, Quiet: true, Reason: "GarbageCollected", Pool: i.Pool, Message: "instance " + i.ID + " belongs to no NodeClaim"})
		}
	}
	return again
}

// wanted tells whether an instance may still be given to a claim of its batch.
func (e *Engine) wanted(i cluster.Instance) bool {
	for name := range e.batch[i.Token] {
		if c := e.claims[name]; !c.Is(cluster.Launched) && !c.Deleting() {
			return true
		}
	}
	return false
}

// collectVanished finds the claims whose instances the cloud has not shown for
// longer than its lag, and deletes them. It returns when to look again.
func (e *Engine) collectVanished() cluster.Instant {
	again := cluster.Never
	for _, id := range slices.Sorted(maps.Keys(e.instances.missing)) {
		c := e.claimOn(id)
		if c == nil {
			delete(e.instances.missing, id)
			continue
		}
		if n := e.nodeOfClaim(c); n != nil && n.Ready {
			continue // somebody still answers: believe the kubelet; it is asked again when it stops
		}
		due := max(c.Condition(cluster.Launched).Since.Add(e.orphanGrace()), e.instances.missing[id].Add(e.orphanGrace()/2))
		if e.now < due {
			again = min(again, due)
			continue
		}
		if e.instances.listed <= e.instances.missing[id] {
			continue // a second list has to confirm it
		}
		e.instances.sawState(id, cluster.InstanceTerminated)
		e.notIdle(c.Name)
		e.agenda.by(job{jobClaim, c.Name}, e.now)
		if !c.Deleting() {
			e.deleteClaim(c, "InstanceVanished", "its instance "+id+" no longer exists")
		}
	}
	return again
}

// collectNodes deletes nodes of ours that no claim has, whose kubelet is silent and
// whose instance is gone: an instance that was ended as an orphan may have
// registered before. It returns when to look again.
func (e *Engine) collectNodes() cluster.Instant {
	again := cluster.Never
	var left []*cluster.Node
	for _, n := range e.nodes {
		if !n.Ready && e.oursNode(n) && e.claimOfNode(n) == nil && !e.instances.alive(n.ProviderID) {
			left = append(left, n)
		}
	}
	slices.SortFunc(left, func(a, b *cluster.Node) int { return strings.Compare(a.Name, b.Name) })
	for _, n := range left {
		if due := max(n.Created, n.ReadySince).Add(e.orphanGrace()); e.now < due || e.instances.listed < due {
			again = min(again, max(due, e.now.Add(e.orphanGrace())))
			continue
		}
		switch {
		case n.DeletingAt == 0:
			if e.issue(DeleteNode{Name: n.Name, UID: n.UID}) {
				e.note(Note{About: aboutNode(n), Warning: true, Quiet: true, Reason: "GarbageCollected", Pool: n.Labels[cluster.LabelNodePool], Message: "node " + n.Name + " has neither a NodeClaim nor an instance"})
			}
		case slices.Contains(n.Finalizers, terminationFinalizer):
			e.letNodeGo(n)
		default:
			e.tellHeld(aboutNode(n), n.Labels[cluster.LabelNodePool], n.Finalizers)
		}
	}
	return again
}

// oursNode tells whether a node was launched for a class of ours: it carries the
// class's label from its first moment.
func (e *Engine) oursNode(n *cluster.Node) bool {
	return slices.ContainsFunc(e.opts.Kinds, func(kind string) bool { return n.Labels[classLabel(kind)] != "" })
}

// classLabel is the label under which nodes and claims name their class, for a kind
// written "group/Kind" (Karpenter's form).
func classLabel(kind string) string { return strings.ToLower(kind) }

// instanceEnded asks for the end of a claim's instance and tells whether it has
// come.
func (e *Engine) instanceEnded(c *cluster.Claim) bool {
	if e.instances.gone(c.ProviderID) {
		return true
	}
	e.end(c.ProviderID)
	return false
}

// end puts an instance on the list of those to terminate, unless the cloud has
// been asked and is not due to be asked again. It tells whether it did.
func (e *Engine) end(providerID string) bool {
	if e.busy(instanceKey(providerID)) {
		return false
	}
	e.expected.put(instanceKey(providerID), expectation{effect: Terminate{IDs: []string{providerID}}})
	e.ending[providerID] = true
	e.agenda.by(job{jobTerminate, ""}, e.now)
	return true
}

// terminateBatch bounds the instances of one request to the cloud.
const terminateBatch = 100

// doTerminate sends the terminations that this step asked for, many in a request.
func (e *Engine) doTerminate() cluster.Instant {
	ids := slices.Sorted(maps.Keys(e.ending))
	clear(e.ending)
	for part := range slices.Chunk(ids, terminateBatch) {
		f := Terminate{IDs: slices.Clone(part)}
		e.expected.put(f.Key(), expectation{effect: f})
		e.out = append(e.out, f)
	}
	return cluster.Never
}

// terminatePoll is how often the cloud is asked whether an instance has ended.
const terminatePoll = 2 * cluster.Second

func (e *Engine) terminated(f Terminate, d Done, again cluster.Instant) {
	for _, id := range f.IDs {
		key := instanceKey(id)
		e.expected.drop(key)
		e.retry[key] = backoff{notBefore: again}
		if d.Err == nil {
			state := cmp.Or(d.States[id], cluster.InstanceTerminated)
			if state == cluster.InstanceTerminated {
				delete(e.retry, key)
			} else {
				e.retry[key] = backoff{notBefore: e.now.Add(e.opts.scaled(terminatePoll))}
			}
			e.instances.sawState(id, state)
		}
		if c := e.claimOn(id); c != nil {
			e.notIdle(c.Name)
			e.agenda.by(job{jobClaim, c.Name}, max(e.now, e.retry[key].notBefore))
		} else {
			e.agenda.by(job{jobCollect, ""}, max(e.now, e.retry[key].notBefore))
		}
	}
}
