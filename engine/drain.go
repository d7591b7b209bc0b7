package engine

import (
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// The way down of a claim that is being deleted: its node is deleted, which its
// finalizer holds up until the node has been tainted, drained, its volumes
// detached and the instance is gone; then the claim follows.

// endClaim brings a claim that is being deleted one step further.
func (e *Engine) endClaim(c *cluster.Claim) cluster.Instant {
	if released(c) {
		e.tellHeld(aboutClaim(c), c.Pool, c.Finalizers)
		if n := e.nodeOfClaim(c); n != nil && n.DeletingAt != 0 {
			e.tellHeld(aboutNode(n), c.Pool, n.Finalizers)
		}
		return cluster.Never
	}
	if e.stampTermination(c) {
		return cluster.Never
	}
	n := e.nodeOfClaim(c)
	switch {
	case n == nil && c.ProviderID == "":
		// Never launched, or launched and not told: then the instance belongs to
		// nobody and is collected.
		e.release(c)
		return cluster.Never
	case n == nil:
		if e.instanceEnded(c) {
			e.release(c)
		}
		return cluster.Never
	case !slices.Contains(n.Finalizers, terminationFinalizer):
		return e.endUnregistered(c, n)
	case n.DeletingAt == 0:
		e.issue(DeleteNode{Name: n.Name, UID: n.UID})
		return cluster.Never
	}
	return e.endNode(c, n)
}

// stampTermination writes when terminationGracePeriod ends, so that it is not
// counted anew by the next engine. It tells whether it had to.
func (e *Engine) stampTermination(c *cluster.Claim) bool {
	n := e.nodeOfClaim(c)
	hopeless := n != nil && e.pastHope(n)
	if c.TerminationGracePeriod == cluster.Forever && !hopeless || c.Annotations[terminationTimestamp] != "" {
		return false
	}
	end := c.DeletingAt.Add(c.TerminationGracePeriod)
	if hopeless {
		end = c.DeletingAt
	}
	if e.issue(PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers, Annotations: map[string]string{terminationTimestamp: end.RFC3339()}}) {
		e.note(Note{About: aboutClaim(c), Warning: true, Reason: "TerminationGracePeriodExpiring", Pool: c.Pool, Message: "All pods will be deleted by " + end.RFC3339()})
	}
	return true
}

// endsBy returns when the drain must be over: Never without a
// terminationGracePeriod.
func endsBy(c *cluster.Claim) cluster.Instant {
	if t, ok := cluster.ParseRFC3339(c.Annotations[terminationTimestamp]); ok {
		return t
	}
	return cluster.Never
}

// endUnregistered ends an instance whose node never became ours: there is
// nothing to drain.
func (e *Engine) endUnregistered(c *cluster.Claim, n *cluster.Node) cluster.Instant {
	if !e.instanceEnded(c) {
		return cluster.Never
	}
	if n.DeletingAt == 0 {
		e.issue(DeleteNode{Name: n.Name, UID: n.UID})
		return cluster.Never
	}
	e.release(c)
	return cluster.Never
}

// endNode drains a node, ends its instance and lets it go.
func (e *Engine) endNode(c *cluster.Claim, n *cluster.Node) cluster.Instant {
	if e.busy(nodeKey(n.Name)) {
		return cluster.Never
	}
	if !n.Ready && e.instances.gone(c.ProviderID) {
		e.nameEvicted(c, true)
		e.letNodeGo(n) // nobody is there to drain
		return cluster.Never
	}
	if !slices.Contains(n.Taints, cluster.DisruptedTaint) {
		e.taint(n)
		return cluster.Never
	}
	want := e.conditions(c.Conditions)
	again, drained := e.drain(c, n, want)
	if drained {
		again, drained = e.detach(c, n, want)
	}
	if drained {
		want.set(cluster.InstanceTerminating, "True", "", "")
		e.nameEvicted(c, true)
	}
	if want.changed {
		e.watchDisruption(c, n, want)
		s := statusOf(c)
		s.Conditions = want.list
		e.issue(s)
		return again
	}
	if drained && e.instanceEnded(c) {
		e.letNodeGo(n)
	}
	return again
}

