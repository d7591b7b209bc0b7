package judge

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

// How long things may take once all faults are over.
const (
	// leakGrace: an orphan is found by the next list (two minutes), its grace passes, a
	// call or two fails.
	leakGrace = 8 * cluster.Minute
	// pendingCalm is how long a pod may wait that came long after the last fault: a node
	// boots in a minute and a half at most, and a plan may be doubted once.
	pendingCalm = 6 * cluster.Minute
	calmAfter   = 30 * cluster.Minute
	// pendingBound is the same soon after a fault: an instance that will never register
	// is given up after 15 minutes, and then another one boots.
	pendingBound = 25 * cluster.Minute
	// emptyBound is how long beyond consolidateAfter a node may stay empty while no
	// other of its pool is given back.
	emptyBound = 10 * cluster.Minute
	// bootBound is in how much time a node has to be initialized.
	bootBound = 10 * cluster.Minute
	// replaceBound is for how long a node that is to be replaced may wait for one of those
	// that replace it, from the creation of that one on: an instance that never registers is
	// given up after 15 minutes, a node that is not initialized after 20.
	replaceBound = 20 * cluster.Minute
	// endBound is how long the end of a claim may take that nothing holds up.
	endBound = 25 * cluster.Minute
	// settleAfter is how long after the last event everything has to agree, and restAfter
	// how much later than the end of what was under way nothing may be written then: times of
	// pods that came are, once a pool's consolidateAfter has passed.
	settleAfter = cluster.Hour
	restAfter   = 6 * cluster.Minute
)

// due tells whether something that began at since has lasted for bound in quiet, and
// if not when to look again.
func (j *Judge) due(since cluster.Instant, bound cluster.Duration) (again cluster.Instant, due bool) {
	now, quiet := j.clock.Now(), j.clock.QuietSince()
	if quiet == cluster.Never {
		return now.Add(bound), false
	}
	if at := max(since, quiet).Add(bound); at > now {
		return at, false
	}
	return 0, true
}

// lookEvery is how often excuses are asked for that come and go.
const lookEvery = cluster.Minute

// watchClosely is watch for what may be excused for a while: since is when the last excuse
// ended, to a minute.
func (j *Judge) watchClosely(bound cluster.Duration, ask func() (since cluster.Instant, still bool), broken func()) {
	j.watchEvery(lookEvery, bound, ask, broken)
}

// watch looks at something every now and then until it has lasted too long (then it
// calls broken) or ask says that it is over. ask returns since when it has lasted.
func (j *Judge) watch(bound cluster.Duration, ask func() (since cluster.Instant, still bool), broken func()) {
	j.watchEvery(cluster.Forever, bound, ask, broken)
}

// watchInCalm is watch for what may last for calm where there has been no fault for long, and
// for bound after the last fault otherwise.
func (j *Judge) watchInCalm(calm, bound cluster.Duration, ask func() (since cluster.Instant, still bool), broken func()) {
	quiet := j.clock.QuietSince()
	if quiet == cluster.Never || quiet.Add(calmAfter) > j.clock.Now() {
		j.watch(bound, ask, broken)
		return
	}
	j.watch(calm, func() (cluster.Instant, bool) {
		if j.clock.QuietSince() != quiet { // a fault came in between
			j.watch(bound, ask, broken)
			return 0, false
		}
		return ask()
	}, broken)
}

func (j *Judge) watchEvery(every, bound cluster.Duration, ask func() (since cluster.Instant, still bool), broken func()) {
	since, still := ask()
	if !still {
		return
	}
	again, due := j.due(since, bound)
	if due {
		broken()
		return
	}
	j.clock.At(min(again, j.clock.Now().Add(every)), func() { j.watchEvery(every, bound, ask, broken) })
}

// watchOrphan sees that an instance that no claim has is ended.
func (j *Judge) watchOrphan(providerID string) {
	since := j.clock.Now()
	j.watch(leakGrace, func() (cluster.Instant, bool) {
		return since, j.instances[providerID] != nil && j.claimOf[providerID] == ""
	}, func() {
		j.broken(LeakedInstance, providerID, "no claim has had it since "+since.RFC3339())
	})
}

// awaitPlace sees that a pod gets a node.
func (j *Judge) awaitPlace(o *store.Pod) {
	since := j.clock.Now()
	if !j.placeable(o.Now) {
		return
	}
	j.watchInCalm(pendingCalm, pendingBound, func() (cluster.Instant, bool) {
		return since, o.Now != nil && o.Now.Node == "" && !o.Now.Deleting()
	}, func() {
		j.broken(StarvedPod, o.Key, "it has waited since "+since.RFC3339())
	})
}

