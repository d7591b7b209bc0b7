package engine

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// provisioning is the batching window and what the last plan said.
type provisioning struct {
	open        bool            // a window is open
	first, last cluster.Instant // arrivals in it
	prepared    bool            // the ground has been made in it
	// idle is how long nothing must come for the window to close, and limit how long
	// it is open at the most. Both double from plan to plan while a burst goes on.
	idle, limit cluster.Duration
	planned     cluster.Instant // when the last plan was made
	changed     bool            // the world changed since, in a way that could help
	told        map[string]string
	// crowded are waiting pods that could not go where they were meant to because of where
	// others are.
	crowded     map[string]bool
	conflicting []string // NodeOverlays that were not used in the last plan
}

// arrived notes that a pod began to wait.
func (e *Engine) arrived(now cluster.Instant) {
	p := &e.provision
	if !p.open {
		p.open, p.first, p.prepared = true, now, false
		if burst := !p.planned.IsZero() && now < p.planned.Add(burstWithin); burst {
			p.idle = min(2*p.idle, e.opts.BatchIdleLimit)
			p.limit = min(2*p.limit, e.opts.BatchLimit)
		} else {
			p.idle, p.limit = e.opts.BatchIdle, e.opts.BatchMax
		}
	}
	p.last = now
	e.agenda.by(job{jobProvision, ""}, now)
}

// replan notes that the world changed so that pods that fitted nowhere might now.
func (e *Engine) replan() {
	e.provision.changed = true
	e.headroomChanged()
	if len(e.waiting.pods) > 0 {
		e.agenda.by(job{jobProvision, ""}, e.now)
	}
}

const (
	// burstWithin is how soon after a plan another pod is part of the same burst.
	burstWithin = 5 * cluster.Second
	// undecidedFor is how long a pod that the scheduler has not looked at keeps the
	// window open. Creation times are cut to whole seconds.
	undecidedFor = 3 * cluster.Second
	// replanEvery bounds how often pods that fit nowhere are planned again when
	// the world changes.
	replanEvery = cluster.Second
	// doubtAfter is how long a pod may wait beside a ready node that was meant for
	// it before the plan is doubted: the scheduler had other ideas.
	doubtAfter = 10 * cluster.Second
)

// doProvision plans for waiting pods when the batching window closes, and
// returns when to look again.
func (e *Engine) doProvision() cluster.Instant {
	if len(e.waiting.pods) == 0 {
		e.provision.open = false
		return cluster.Never
	}
	e.inheritLate()
	return min(e.foreseePassedOver(), e.provisionWaiting())
}

// provisionWaiting does so for the pods that are known to wait.
func (e *Engine) provisionWaiting() cluster.Instant {
	p := &e.provision
	if closes := e.windowCloses(); e.now < closes {
		if !p.prepared { // once: there is time, but not for every change
			p.prepared = true
			e.standsOn()
		}
		return closes
	}
	again := e.doubt()
	if e.unanswered() == 0 {
		unplaced := e.unplaced()
		switch retry := p.planned.Add(replanEvery); {
		case unplaced == 0 || !p.changed:
			return again
		case e.now < retry:
			return min(again, retry)
		}
	}
	if !e.ready() {
		return again // the resolution that is under way comes back here
	}
	if e.mayInherit() {
		return min(again, e.now.Add(inheritsWithin))
	}
	e.planNow()
	return min(again, e.now.Add(doubtAfter))
}

// windowCloses returns when to stop waiting for more pods: when the scheduler has
// looked at every pod there is and no other has come for a moment. A lone pod is
// answered at once, a burst when it is over or the window's limit is reached, and
// pods that trickle in ever more of them together.
func (e *Engine) windowCloses() cluster.Instant {
	p := &e.provision
	if !p.open {
		return e.now
	}
	closes := p.last.Add(p.idle)
	// One that stays undecided is another scheduler's business, or planned for (foresee.go).
	if patience := e.undecided.latest().Add(undecidedFor); e.now < patience {
		closes = max(closes, patience)
	}
	return min(closes, p.first.Add(p.limit))
}

// ready tells whether it makes sense to plan: every class has been resolved since
// something was last found sold out.
func (e *Engine) ready() bool {
	for _, p := range e.pools {
		if r, known := e.resolved[p.Class]; e.ours(p.Class) && e.classes[p.Class] != nil && (!known || r.stale) {
			return false
		}
	}
	return true
}

