package judge

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// doNotDisrupt is the annotation by which nodes and claims forbid it.
const doNotDisrupt = "karpenter.sh/do-not-disrupt"

// Launched is told of each instance that the cloud has launched, as often as it says so.
func (j *Judge) Launched(i cluster.Instance, price cluster.Money) {
	if j.instances[i.ProviderID] != nil || i.State == cluster.InstanceTerminated || i.State == cluster.InstanceShuttingDown {
		return
	}
	j.instances[i.ProviderID] = &instance{Instance: i, price: price}
	j.moves.costs += price + j.opts.Solve.NodeCharge
	j.checkLimits(i)
	j.watchOrphan(i.ProviderID)
}

// Stopping is told when a machine goes down.
func (j *Judge) Stopping(providerID, _ string) {
	if i := j.instances[providerID]; i != nil {
		j.moves.costs -= i.price + j.opts.Solve.NodeCharge
	}
	delete(j.instances, providerID)
}

// checkLimits adds up what a pool has in machines that claims have or may get.
func (j *Judge) checkLimits(last cluster.Instance) {
	o := j.store.Pools.Get(last.Pool)
	if o == nil || len(o.Now.Limits) == 0 {
		return
	}
	waiting := map[string]bool{} // tokens of claims without an instance yet
	for c := range j.store.Claims.Each {
		if c.Now.Launch != nil && c.Now.ProviderID == "" {
			waiting[c.Now.Launch.Token] = true
		}
	}
	var sum cluster.Resources
	count := int64(0)
	for id, i := range j.instances {
		if i.Pool == last.Pool && (j.claimOf[id] != "" || waiting[i.Token]) {
			sum = sum.Plus(i.Capacity)
			count++
		}
	}
	for _, limit := range o.Now.Limits {
		has := sum.Get(limit.Name)
		if limit.Name == cluster.NodesLimit {
			has = count
		}
		if has > limit.Value {
			j.broken(Limit, last.Pool, fmt.Sprintf("with instance %s it has %s of %s, its limit is %s", last.ID,
				cluster.FormatAmount(limit.Name, has), limit.Name, cluster.FormatAmount(limit.Name, limit.Value)))
		}
	}
}

// Warned is told of instances that the cloud will take back.
func (j *Judge) Warned(providerID string) {
	j.reclaimed[providerID] = true
	j.Outside()
}

// Issued is told of each effect that the operator sends off, and what its clock says.
func (j *Judge) Issued(f engine.Effect, clock cluster.Instant) {
	switch f := f.(type) {
	case engine.DeleteClaim:
		j.checkVoluntary(f, clock)
	case engine.EvictPod:
		if o := j.store.Pods.Get(f.Namespace + "/" + f.Name); o != nil && o.Now.UID == f.UID && o.Now.Protected(max(clock, j.clock.Now())) {
			j.broken(DoNotDisrupt, o.Key, "it was to be evicted and carries do-not-disrupt")
		}
	case engine.DeletePod:
		j.checkDeletePod(f, clock)
	}
}

// Landed is told of each effect that has been carried out.
func (j *Judge) Landed(f engine.Effect) {
	switch f.(type) {
	case engine.EvictPod, engine.DeletePod:
		j.moves.evicted++
	}
	switch f.(type) {
	case engine.List, engine.Resolve, engine.Launch, engine.Terminate:
		return
	}
	j.checkRest(f)
}

// voluntary tells whether nothing but the wish to save or to renew can be the reason
// for a claim's end: its node is there, in order and not too old, the cloud does not take
// it back, and nobody else has asked for it.
func (j *Judge) voluntary(c *cluster.Claim) bool {
	n := j.nodeOf(c)
	expired := j.tooOld(c) || j.marks[c.Name].aged // its clock may have been set back since
	return !expired && !j.reclaimed[c.ProviderID] && !c.Deleting() && c.Is(cluster.Initialized) && n != nil && n.Ready && n.DeletingAt == 0 && j.instances[c.ProviderID] != nil
}

// tooOld tells whether a claim's expireAfter is over by the operator's clock.
func (j *Judge) tooOld(c *cluster.Claim) bool {
	return c.ExpireAfter != cluster.Forever && c.ExpireAfter > 0 && j.clock.Operator() >= c.Created.Add(c.ExpireAfter)
}

func (j *Judge) checkVoluntary(f engine.DeleteClaim, clock cluster.Instant) {
	o := j.store.Claims.Get(f.Name)
	if o == nil || o.Now.UID != f.UID {
		return
	}
	c := o.Now
	if !j.voluntary(c) {
		return
	}
	pool := j.store.Pools.Get(c.Pool)
	if pool != nil && pool.Now.Replicas != nil && j.spares(pool.Now, c) {
		return
	}
	seen := j.clock.Seen()
	// What is to be renewed and has an end that is set goes whatever its pods say
	// (Karpenter's "eventual disruption").
	sealed := c.Is(cluster.Drifted) && c.TerminationGracePeriod != cluster.Forever
	for _, p := range j.store.PodsOn(c.NodeName) {
		if !sealed && p.Now.Protected(j.clock.Now()) && j.bound[p] < seen {
			j.broken(DoNotDisrupt, c.Name, "its node "+c.NodeName+" runs pod "+p.Key+", which carries do-not-disrupt")
		}
	}
	if n := j.nodeOf(c); n.Annotations[doNotDisrupt] == "true" || c.Annotations[doNotDisrupt] == "true" {
		j.broken(DoNotDisrupt, c.Name, "its node "+c.NodeName+" carries do-not-disrupt")
	}
	if pool != nil {
		j.checkBudget(pool.Now, c, clock)
	}
	j.chosen[c.Name] = j.clock.Now()
}

