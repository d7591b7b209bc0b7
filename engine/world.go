package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// world is the cluster as observed, indexed by what the jobs look up. It is
// changed by events only.
type world struct {
	pods    map[string]*cluster.Pod   // by namespace/name
	podsOn  map[string][]*cluster.Pod // bound to a node, as [cluster.SortPods] has them
	unbound map[string]*cluster.Pod   // those on no node
	nodes   map[string]*cluster.Node
	claims  map[string]*cluster.Claim
	pairs   map[string]*pair // by provider id
	// providers are the provider ids of those, by what the cloud calls the instance.
	providers map[string][]string
	batch     map[string]map[string]bool // launch token → claim names
	empty     map[string]int             // launch token → how many of those have no instance and stay
	// tied: an instance had two claims or two nodes, of which pairs know one.
	// Who else changes when one does is not followed then.
	tied bool
	// pools are those that count: of a NodePool and a Provisioner of one name, which nodes
	// could not tell apart, the NodePool.
	pools        map[string]*cluster.Pool
	provisioners map[string]*cluster.Pool
	classes      map[cluster.ClassRef]*cluster.NodeClass
	daemons      map[string]*cluster.DaemonSet
	guards       map[string]*cluster.PodDisruptionBudget // by namespace/name
	buffers      map[string]*cluster.CapacityBuffer      // by namespace/name
	// strays are names of nodes that are not there, although there are pods on them, or records of
	// volumes.
	strays map[string]bool
	referred
	disks

	waiting   queue
	undecided undecided
	// daemonsChanged counts the changes of DaemonSets.
	daemonsChanged int
}

func newWorld() world {
	return world{
		pods: map[string]*cluster.Pod{}, podsOn: map[string][]*cluster.Pod{}, unbound: map[string]*cluster.Pod{},
		nodes: map[string]*cluster.Node{}, pairs: map[string]*pair{}, providers: map[string][]string{},
		claims: map[string]*cluster.Claim{}, batch: map[string]map[string]bool{}, empty: map[string]int{},
		pools: map[string]*cluster.Pool{}, provisioners: map[string]*cluster.Pool{}, classes: map[cluster.ClassRef]*cluster.NodeClass{},
		daemons: map[string]*cluster.DaemonSet{}, strays: map[string]bool{},
		guards: map[string]*cluster.PodDisruptionBudget{}, buffers: map[string]*cluster.CapacityBuffer{},
		referred: newReferred(), disks: newDisks(),
		waiting: newQueue(), undecided: newUndecided(),
	}
}