// taint keeps new pods and load balancers off a node.
func (e *Engine) taint(n *cluster.Node) bool {
	taints := slices.DeleteFunc(slices.Clone(n.Taints), func(t cluster.Taint) bool { return t.Key == cluster.DisruptedTaint.Key })
	return e.issue(PatchNode{
		Name: n.Name, UID: n.UID, Revision: n.Revision, Finalizers: n.Finalizers,
		Labels: map[string]string{excludeFromBalancers: "karpenter"}, Taints: append(taints, cluster.DisruptedTaint),
	})
}

// drain empties a node group by group and tells whether it is done.
func (e *Engine) drain(c *cluster.Claim, n *cluster.Node, want *conditions) (again cluster.Instant, done bool) {
	if want.get(cluster.Drained).Status == "True" {
		return cluster.Never, true
	}
	limit := endsBy(c)
	pods := e.podsOn[n.Name]
	again = e.expire(c, pods, limit)
	group, waiting, stuck := e.drainGroup(pods)
	again = min(again, stuck)
	if why, next := e.endless(c, group); why != "" {
		want.set(cluster.Drained, "Unknown", "Draining", "Draining: "+why)
		return min(again, next), false
	}
	if waiting > 0 {
		want.set(cluster.Drained, "Unknown", "Draining", "Draining")
		group, next := e.turn(c, group)
		again = min(again, next)
		for _, p := range group {
			if p.Deleting() {
				continue
			}
			if p.Protected(e.now) {
				again = min(again, p.ProtectedUntil)
				continue
			}
			e.issue(EvictPod{Namespace: p.Namespace, Name: p.Name, UID: p.UID})
		}
		return again, false
	}
	// A pod may have been bound before the scheduler saw the taint: give it the
	// time to show up. Since when the node has had it is written down, as the beginning of
	// the drain, only where this engine has not seen it come.
	since, known := e.closed[n.Name]
	if x := want.get(cluster.Drained); !known && x.Status == "" {
		want.set(cluster.Drained, "Unknown", "Draining", "Draining")
		return again, false
	} else if !known {
		since = x.Since
	}
	if until := since.Add(e.opts.scaled(e.opts.MinDrain)); e.now < until {
		return min(again, until), false
	}
	want.set(cluster.Drained, "True", "", "")
	return again, true
}

// drainGroup returns the pods whose turn it is to go, how many are still to go
// in all, and when the first that is stuck stops counting. The order is that of
// a graceful node shutdown: the critical after the others, DaemonSets last in
// each.
func (e *Engine) drainGroup(pods []*cluster.Pod) (group []*cluster.Pod, waiting int, stuck cluster.Instant) {
	var groups [4][]*cluster.Pod
	stuck = cluster.Never
	for _, p := range pods {
		if !p.Drains() {
			continue
		}
		if p.Deleting() {
			ignored := e.overdue(p)
			if e.now >= ignored {
				e.tellStuck(p)
				continue
			}
			stuck = min(stuck, ignored)
		}
		i := 0
		if p.Critical {
			i += 2
		}
		if p.Daemon() {
			i++
		}
		groups[i] = append(groups[i], p)
		waiting++
	}
	for _, g := range groups {
		if len(g) > 0 {
			return g, waiting, stuck
		}
	}
	return nil, 0, stuck
}

// expiryLag is how much later than asked a deletion may take effect: what is on its way
// counts from when it arrives. Without it pods would be deleted again and again.
const expiryLag = 5 * cluster.Second

// expire deletes, whatever protects them, the pods that could not otherwise have
// their whole grace period before the claim's terminationGracePeriod ends. It
// returns when the next one is due.
func (e *Engine) expire(c *cluster.Claim, pods []*cluster.Pod, limit cluster.Instant) cluster.Instant {
	again := cluster.Never
	if limit == cluster.Never {
		return again
	}
	for _, p := range pods {
		if !p.Drains() || p.Deleting() && p.DeleteAt <= max(limit, e.now).Add(expiryLag) {
			continue
		}
		due := limit.Add(-p.Grace)
		if e.now < due {
			again = min(again, due)
			continue
		}
		grace := max(limit.Sub(e.now), cluster.Second)
		if e.issue(DeletePod{Namespace: p.Namespace, Name: p.Name, UID: p.UID, Grace: grace}) {
			e.note(Note{About: aboutPod(p), Reason: "Disrupted", Pool: c.Pool, Message: "Deleted with " + strconv.FormatInt(grace.Seconds(), 10) +
				" s of its " + strconv.FormatInt(p.Grace.Seconds(), 10) + " s of grace: terminationGracePeriod of its node ends at " + limit.RFC3339() +
				". This overrides its PodDisruptionBudget and do-not-disrupt."})
		}
	}
	return again
}