// underway is how long a deletion that was issued counts although it has not landed.
const underway = 30 * cluster.Second

// checkBudget holds the nodes of a pool that are disrupted of free will, with one more,
// against its budgets. Which budgets hold for which reason is not known here: those
// that are for some reasons only are left out. The operator may not have seen yet that
// nodes are gone, and its clock may differ.
func (j *Judge) checkBudget(p *cluster.Pool, next *cluster.Claim, clock cluster.Instant) {
	now := j.clock.Now()
	total, disrupted := j.fleet.there[p.Name], 1
	for name, at := range j.chosen {
		o := j.store.Claims.Get(name)
		if o == nil || o.Now.Pool != p.Name || name == next.Name {
			continue
		}
		// A claim whose node is gone is a matter of paper.
		if j.nodeOf(o.Now) != nil && (o.Now.Deleting() || at.Add(underway) > now) && !j.endless(o.Now, heldAfter) {
			disrupted++
		}
	}
	recent := slices.DeleteFunc(j.left[p.Name], func(t cluster.Instant) bool { return t.Add(cluster.Minute) < now })
	j.left[p.Name] = recent
	total += len(recent)
	if allowed := max(allows(p, total, now), allows(p, total, clock)); disrupted > allowed {
		j.broken(Budget, p.Name, fmt.Sprintf("with claim %s %d of %d nodes are disrupted, its budgets allow %d", next.Name, disrupted, total, allowed))
	}
}

// allows is how many of a pool's nodes may be disrupted at a time.
func allows(p *cluster.Pool, total int, at cluster.Instant) int {
	allowed := total
	for _, b := range p.Budgets {
		if b.Reasons != nil || b.Window != nil && !b.Window.Contains(at) {
			continue
		}
		n := b.Nodes
		if b.Percent {
			n = (total*b.Nodes + 99) / 100
		}
		allowed = min(allowed, n)
	}
	return allowed
}

// checkDeletePod: a pod may be deleted past its budget only when its node's
// terminationGracePeriod is about to end.
func (j *Judge) checkDeletePod(f engine.DeletePod, clock cluster.Instant) {
	o := j.store.Pods.Get(f.Namespace + "/" + f.Name)
	if o == nil || o.Now.UID != f.UID || o.Now.Node == "" {
		return
	}
	p := o.Now
	if n := j.store.Nodes.Get(p.Node); n != nil {
		if c := j.claimOn(n.Now); c != nil && c.Deleting() && c.TerminationGracePeriod != cluster.Forever {
			if due := c.DeletingAt.Add(c.TerminationGracePeriod).Add(-p.Grace).Add(-cluster.Second); max(clock, j.clock.Now()) >= due {
				return
			}
		}
	}
	if len(j.store.Budgets(p)) > 0 {
		j.broken(PDB, o.Key, "it was to be deleted without asking its PodDisruptionBudget, and no terminationGracePeriod is ending")
	} else if p.Protected(j.clock.Now()) {
		j.broken(DoNotDisrupt, o.Key, "it was to be deleted, carries do-not-disrupt, and no terminationGracePeriod is ending")
	}
}

// Terminating is told when the cloud is asked to end an instance.
func (j *Judge) Terminating(providerID string) {
	i := j.instances[providerID]
	if i == nil {
		return
	}
	node := j.nodeFor(i)
	if node == nil || !node.Ready {
		return // nobody there to drain
	}
	// An operator whose clock is ahead may take a pod for stuck.
	now, seen := max(j.clock.Now(), j.clock.Operator()), j.clock.Seen()
	limit := cluster.Never
	if c := j.claimOn(node); c != nil && c.Deleting() && c.TerminationGracePeriod != cluster.Forever {
		limit = c.DeletingAt.Add(c.TerminationGracePeriod)
	}
	j.checkDetached(node, now, limit)
	for _, o := range j.store.PodsOn(node.Name) {
		p := o.Now
		switch {
		case !p.Drains() || j.bound[o] >= seen:
		case now >= limit.Add(-slack) && limit != cluster.Never:
		case p.Deleting() && now >= p.DeleteAt:
		default:
			j.broken(PodKilled, o.Key, "its node "+node.Name+" was ended without waiting for it")
		}
	}
}

// slack is what clocks and the precision of timestamps may differ by.
const slack = 2 * cluster.Second

// nodeFor returns the node that registered for an instance, nil without one.
func (j *Judge) nodeFor(i *instance) *cluster.Node {
	if o := j.store.Nodes.Get(i.node); o != nil {
		return o.Now
	}
	return nil
}