// placeable tells whether some pool without limits could run a pod.
func (j *Judge) placeable(p *cluster.Pod) bool {
	for _, o := range j.store.Pools.All() {
		pool := o.Now
		if len(pool.Limits) > 0 || pool.Replicas != nil || pool.DeletingAt != 0 || pool.Invalid != "" {
			continue
		}
		if _, bad := cluster.Untolerated(pool.Taints, p.Demand.Tolerations); bad {
			continue
		}
		fits := true
		for _, r := range p.Demand.Selector {
			if v, ok := pool.Labels[r.Key]; (ok || !cloudLabel(r.Key)) && !r.Matches(v, ok) {
				fits = false
			}
		}
		if fits {
			return true
		}
	}
	return false
}

// cloudLabel tells whether nodes get a label from the cloud.
func cloudLabel(key string) bool { return strings.Contains(key, "/") }

// awaitEnd sees that a claim goes whose end was asked for, unless pods hold it up that
// may.
func (j *Judge) awaitEnd(o *store.Claim) {
	since, left := j.clock.Now(), -1
	j.watchClosely(endBound, func() (cluster.Instant, bool) {
		if o.Now == nil {
			return 0, false
		}
		n := j.nodeOf(o.Now)
		if n == nil {
			return since, true
		}
		// A budget may let one pod go at a time: as long as they go, it goes on.
		if pods := j.toDrain(n.Name); pods != left || j.heldUp(n.Name) {
			since, left = j.clock.Now(), pods
		}
		return since, true
	}, func() {
		j.broken(StuckDeletion, o.Key, "it has been on its way out, with nothing in the way, since "+since.RFC3339())
	})
}

// toDrain is how many pods have to leave a node.
func (j *Judge) toDrain(node string) int {
	n := 0
	for _, o := range j.store.PodsOn(node) {
		if o.Now.Drains() {
			n++
		}
	}
	return n
}

// heldUp tells whether a pod on a node may not be evicted now.
func (j *Judge) heldUp(node string) bool {
	for _, o := range j.store.PodsOn(node) {
		p := o.Now
		if !p.Drains() {
			continue
		}
		// One that goes has its grace, and may have been what held the node up until now.
		if now := j.clock.Now(); p.Protected(now) || p.Deleting() && now <= p.DeleteAt {
			return true
		}
		for _, b := range j.store.Budgets(p) {
			if b.Allowed() == 0 {
				return true
			}
		}
	}
	return false
}

// lookEmpty notes whether a node holds pods, and sees that it is given back if not.
func (j *Judge) lookEmpty(node string) {
	o := j.store.Nodes.Get(node)
	if o == nil || o.Now.Labels[cluster.LabelInitialized] != "true" || j.store.Occupied(node) {
		delete(j.empty, node)
		return
	}
	if _, known := j.empty[node]; known {
		return
	}
	since := j.clock.Now()
	j.empty[node] = since
	c := j.claimOn(o.Now)
	if c == nil {
		return
	}
	pool := j.store.Pools.Get(c.Pool)
	if pool == nil || pool.Now.Replicas != nil || pool.Now.ConsolidateAfter == cluster.Forever {
		return
	}
	began := since
	left, _ := j.goesWith(c)
	j.watchClosely(pool.Now.ConsolidateAfter+emptyBound, func() (cluster.Instant, bool) {
		c := j.store.Claims.Get(c.Name)
		if o.Now == nil || c == nil || c.Now.Deleting() || j.empty[node] != began {
			return 0, false
		}
		pods, comes := j.goesWith(c.Now)
		if o.Now.Annotations[doNotDisrupt] == "true" || j.spent(pool.Now, c) || comes || pods != left || j.rooms != nil && j.keepsRoom(o.Now) {
			since, left = j.clock.Now(), pods
		}
		return since, true
	}, func() {
		j.broken(KeptEmpty, node, "it has held no pods since "+began.RFC3339()+" and was not given back")
	})
}

// replaces tells whether pods of another claim, that is on its way out, may still come to
// the node of a claim.
func (j *Judge) replaces(claim string) bool {
	for o := range j.leaving {
		if slices.Contains(strings.Split(o.Now.Annotations[doomReplacedBy], ","), claim) {
			return true
		}
	}
	return false
}

// together names the claims that a claim goes with, or stays.
func together(c *cluster.Claim) string { return cmp.Or(c.Annotations[doomReplacedBy], c.Name) }

// leftNode notes that a pod has left a node that may be on its way out.
func (j *Judge) leftNode(node string) {
	if n := j.store.Nodes.Get(node); n != nil {
		if c := j.claimOn(n.Now); c != nil && (c.Deleting() || c.Annotations[doomReason] != "") {
			j.drained[together(c)] = j.clock.Now()
		}
	}
}