func aboutPod(p *cluster.Pod) Object {
	return Object{Kind: "Pod", Namespace: p.Namespace, Name: p.Name, UID: p.UID}
}

func (e *Engine) evicted(f EvictPod, d Done, again cluster.Instant) {
	id := f.Namespace + "/" + f.Name
	p := e.pods[id]
	if p == nil || p.UID != f.UID {
		return
	}
	told := e.blocked[id]
	if d.Err == nil {
		delete(e.blocked, id)
	} else if d.Err.Kind == Blocked {
		again = e.block(p, again)
	}
	e.podWritten(id, again)
	if d.Err == nil && !p.Deleting() {
		// Whoever comes in its place may be seen before the watch shows that it goes.
		goes := *p
		goes.DeleteAt = e.now.Add(max(p.Grace, cluster.Second))
		PodChanged{ID: id, Pod: &goes}.apply(e)
	}
	switch {
	case d.Err == nil:
		e.tellEvicted(p)
	case d.Err.Kind == Blocked && !told:
		if n := e.nodes[p.Node]; n != nil {
			e.note(Note{About: aboutNode(n), Warning: true, Reason: "FailedDraining", Message: "Failed to drain node, pod " + id + ": " + d.Err.Message})
		}
	}
}

// goesFor is the reason that a claim is being given back for, "" for none of ours.
func goesFor(c *cluster.Claim) cluster.Reason {
	if c == nil {
		return ""
	}
	if m, doomed := doom(c); doomed {
		return m.reason
	}
	return cluster.Reason(c.Condition(cluster.DisruptionReason).Reason)
}

// detach waits until the disks of drained pods have left the node, at the latest
// until terminationGracePeriod ends.
func (e *Engine) detach(c *cluster.Claim, n *cluster.Node, want *conditions) (again cluster.Instant, done bool) {
	left := e.attached[n.Name]
	if len(left) == 0 {
		want.set(cluster.VolumesDetached, "True", "", "")
		return cluster.Never, true
	}
	if limit := endsBy(c); e.now < limit {
		if want.get(cluster.VolumesDetached).Status == "" {
			e.note(Note{About: aboutNode(n), Reason: "AwaitingVolumeDetachment", Message: "Awaiting deletion of bound volumeattachments (" + left[0].Name + more(len(left)) + ")"})
		}
		want.set(cluster.VolumesDetached, "Unknown", "AwaitingVolumeDetachment", "AwaitingVolumeDetachment")
		return limit, false
	}
	want.set(cluster.VolumesDetached, "False", "TerminationGracePeriodElapsed", "TerminationGracePeriodElapsed")
	return cluster.Never, true
}

func more(n int) string {
	if n < 2 {
		return ""
	}
	return " and " + strconv.Itoa(n-1) + " more"
}

// letNodeGo removes our finalizer from a node.
func (e *Engine) letNodeGo(n *cluster.Node) {
	if e.issue(PatchNode{Name: n.Name, UID: n.UID, Revision: n.Revision, Taints: n.Taints, Finalizers: without(n.Finalizers, terminationFinalizer)}) {
		e.note(Note{About: aboutNode(n), Reason: "Drained", Pool: n.Labels[cluster.LabelNodePool], Quiet: true,
			Lived: e.now.Sub(n.Created), Ended: e.now.Sub(n.DeletingAt), Message: "node " + n.Name + " is empty and its instance has ended"})
	}
}

// release removes our finalizer from a claim.
func (e *Engine) release(c *cluster.Claim) {
	if e.issue(PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: without(c.Finalizers, terminationFinalizer)}) {
		e.note(Note{About: aboutClaim(c), Reason: "Terminated", Pool: c.Pool, Quiet: true, Bought: e.bought(c, c.Offering()),
			Lived: e.now.Sub(c.Created), Ended: e.now.Sub(c.DeletingAt), Message: "claim and instance are gone"})
	}
}

func without(list []string, x string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == x })
}
