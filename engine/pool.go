package engine

import (
	"reflect"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Conditions of a NodePool (Karpenter's).
const (
	validationSucceeded = "ValidationSucceeded"
	nodeClassReady      = "NodeClassReady"
	// honoured is a Provisioner's own: whether all that it asks for is done.
	honoured = "Honoured"
)

// resolved is what the provider said about a node class, and when.
type resolved struct {
	cluster.Resolution
	at cluster.Instant
	// stale: something was found sold out since; plan only after asking again.
	stale bool
	// written is the status that was written, with the uid of the class that has it. It is
	// not read back: what others have in a status, and what the API server makes of it, is
	// no reason to write again.
	written string
}

// doClass asks the provider about a class now and then, and writes what it says
// into the class's status.
func (e *Engine) doClass(key string) cluster.Instant {
	class := e.classByKey(key)
	if class == nil {
		return cluster.Never
	}
	r, known := e.resolved[class.Ref]
	due := r.at.Add(e.opts.scaled(e.opts.ResolveEvery))
	if !known || r.stale || e.now >= due {
		e.issue(Resolve{Class: class})
		return cluster.Never // the outcome comes back here
	}
	want := e.conditions(class.Conditions)
	for _, c := range r.Conditions {
		want.set(c.Type, c.Status, c.Reason, c.Message)
	}
	f := PatchClassStatus{Ref: class.Ref, UID: class.UID, Revision: class.Revision, Conditions: want.list, Status: r.Status}
	if want.changed || r.Status != "" && r.written != f.written() {
		e.issue(f)
	}
	return due
}

func (e PatchClassStatus) written() string { return e.UID + " " + e.Status }

func (e *Engine) classWritten(f PatchClassStatus, d Done, again cluster.Instant) {
	if r, known := e.resolved[f.Ref]; known && d.Err == nil {
		r.written = f.written()
		e.resolved[f.Ref] = r
	}
	e.agenda.by(job{jobClass, classKey(f.Ref)}, again)
}

func (e *Engine) classResolved(f Resolve, d Done, again cluster.Instant) {
	ref := f.Class.Ref
	class := e.classes[ref]
	if class == nil {
		return
	}
	e.agenda.by(job{jobClass, classKey(ref)}, again)
	if d.Err != nil {
		e.note(Note{About: Object{Kind: ref.Kind, Name: ref.Name, UID: class.UID}, Warning: true, Reason: "ResolveFailed", Message: d.Err.Message})
		return
	}
	if class.UID != f.Class.UID || class.Generation != f.Class.Generation {
		return // the answer is about an older class; doClass asks again
	}
	before := e.resolved[ref]
	changed := before.Hash != d.Resolution.Hash || !slices.Equal(before.Images(), d.Resolution.Images())
	same := reflect.DeepEqual(before.Types, d.Resolution.Types)
	if same {
		d.Resolution.Types = before.Types // so that others see that nothing has changed
	}
	if !same || !slices.Equal(before.Stocks, d.Resolution.Stocks) {
		e.passIn() // what cost too much, or could not be had, may be worth its price now
	}
	e.resolved[ref] = resolved{Resolution: d.Resolution, at: e.now, written: before.written}
	if changed || before.at.IsZero() {
		clear(e.idle) // their nodes may have drifted
	}
	for name, p := range e.pools {
		if p.Class == ref {
			e.agenda.by(job{jobPool, name}, e.now)
		}
	}
	for name, c := range e.claims {
		if c.Class == ref && (changed || !c.Is(cluster.Launched)) {
			e.agenda.by(job{jobClaim, name}, e.now)
		}
		if c.Class == ref && !c.Is(cluster.Launched) {
			if c.Launch != nil {
				e.agenda.by(job{jobLaunch, c.Launch.Token}, e.now)
			}
		}
	}
	e.replan()
}

// soldOut makes the class be resolved again before the next plan: the provider
// now knows better what it can sell.
func (e *Engine) soldOut(ref cluster.ClassRef) {
	if r, ok := e.resolved[ref]; ok {
		r.stale = true
		e.resolved[ref] = r
		e.agenda.by(job{jobClass, classKey(ref)}, e.now)
	}
}

// ours tells whether a node class is of a kind that this provider serves.
func (e *Engine) ours(ref cluster.ClassRef) bool {
	return slices.Contains(e.opts.Kinds, ref.Group+"/"+ref.Kind)
}

// classState says whether nodes of a class can be launched, as a condition.
func (e *Engine) classState(ref cluster.ClassRef) cluster.Condition {
	c := cluster.Condition{Type: nodeClassReady, Status: "False"}
	class := e.classes[ref]
	r, known := e.resolved[ref]
	switch {
	case class == nil:
		c.Reason, c.Message = "NodeClassNotFound", "no "+ref.Kind+" named "+ref.Name+" exists"
	case class.DeletingAt != 0:
		c.Reason, c.Message = "NodeClassTerminating", ref.String()+" is being deleted"
	case !known:
		c.Status, c.Reason, c.Message = "Unknown", "NodeClassNotResolved", "the provider has not answered yet"
	default:
		ok, ready := r.Ready()
		if ok {
			return cluster.Condition{Type: nodeClassReady, Status: "True", Reason: nodeClassReady}
		}
		c.Status, c.Reason, c.Message = ready.Status, "NodeClassNotReady", ready.Message
	}
	return c
}

// usable tells whether nodes may be bought for a pool.
func (e *Engine) usable(p *cluster.Pool) bool {
	return e.ours(p.Class) && p.DeletingAt == 0 && p.Invalid == "" && e.classState(p.Class).Status == "True"
}

// doPool keeps the status of a pool: whether it can be used, and what it holds.
func (e *Engine) doPool(name string) cluster.Instant {
	p := e.pools[name]
	if p != nil && !p.Legacy {
		e.tellHidden(e.provisioners[name])
	}
	if p == nil || !e.ours(p.Class) {
		return cluster.Never
	}
	want := e.conditions(p.Conditions)
	if p.Ignored != "" {
		want.set(honoured, "False", "Ignored", p.Ignored)
	} else if p.Legacy {
		want.set(honoured, "True", "", "")
	}
	if p.Invalid != "" {
		want.set(validationSucceeded, "False", "NodePoolValidationFailed", p.Invalid)
	} else {
		want.set(validationSucceeded, "True", "", "")
	}
	class := e.classState(p.Class)
	want.set(nodeClassReady, class.Status, class.Reason, class.Message)
	want.summarize(validationSucceeded, nodeClassReady)
	// Counts change with every node, and are not even made more often than they are
	// written; conditions are worth a write of their own.
	if next := e.poolWrites[name].Add(poolStatusEvery); !want.changed && e.now < next {
		return next
	}
	holds := e.poolHolds(name)
	if !want.changed && slices.Equal(holds, p.Resources) {
		return cluster.Never
	}
	if e.issue(PatchPoolStatus{Legacy: p.Legacy, Name: p.Name, UID: p.UID, Revision: p.Revision, Conditions: want.list, Resources: holds}) {
		e.poolWrites[name] = e.now
	}
	return cluster.Never
}

// tellHidden says on a Provisioner, if there is one, that a NodePool has its name.
func (e *Engine) tellHidden(p *cluster.Pool) {
	if p == nil || !e.ours(p.Class) {
		return
	}
	want := e.conditions(p.Conditions)
	want.set(validationSucceeded, "False", "NameTaken", "there is a NodePool of the same name, and nodes know their pool by its name: nothing is bought for the Provisioner")
	want.summarize(validationSucceeded)
	if want.changed {
		e.issue(PatchPoolStatus{Legacy: true, Name: p.Name, UID: p.UID, Revision: p.Revision, Conditions: want.list, Resources: p.Resources})
	}
}

// poolOf returns the NodePool, or the Provisioner if legacy, of that name; nil if there
// is none.
func (e *Engine) poolOf(legacy bool, name string) *cluster.Pool {
	if legacy {
		return e.provisioners[name]
	}
	if p := e.pools[name]; p != nil && !p.Legacy {
		return p
	}
	return nil
}

// poolStatusEvery bounds how often the counts of a pool are written.
const poolStatusEvery = cluster.Second

// poolHolds sums the capacity of a pool's nodes; before a node has registered,
// that of its claim.
func (e *Engine) poolHolds(name string) cluster.Resources {
	h := e.headcount(name)
	return h.holds.Plus(cluster.NewResources(map[string]int64{cluster.NodesLimit: h.nodes}))
}
