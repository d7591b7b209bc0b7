package engine

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// An action gives nodes back in steps, each of which shows what has been done:
//
//  1. On each claim that goes is written why, and which claims replace it.
//  2. When all of them show that, the replacements are written, and the nodes tainted.
//  3. When the replacements are initialized, it is made sure that the pods still have
//     room elsewhere, and the claims are deleted: their nodes are drained. What goes to
//     save money is drained before (vacate.go).
//
// An engine that finds a claim so marked carries on from there. If a replacement does
// not come up, or there is no room any more, the marks are taken back.
//
// A node without pods goes without a mark: the taint is enough.

// What marks a claim that is about to go.
const (
	doomReason     = "ullage.sh/disruption"  // why
	doomReplacedBy = "ullage.sh/replaced-by" // claims that have to be initialized before
)

// mark is what is written on a claim that is about to go.
type mark struct {
	reason     cluster.Reason
	replacedBy []string
}

// doom reads the mark of a claim, nil for one that is not there, if it has one.
func doom(c *cluster.Claim) (m mark, doomed bool) {
	if c == nil {
		return m, false
	}
	why, doomed := c.Annotations[doomReason]
	return mark{cluster.Reason(why), listed(c.Annotations[doomReplacedBy])}, doomed
}

// action is what is left to do when its claims are marked.
type action struct {
	claims  []string
	creates []CreateClaim
	told    []plan.Create // for each of creates
}

// drafts are the names of the claims that it creates.
func (x *action) drafts() []string {
	var out []string
	for _, f := range x.creates {
		out = append(out, f.Claim.Name)
	}
	return out
}

// begin starts an action, and tells whether it did. ends is when its nodes will be gone
// whatever is done; 0 if they will not.
func (e *Engine) begin(a *plan.Action, ends cluster.Instant) bool {
	claims := make([]*cluster.Claim, len(a.Hosts))
	for i, h := range a.Hosts {
		c := e.claimOfHost(h)
		if c == nil || e.busy(claimKey(c.Name)) || e.busy(nodeKey(h)) {
			return false
		}
		claims[i] = c
	}
	if a.Why == cluster.ReasonEmpty {
		for _, c := range claims {
			e.beginEmpty(c, a)
		}
		return true
	}
	x := &action{told: e.affordable(a)}
	x.creates = e.draft(x.told)
	e.reground(x.drafts()...)
	m := mark{reason: a.Why}
	for i, f := range x.creates {
		m.replacedBy = append(m.replacedBy, f.Claim.Name)
		e.meant(x.told[i].Pods, f.Claim.Name)
	}
	for _, mv := range a.Moves {
		e.meant(mv.Pods, mv.Host)
		if name := e.unfinished(mv.Host); name != "" && !slices.Contains(m.replacedBy, name) {
			m.replacedBy = append(m.replacedBy, name)
		}
	}
	marks := map[string]string{doomReason: string(m.reason), doomReplacedBy: strings.Join(m.replacedBy, ",")}
	if ends != 0 {
		marks[endsAt] = ends.RFC3339()
	}
	for _, c := range claims {
		x.claims = append(x.claims, c.Name)
		e.disruptor.actions[c.Name] = x
		e.reground(c.Name)
		e.issue(PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers, Annotations: marks})
		e.tellBegun(c, a, m)
	}
	return true
}

// unfinished is the claim of a host on its way, "" for a node that takes pods: it is waited
// for like a replacement.
func (e *Engine) unfinished(host string) string {
	c := e.claimAt(host)
	if c == nil || c.Is(cluster.Initialized) {
		return ""
	}
	return c.Name
}

// affordable are the nodes that an action buys, with only those alternatives that leave
// half of what it saves.
func (e *Engine) affordable(a *plan.Action) []plan.Create {
	out := slices.Clone(a.Creates)
	if a.Why != cluster.ReasonUnderutilized || e.opts.Policy.Disrupt != nil {
		return out
	}
	for i := range out {
		c := &out[i]
		types := e.resolved[e.pools[c.Pool].Class].Types
		first, most := c.Offerings[0], c.Price+a.Saving/cluster.Money(2*len(out))
		c.Offerings = slices.DeleteFunc(slices.Clone(c.Offerings), func(id cluster.OfferingID) bool {
			price, _, _ := cluster.Price(types, id)
			return id != first && price > most
		})
	}
	return out
}