// planNow solves the snapshot and turns the plan into claims.
func (e *Engine) planNow() {
	p := &e.provision
	first := p.planned.IsZero()
	p.open, p.planned, p.changed = false, e.now, false
	if p.told == nil {
		p.told = map[string]string{}
	}
	if first {
		e.recall()
	}
	snapshot := func() *cluster.Snapshot {
		return e.withAbsent(values(e.unbound), e.answered.promised, e.disruptor.moved.to)
	}
	s := snapshot()
	e.keepAnswers(s)
	e.judgeOverlays(s.Conflicting)
	result := e.yields(e.plan(s, e.opts.Solve), snapshot, "pods that wait have no room elsewhere")
	for _, x := range result.Placements {
		e.answerAll(x.Pods, x.Host)
	}
	e.create(result.Creates)
	for _, u := range result.Unplaced {
		e.answerAll(u.Pods, "")
		if fitsNoNewNode(u.Reasons) {
			for _, p := range u.Pods {
				e.waiting.setAside(p.ID())
			}
		}
		e.tellUnplaced(u)
	}
	e.out = append(e.out, Planned{Plan: result, Waiting: len(e.waiting.pods)})
	e.queueEntries()
}

// create writes the claims of a plan.
func (e *Engine) create(creates []plan.Create) {
	for i, f := range e.draft(creates) {
		if e.issue(f) {
			e.tellCreated(f.Claim, creates[i])
		}
		e.regrets(creates[i].Pods)
		e.answerAll(creates[i].Pods, f.Claim.Name)
	}
}

// draft makes a claim for each node of a plan. Nodes that are alike become one batch.
func (e *Engine) draft(creates []plan.Create) []CreateClaim {
	var out []CreateClaim
	for all := creates; len(all) > 0; {
		n := 1
		for n < len(all) && n < launchBatch && alike(all[0], all[n]) {
			n++
		}
		out = append(out, e.draftBatch(all[:n])...)
		all = all[n:]
	}
	return out
}

// launchBatch bounds the claims that share a launch.
const launchBatch = 100

func alike(a, b plan.Create) bool {
	return a.Pool == b.Pool && slices.Equal(a.Offerings, b.Offerings)
}

func (e *Engine) draftBatch(batch []plan.Create) []CreateClaim {
	out := make([]CreateClaim, len(batch))
	ids := make([]string, len(batch))
	for i, c := range batch {
		out[i] = CreateClaim{Claim: e.claimFor(c), PoolUID: e.pools[c.Pool].UID, Legacy: e.pools[c.Pool].Legacy}
		ids[i] = out[i].Claim.Name
	}
	// The token is fresh: what makes a launch repeatable is that the token is
	// written on the claims, not that it could be computed again.
	token := hash(strings.Join(ids, ","), strconv.FormatInt(int64(e.now), 36))
	launch := &cluster.Launch{Token: token, Size: len(batch), Offerings: batch[0].Offerings}
	for _, f := range out {
		f.Claim.Launch = launch
	}
	return out
}

// claimFor makes the claim for a node of a plan. Its name follows from the pods
// it is for and what it would be launched as, so that an engine that has not yet
// seen its predecessor's claim does not write a second one. An earlier claim for
// the same pods that is on its way out does not stand in the way.
func (e *Engine) claimFor(c plan.Create) *cluster.Claim {
	p := e.pools[c.Pool]
	parts := []string{p.UID, c.Offerings[0].String()}
	for _, pod := range c.Pods {
		parts = append(parts, pod.UID)
	}
	name := cmp.Or(c.Claim, p.Name+"-"+hash(parts...))
	for c.Claim == "" && e.claims[name] != nil {
		parts = append(parts, e.claims[name].UID)
		name = p.Name + "-" + hash(parts...)
	}
	claim := &cluster.Claim{
		Name: name, Pool: p.Name, Class: p.Class,
		Labels:      maps.Clone(p.Labels),
		Annotations: maps.Clone(p.Annotations), Finalizers: []string{terminationFinalizer},
		Requirements: narrowed(p, c.Offerings), Requests: c.Requests,
		Taints: p.Taints, StartupTaints: p.StartupTaints,
		ExpireAfter: p.ExpireAfter, TerminationGracePeriod: p.TerminationGracePeriod, Created: e.now,
	}
	if claim.Labels == nil {
		claim.Labels = cluster.Labels{}
	}
	claim.Labels[cluster.LabelNodePool] = p.Name
	claim.Labels[classLabel(p.Class.Group+"/"+p.Class.Kind)] = p.Class.Name
	p.SetRequiredLabels(claim.Labels)
	if claim.Annotations == nil {
		claim.Annotations = map[string]string{}
	}
	claim.Annotations[poolHash] = p.Hash
	claim.Annotations[poolHashVersion] = poolHashVersionCurrent
	return claim
}