// sorted returns the values of m in the order of their keys.
func sorted[K ~string, V any](m map[K]V) []V {
	out := make([]V, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// nodeOfClaim returns the node that registered for a claim, or nil.
func (w *world) nodeOfClaim(c *cluster.Claim) *cluster.Node {
	if c.ProviderID == "" {
		return nil
	}
	return w.nodeOn(c.ProviderID)
}

// claimOfNode returns the claim of a node, or nil.
func (w *world) claimOfNode(n *cluster.Node) *cluster.Claim {
	if n.ProviderID == "" {
		return nil
	}
	return w.claimOn(n.ProviderID)
}

func (ev NodeChanged) apply(e *Engine) {
	old := e.nodes[ev.Name]
	if old != nil && e.nodeOn(old.ProviderID) == old {
		e.pairNode(old.ProviderID, nil)
	}
	if ev.Node == nil {
		delete(e.nodes, ev.Name)
		delete(e.closed, ev.Name)
		delete(e.sighted, ev.Name)
		if old != nil {
			delete(e.stuck, old.UID)
		}
		e.observedGone(nodeKey(ev.Name))
	} else {
		e.nodes[ev.Name] = ev.Node
		e.sights(old, ev.Node)
		if ev.Node.ProviderID != "" {
			e.tied = e.tied || e.nodeOn(ev.Node.ProviderID) != nil
			e.pairNode(ev.Node.ProviderID, ev.Node)
		}
		e.observed(nodeKey(ev.Name), ev.Node.Revision, ev.Node.DeletingAt != 0)
		e.touchNode(ev.Node)
		if !ev.Node.Ready && e.claimOfNode(ev.Node) == nil {
			e.agenda.by(job{jobCollect, ""}, e.now)
		}
	}
	e.stray(ev.Name)
	if old != nil {
		e.touchNode(old)
	}
	if old == nil || ev.Node == nil || hostChanged(old, ev.Node) {
		e.replan()
	}
}

// sighting is when a node came that has not registered yet, and when it last changed.
type sighting struct{ came, changed cluster.Instant }

// sights notes when a node came, and when it was closed to pods since it goes.
func (e *Engine) sights(old, n *cluster.Node) {
	if x, young := e.sighted[n.Name]; young || old == nil && e.synced {
		if !young {
			x.came = e.now
		}
		x.changed = e.now
		e.sighted[n.Name] = x
	}
	switch {
	case !slices.Contains(n.Taints, cluster.DisruptedTaint):
		delete(e.closed, n.Name)
	case old != nil && e.synced && !slices.Contains(old.Taints, cluster.DisruptedTaint):
		e.closed[n.Name] = e.now
	}
}

// hostChanged tells whether a node takes other pods than before.
func hostChanged(a, b *cluster.Node) bool {
	return a.Unschedulable != b.Unschedulable || a.Ready != b.Ready ||
		!slices.Equal(cluster.WithoutCandidate(a.Taints), cluster.WithoutCandidate(b.Taints)) ||
		!slices.Equal(a.Allocatable, b.Allocatable) || !maps.Equal(a.Labels, b.Labels)
}

// touchNode makes the jobs that care for a node run.
func (e *Engine) touchNode(n *cluster.Node) {
	c := e.claimOfNode(n)
	e.touchHost(n, c)
	if c != nil {
		e.footing.claims[c.Name] = true
		e.reserved.look(c.Name)
		e.recount(c.Name)
	}
}

// touchPods does so for a node whose pods have changed, "" for none: its claim counts as before,
// and for how long it is reserved depends on who waits.
func (e *Engine) touchPods(node string) {
	if node == "" {
		return
	}
	if n := e.nodes[node]; n != nil {
		e.touchHost(n, e.claimOfNode(n))
	}
}

// touchHost does what both have in common. c is the node's claim.
func (e *Engine) touchHost(n *cluster.Node, c *cluster.Claim) {
	e.footing.nodes[n.Name] = true
	e.answered.changed(n.Name)
	if c != nil {
		e.touchClaim(c)
	}
}

func (e *Engine) touchClaim(c *cluster.Claim) {
	e.agenda.by(job{jobClaim, c.Name}, e.now)
	e.passIn()
}

func (ev ClaimChanged) apply(e *Engine) {
	old := e.claims[ev.Name]
	if old != nil {
		if n := e.nodeOn(old.ProviderID); n != nil {
			e.footing.nodes[n.Name] = true // it may have no claim now
		}
		if e.claimOn(old.ProviderID) == old {
			e.pairClaim(old.ProviderID, nil)
		}
		if old.Launch != nil {
			delete(e.batch[old.Launch.Token], ev.Name)
			e.countEmpty(old, -1)
			if len(e.batch[old.Launch.Token]) == 0 {
				delete(e.batch, old.Launch.Token)
			}
			e.agenda.by(job{jobLaunch, old.Launch.Token}, e.now)
		}
		e.agenda.by(job{jobPool, old.Pool}, e.now)
	}
	e.linkReplacements(ev.Name, old, ev.Claim)
	e.footing.claims[ev.Name] = true
	e.answered.changed(ev.Name)
	e.recount(ev.Name)
	e.reserved.look(ev.Name)
	e.disruptor.turns.known = false
	if len(e.reserved.nodes) > 0 {
		e.agenda.by(job{jobReserve, ""}, e.now) // it may have been the last to be waited for
	}
	if old == nil {
		e.answered.again(ev.Name)
	}
	if c := ev.Claim; c == nil {
		delete(e.claims, ev.Name)
		if old != nil {
			delete(e.stuck, old.UID)
		}
		e.observedGone(claimKey(ev.Name))
		e.forgetClaim(ev.Name)
	} else {
		e.claims[ev.Name] = c
		e.isThere(ev.Name)
		if c.ProviderID != "" {
			e.tied = e.tied || e.claimOn(c.ProviderID) != nil
			e.pairClaim(c.ProviderID, c)
		}
		if c.Launch != nil {
			if e.batch[c.Launch.Token] == nil {
				e.batch[c.Launch.Token] = map[string]bool{}
			}
			e.batch[c.Launch.Token][c.Name] = true
			e.countEmpty(c, 1)
			e.agenda.by(job{jobLaunch, c.Launch.Token}, e.now)
		}
		e.agenda.by(job{jobPool, c.Pool}, e.now)
		e.observed(claimKey(ev.Name), c.Revision, c.Deleting())
		e.touchClaim(c)
		if c.Is(cluster.Initialized) && len(e.answered.on[ev.Name]) > 0 && (old == nil || !old.Is(cluster.Initialized)) {
			e.agenda.by(job{jobProvision, ""}, e.now) // from now on it can be doubted that pods come
		}
	}
	if x := e.disruptor.actions[ev.Name]; x != nil && (ev.Claim == nil || ev.Claim.Deleting()) {
		e.drop(x) // nobody else will ask for it
	}
	if old == nil || ev.Claim == nil || old.Deleting() != ev.Claim.Deleting() {
		e.replan()
	}
}

func (ev PoolChanged) apply(e *Engine) {
	if ev.Pool == nil {
		e.observedGone(poolKey(ev.Legacy, ev.Name))
	} else {
		e.observed(poolKey(ev.Legacy, ev.Name), ev.Pool.Revision, false)
	}
	old, pool := e.pools[ev.Name], ev.Pool
	if ev.Legacy {
		put(e.provisioners, ev.Name, pool)
		if old != nil && !old.Legacy {
			pool = old
		}
	} else if pool == nil {
		pool = e.provisioners[ev.Name]
	}
	put(e.pools, ev.Name, pool)
	if old == nil || pool == nil || old.Generation != pool.Generation || old.Hash != pool.Hash {
		for name, c := range e.claims {
			if c.Pool == ev.Name {
				e.agenda.by(job{jobClaim, name}, e.now) // it may have drifted
			}
		}
		e.disruptor.search.vain = 0
	}
	clear(e.idle)
	if old == nil || pool == nil || old.ConsolidateAfter != pool.ConsolidateAfter {
		e.disruptor.restUntil = 0
	}
	e.agenda.by(job{jobPool, ev.Name}, e.now)
	e.passIn()
	e.replan()
}

func (ev ClassChanged) apply(e *Engine) {
	old := e.classes[ev.Ref]
	if ev.Class == nil {
		delete(e.classes, ev.Ref)
		delete(e.resolved, ev.Ref)
		clear(e.idle)
		e.observedGone(classKey(ev.Ref))
	} else {
		e.classes[ev.Ref] = ev.Class
		e.observed(classKey(ev.Ref), ev.Class.Revision, false)
		if old == nil || old.Generation != ev.Class.Generation || old.UID != ev.Class.UID {
			delete(e.resolved, ev.Ref)
			clear(e.idle)
		}
		e.agenda.by(job{jobClass, classKey(ev.Ref)}, e.now)
	}
	for name, p := range e.pools {
		if p.Class == ev.Ref {
			e.agenda.by(job{jobPool, name}, e.now)
		}
	}
}

// stray notes whether there are records of a node that is not there itself.
func (w *world) stray(node string) {
	if w.nodes[node] == nil && (len(w.podsOn[node]) > 0 || len(w.attached[node]) > 0 || w.csiNodes[node] != nil) {
		w.strays[node] = true
	} else {
		delete(w.strays, node)
	}
}

// addStrays adds the records of nodes that are not there.
func (w *world) addStrays(in *cluster.Input) {
	for node := range w.strays {
		in.Pods = append(in.Pods, w.podsOn[node]...)
		in.Attachments = append(in.Attachments, w.attached[node]...)
		if n := w.csiNodes[node]; n != nil {
			in.CSINodes = append(in.CSINodes, n)
		}
	}
}

func (ev DaemonSetChanged) apply(e *Engine) {
	if ev.DaemonSet == nil {
		delete(e.daemons, ev.ID)
	} else {
		e.daemons[ev.ID] = ev.DaemonSet
	}
	e.daemonsChanged++
	e.agenda.by(job{jobReserve, ""}, e.now)
	e.replan()
}

// A budget changes whenever one of its pods does. It says nothing about where pods can
// go, but evictions that it refused may be tried again, and nodes that it kept may go.
func (ev BudgetChanged) apply(e *Engine) {
	if ev.Budget == nil {
		delete(e.guards, ev.ID)
	} else {
		e.guards[ev.ID] = ev.Budget
		e.unblock(ev.Budget)
	}
	e.passIn()
}

func (Synced) apply(e *Engine) {
	if !e.synced {
		e.began = e.now
		e.presume()
	}
	e.synced = true
	clear(e.idle)
	e.everythingDue()
}

func (ev Suspended) apply(e *Engine) {
	if ev.Reason == e.suspended {
		return
	}
	e.suspended = ev.Reason
	if ev.Reason != "" {
		e.note(Note{About: Object{Kind: "Operator", Name: "ullage"}, Warning: true, Quiet: true, Reason: "Suspended", Message: "not acting: " + ev.Reason})
	} else {
		e.note(Note{About: Object{Kind: "Operator", Name: "ullage"}, Quiet: true, Reason: "Resumed", Message: "acting again"})
	}
	e.everythingDue()
}

// everythingDue makes every job look at its object.
func (e *Engine) everythingDue() {
	for ref := range e.classes {
		e.agenda.by(job{jobClass, classKey(ref)}, e.now)
	}
	for name := range e.pools {
		e.agenda.by(job{jobPool, name}, e.now)
	}
	for id := range e.buffers {
		e.agenda.by(job{jobBuffer, id}, e.now)
	}
	for name, c := range e.claims {
		e.agenda.by(job{jobClaim, name}, e.now)
		if c.Launch != nil {
			e.agenda.by(job{jobLaunch, c.Launch.Token}, e.now)
		}
	}
	for _, kind := range []jobKind{jobCollect, jobHeadroom, jobDisrupt, jobProvision, jobReserve} {
		e.agenda.by(job{kind, ""}, e.now)
	}
}

// classByKey finds the class that a jobClass is named after.
func (w *world) classByKey(key string) *cluster.NodeClass {
	for ref, c := range w.classes {
		if strings.EqualFold(classKey(ref), key) {
			return c
		}
	}
	return nil
}