// drafted are the claims that will be written as soon as those that they replace are
// marked: they count like those that are under way.
func (e *Engine) drafted() []*cluster.Claim {
	var out []*cluster.Claim
	for name, x := range e.disruptor.actions {
		if name != x.claims[0] {
			continue // each action once
		}
		for _, f := range x.creates {
			out = append(out, f.Claim)
		}
	}
	return out
}

// meant notes where pods are to go that are still elsewhere.
func (e *Engine) meant(pods []*cluster.Pod, host string) {
	for _, p := range pods {
		e.disruptor.moved.set(p.UID, host)
	}
}

func (e *Engine) tellBegun(c *cluster.Claim, a *plan.Action, m mark) {
	how, then := "delete", "the pods have room elsewhere"
	if n := len(m.replacedBy); n > 0 {
		how, then = "replace", "by "+strconv.Itoa(n)+" new nodes"
	}
	e.note(Note{About: aboutClaim(c), Reason: "DisruptionLaunching", Pool: c.Pool, Decision: decisionOf(c, a),
		Message: "Disrupting NodeClaim: " + strings.ToLower(string(m.reason)) + "/" + how + ", " + strings.Join(a.Hosts, ", ") + ", " + then + saves(a)})
}

// decisionOf is an action as the note on the first of its claims tells it.
func decisionOf(c *cluster.Claim, a *plan.Action) *Decision {
	if c.NodeName != a.Hosts[0] {
		return nil
	}
	d := &Decision{Why: a.Why, Hosts: len(a.Hosts), Replaces: len(a.Creates) > 0}
	if a.Why == cluster.ReasonUnderutilized {
		d.Saving = a.Saving
	}
	return d
}

// saves says what an action saves; of what is replaced for other reasons nothing.
func saves(a *plan.Action) string {
	if a.Why != cluster.ReasonUnderutilized {
		return ""
	}
	return ", saves " + a.Saving.String() + " an hour"
}

// carryOn brings a node that is about to go a step further, and returns when to look again.
func (e *Engine) carryOn(c *cluster.Claim, n *cluster.Node) cluster.Instant {
	if x := e.disruptor.actions[c.Name]; x != nil && !e.marked(x) {
		return cluster.Never
	}
	m, doomed := doom(c)
	tainted := slices.Contains(n.Taints, cluster.DisruptedTaint)
	switch {
	case !doomed && tainted:
		e.finishEmpty(c, n)
	case !doomed || e.busy(claimKey(c.Name)) || e.busy(nodeKey(n.Name)):
	case e.lost(m) != "" && !forced(m.reason):
		e.takeBack(c, "its replacement "+e.lost(m)+" did not come up")
	case !tainted:
		e.taint(n)
	case e.mayGo(c, m):
		if x := e.disruptor.vacating[c.Name]; x != nil && e.vacates(c) {
			return e.vacate(c, x)
		}
		e.disruptor.ripe[c.Name] = true
		e.agenda.by(job{jobRelease, ""}, e.now)
	}
	return cluster.Never
}

// marked carries an action on when all of its claims show their marks, and drops it when
// one of them cannot be marked. It tells whether the claims may go on by themselves.
func (e *Engine) marked(x *action) bool {
	for _, name := range x.claims {
		c := e.claims[name]
		if c != nil && !c.Deleting() && e.busy(claimKey(name)) {
			return false
		}
		if _, doomed := doom(c); !doomed || c.Deleting() {
			e.drop(x) // the marks of the others now name claims that never come
			return true
		}
	}
	for i, f := range x.creates {
		if e.issue(f) {
			e.tellCreated(f.Claim, x.told[i])
		}
	}
	e.drop(x)
	return true
}

func (e *Engine) drop(x *action) {
	e.reground(slices.Concat(x.claims, x.drafts())...)
	for _, name := range x.claims {
		delete(e.disruptor.actions, name)
		e.agenda.by(job{jobClaim, name}, e.now)
		if c := e.claims[name]; c != nil {
			if _, doomed := doom(c); !doomed && !c.Deleting() {
				e.stays(c)
			}
		}
	}
}

// initializeWithin is how long a replacement may take from its creation on to become a
// node that can be counted on: longer than it may take to register, after which it is
// deleted anyway.
const initializeWithin = 20 * cluster.Minute