// narrowed is a pool's requirements with instance type, zone and capacity type
// reduced to what the offerings use.
func narrowed(p *cluster.Pool, offerings []cluster.OfferingID) []cluster.Requirement {
	pick := func(key string, of func(cluster.OfferingID) string) cluster.Requirement {
		seen := map[string]bool{}
		for _, o := range offerings {
			seen[of(o)] = true
		}
		return cluster.Requirement{Key: key, Operator: cluster.In, Values: slices.Sorted(maps.Keys(seen))}
	}
	out := []cluster.Requirement{
		pick(cluster.LabelCapacityType, func(o cluster.OfferingID) string { return o.CapacityType }),
		{Key: cluster.LabelNodePool, Operator: cluster.In, Values: []string{p.Name}},
		pick(cluster.LabelInstanceType, func(o cluster.OfferingID) string { return o.InstanceType }),
		pick(cluster.LabelZone, func(o cluster.OfferingID) string { return o.Zone }),
	}
	for _, r := range p.Requirements {
		switch r.Key {
		case cluster.LabelCapacityType, cluster.LabelNodePool, cluster.LabelInstanceType, cluster.LabelZone:
		default:
			out = append(out, r)
		}
	}
	return out
}

func (e *Engine) claimCreated(f CreateClaim, d Done, again cluster.Instant) {
	e.agenda.by(job{jobLaunch, f.Claim.Launch.Token}, again)
	switch {
	case d.Err == nil:
		return
	case d.Err.Kind == Transient && e.claims[f.Claim.Name] == nil:
		if e.retry[f.Key()].failures == 1 {
			e.tellNotCreated(f, d.Err)
		}
		e.unsure(f, again)
		return
	}
	delete(e.retry, f.Key()) // the next plan decides anew, under another name if need be
	e.forgetClaim(f.Claim.Name)
	e.headroomChanged()
	if d.Err.Kind != Conflict {
		e.tellNotCreated(f, d.Err)
	}
	e.agenda.by(job{jobProvision, ""}, max(again, e.now.Add(retryMin)))
	e.agenda.by(job{jobPool, f.Claim.Pool}, max(again, e.now.Add(retryMin)))
}

func (e *Engine) tellNotCreated(f CreateClaim, why *Failure) {
	e.note(Note{About: Object{Kind: cluster.PoolKind(f.Legacy), Name: f.Claim.Pool, UID: f.PoolUID}, Warning: true, Reason: "CreateFailed", Pool: f.Claim.Pool, Message: "NodeClaim " + f.Claim.Name + ": " + why.Message})
}

func (e *Engine) tellCreated(c *cluster.Claim, from plan.Create) {
	bought := &Bought{Offering: from.Offerings[0], Price: from.Price, Imputed: from.Imputed}
	e.note(Note{About: Object{Kind: e.pools[c.Pool].Kind(), Name: c.Pool, UID: e.pools[c.Pool].UID}, Reason: "Created", Pool: c.Pool, Quiet: true, Bought: bought,
		Message: "NodeClaim " + c.Name + " for " + e.boughtFor(from) + ": " + bought.Offering.String() + bought.priced() +
			", or one of " + strconv.Itoa(len(from.Offerings)-1) + " alternatives"})
	for _, p := range from.Pods {
		if p.Virtual() {
			continue
		}
		e.tellMeant(p, c)
	}
}

// boughtFor says what a node of a plan is for.
func (e *Engine) boughtFor(from plan.Create) string {
	if p := e.pools[from.Pool]; p.Replicas != nil {
		return "one of " + strconv.FormatInt(*p.Replicas, 10) + " nodes (spec.replicas)"
	}
	chunks := 0
	for _, p := range from.Pods {
		if p.Virtual() {
			chunks++
		}
	}
	switch pods := strconv.Itoa(len(from.Pods)-chunks) + " pods"; chunks {
	case 0:
		return pods
	default:
		return pods + " and " + chunkCount(chunks) + " of CapacityBuffers"
	}
}

// tellUnplaced says on each pod why it fits nowhere, once for each new reason.
func (e *Engine) tellUnplaced(u plan.Unplaced) {
	why := plan.Explain(e.withPools(u.Reasons))
	for _, p := range u.Pods {
		if e.waiting.pods[p.ID()] != nil && e.provision.told[p.UID] != why {
			e.provision.told[p.UID] = why
			e.note(Note{About: aboutPod(p), Warning: true, Reason: "FailedScheduling", Message: "Failed to schedule pod: " + why})
		}
	}
}

// withPools says for a pod that found no pool to buy from why those that there are cannot
// be used: the plan does not know of them.
func (e *Engine) withPools(reasons []plan.Reason) []plan.Reason {
	at := slices.IndexFunc(reasons, func(r plan.Reason) bool { return r.Constraint == plan.NoPool })
	if at < 0 {
		return reasons
	}
	for _, p := range sorted(e.pools) {
		if why := cmp.Or(p.Invalid, e.classState(p.Class).Message); e.ours(p.Class) && p.DeletingAt == 0 && why != "" {
			reasons = slices.Clone(reasons)
			reasons[at].Detail = p.Kind() + " " + p.Name + " cannot be used: " + why
			break // the first stands for all
		}
	}
	return reasons
}