// goesWith looks at the nodes that are emptied together with that of a claim, or whose pods
// are to come there, and counts the pods that have to leave them or have come to what replaces
// them: as long as they go, the claim stays. Pods of others that are emptied at the same time
// may have to go before. comes tells that one of those nodes goes whatever its pods do, or waits
// for another that replaces it as well.
func (j *Judge) goesWith(c *cluster.Claim) (pods int, comes bool) {
	by, others := c.Annotations[doomReplacedBy], 0
	for o := range j.leaving {
		theirs := o.Now.Annotations[doomReplacedBy]
		switch comesHere := slices.Contains(strings.Split(theirs, ","), c.Name); {
		case o.Now.NodeName == "":
		case !comesHere && (by == "" || theirs != by):
			if !o.Now.Deleting() {
				others += j.toDrain(o.Now.NodeName)
			}
		case !o.Now.Deleting():
			pods += j.toDrain(o.Now.NodeName)
			if comesHere {
				pods, comes = pods+j.arrived(theirs), comes || j.boots(theirs)
			}
		case comesHere && !j.endless(o.Now, heldBound):
			comes = true
		}
	}
	if pods > 0 {
		pods += others
	}
	return pods, comes
}

// arrived is how many pods are on the nodes of claims that replace another, as its annotation
// lists them: those of a StatefulSet come one by one when all have left.
func (j *Judge) arrived(replacedBy string) int {
	n := 0
	for _, name := range strings.Split(replacedBy, ",") {
		if o := j.store.Claims.Get(name); o != nil && o.Now.NodeName != "" {
			n += j.toDrain(o.Now.NodeName)
		}
	}
	return n
}

// boots tells whether one of the claims that replace another, as its annotation lists them,
// has not got its node yet and still has time for it.
func (j *Judge) boots(replacedBy string) bool {
	for _, name := range strings.Split(replacedBy, ",") {
		if o := j.store.Claims.Get(name); o != nil && !o.Now.Deleting() && !o.Now.Is(cluster.Initialized) && o.Now.Created.Add(replaceBound) > j.clock.Now() {
			return true
		}
	}
	return false
}

// spent tells whether as many nodes of a pool as its budgets allow, other than that of a
// claim, are on their way out or have just gone: so the operator saw it when it looked last.
func (j *Judge) spent(p *cluster.Pool, than *store.Claim) bool {
	now := j.clock.Now()
	total, going := 0, 0
	for _, t := range j.left[p.Name] {
		if t.Add(cluster.Minute+j.opts.PassEvery) > now {
			total, going = total+1, going+1
		}
	}
	down := j.fleet.down[p.Name]
	total, going = total+j.fleet.there[p.Name], going+len(down)
	if down[than] {
		going--
	}
	going -= j.endlessOf(down, than)
	return going >= allows(p, total, now)
}

// marked says since when a claim is about to be given back, and whether it was too old by then as
// the operator's clock said.
type marked struct {
	since cluster.Instant
	aged  bool
}

// mark follows which claims the operator is about to give back.
func (j *Judge) mark(name string, c *cluster.Claim) {
	if c == nil || c.Annotations[doomReason] == "" {
		delete(j.marks, name)
	} else if j.marks[name].since == 0 {
		j.marks[name] = marked{j.clock.Now(), j.tooOld(c)}
	}
}

// Short is a workload that has had fewer pods running than it wants for a while.
type Short struct {
	Workload string
	Since    cluster.Instant
}

// End judges the state that is left, as records. A day may end in the middle of a move: what
// has begun a short time ago may be unfinished.
func (j *Judge) End(short []Short, left cluster.Input) {
	now := j.clock.Now()
	if quiet := j.clock.QuietSince(); quiet == cluster.Never || max(j.outside, quiet).Add(settleAfter) > now {
		return
	}
	if j.opts.Policy.Disrupt == nil {
		j.checkWaste(left)
	}
	j.checkRoom(left)
	for _, m := range short {
		if m.Since.Add(endBound) < now {
			j.broken(Unsettled, m.Workload, "not all of its pods run, since "+m.Since.RFC3339())
		}
	}
	for _, o := range j.store.Claims.All() {
		switch c := o.Now; {
		case c.Deleting():
			n := j.nodeOf(c)
			if max(c.DeletingAt, j.drained[together(c)]).Add(endBound) < now && (n == nil || !j.heldUp(n.Name)) {
				j.broken(Unsettled, c.Name, "the claim is still on its way out")
			}
		case j.marks[c.Name].since > 0: // it is kept if its pods do not go
			if max(j.marks[c.Name].since, j.drained[together(c)]).Add(endBound) < now {
				j.broken(Unsettled, c.Name, "the claim is still on its way out")
			}
		case c.Created.Add(bootBound) > now: // bought for a move that was not worth it before
		case j.instances[c.ProviderID] == nil:
			j.broken(Unsettled, c.Name, "the claim has no instance")
		case !c.Is(cluster.Initialized) || j.nodeOf(c) == nil:
			j.broken(Unsettled, c.Name, "the claim's node is not initialized")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(j.instances)) {
		if j.claimOf[id] == "" && j.instances[id].Launched.Add(bootBound) <= now {
			j.broken(Unsettled, id, "the instance has no claim")
		}
	}
	for _, o := range j.store.Nodes.All() {
		if j.claimOn(o.Now) == nil && o.Now.Created.Add(bootBound) <= now {
			j.broken(Unsettled, o.Key, "the node has no claim")
		}
	}
}