// lost names a replacement that is not there and not on its way, or does not get ready
// (a startup taint that stays, a device that never shows): "" if there is none.
func (e *Engine) lost(m mark) string {
	for _, name := range m.replacedBy {
		c := e.claims[name]
		if c != nil && !c.Deleting() {
			if due := c.Created.Add(e.opts.scaled(initializeWithin)); c.Is(cluster.Initialized) || e.now < due {
				e.lookAgain(name, c, due)
				continue
			}
			return name
		}
		if _, coming := e.expected.by[claimKey(name)].effect.(CreateClaim); !coming || c != nil {
			return name
		}
	}
	return ""
}

// lookAgain wakes those that wait for a replacement when it has had its time.
func (e *Engine) lookAgain(name string, c *cluster.Claim, due cluster.Instant) {
	if c.Is(cluster.Initialized) {
		return
	}
	for waiting := range e.disruptor.waitFor[name] {
		e.agenda.by(job{jobClaim, waiting}, due)
	}
}

// replaced tells whether all replacements are initialized.
func (e *Engine) replaced(m mark) bool {
	return !slices.ContainsFunc(m.replacedBy, func(name string) bool {
		c := e.claims[name]
		return c == nil || !c.Is(cluster.Initialized)
	})
}

// mayGo tells whether a marked claim need not wait any longer: what replaces it is there
// or, if it goes whatever becomes of its pods, will not come in time.
func (e *Engine) mayGo(c *cluster.Claim, m mark) bool {
	lost := e.lost(m) != ""
	return !lost && e.replaced(m) || forced(m.reason) && (lost || e.now >= e.lastMoment(c))
}

// takeBack keeps a node that was about to go.
func (e *Engine) takeBack(c *cluster.Claim, why string) {
	if !e.issue(PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers, RemoveAnnotations: []string{doomReason, doomReplacedBy}}) {
		return
	}
	m, _ := doom(c)
	failed := &Decision{Why: m.reason, Replaces: len(m.replacedBy) > 0, Failed: Outdated}
	if e.lost(m) != "" {
		failed.Failed = Unreplaced
	}
	e.spare(c, why)
	e.stays(c)
	x := newVacating()
	x.kept = why
	e.disruptor.vacating[c.Name] = x
	e.reground(c.Name)
	e.abandon(m)
	e.note(Note{About: aboutClaim(c), Reason: "DisruptionBlocked", Pool: c.Pool, Decision: failed, Message: "Kept: " + why})
}

// stays forgets where the pods of a claim's node were meant to go, and that budgets have
// kept them from it: what these allow is for others then.
func (e *Engine) stays(c *cluster.Claim) {
	for _, p := range e.podsOn[c.NodeName] {
		e.disruptor.moved.drop(p.UID)
		if e.blocked[p.ID()] {
			delete(e.blocked, p.ID())
			delete(e.retry, podKey(p.ID()))
		}
	}
}

// linkReplacements keeps track of who waits for a claim, and wakes those that wait for
// this one, or together with it if it goes.
func (e *Engine) linkReplacements(name string, old, now *cluster.Claim) {
	if m, doomed := doom(old); doomed {
		goes := now == nil || now.Deleting() && !old.Deleting()
		for _, r := range m.replacedBy {
			e.reserved.look(r)
			if goes {
				for fellow := range e.disruptor.waitFor[r] {
					e.agenda.by(job{jobClaim, fellow}, e.now)
				}
			}
			if delete(e.disruptor.waitFor[r], name); len(e.disruptor.waitFor[r]) == 0 {
				delete(e.disruptor.waitFor, r)
			}
		}
	}
	if m, doomed := doom(now); doomed {
		for _, r := range m.replacedBy {
			if e.disruptor.waitFor[r] == nil {
				e.disruptor.waitFor[r] = map[string]bool{}
				e.queueEntriesTo(r) // who was on the way there before may have needed no toleration
			}
			e.disruptor.waitFor[r][name] = true
		}
	}
	if len(e.disruptor.waitFor) == 0 {
		clear(e.disruptor.heirs)
		clear(e.disruptor.late)
		clear(e.disruptor.given)
	}
	for waiting := range e.disruptor.waitFor[name] {
		e.agenda.by(job{jobClaim, waiting}, e.now)
	}
}
