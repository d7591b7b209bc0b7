package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/schedule"
	"github.com/ullage-sh/ullage/sim/store"
)

// world is a run in progress.
type world struct {
	Scenario
	seed    chance
	now     cluster.Instant
	ends    cluster.Instant
	agenda  agenda
	store   *store.Store
	journal journal
	result  *Result

	cloud      *region
	kubelets   *kubelets
	lifecycle  *lifecycle
	scheduling *scheduling
	control    *control
	disks      *disks // nil without volumes
	disruption *disruption
	operator   *operator
	judge      *judge.Judge
	meter      *meter

	trouble trouble
	active  map[FaultKind][]Fault // those that last
	chance  map[string]*rand.Rand
	err     error
	stopped bool
}

// Run simulates a scenario from its beginning to its end, or until ctx ends: that is an
// error, since half a run is no result.
func Run(ctx context.Context, s Scenario) (*Result, error) {
	w, err := newWorld(s)
	if err != nil {
		return nil, err
	}
	w.begins()
	for w.err == nil && !w.stopped {
		at := w.agenda.next()
		if at > w.ends {
			break
		}
		e := w.agenda.take()
		w.now = e.at
		w.result.Events++
		e.do()
		if ctx.Err() != nil && w.err == nil {
			w.err = context.Cause(ctx)
		}
	}
	if w.err != nil {
		return nil, fmt.Errorf("simulation, seed %d, at %s: %w", s.Seed, w.now.RFC3339(), w.err)
	}
	w.now = w.ends
	return w.finish()
}

func newWorld(s Scenario) (*world, error) {
	s, err := s.complete()
	if err != nil {
		return nil, err
	}
	w := &world{
		Scenario: s, seed: chance{s.Seed}, now: s.Start, ends: s.Start.Add(s.Length), store: store.New(),
		result: &Result{Seed: s.Seed, Length: s.Length}, active: map[FaultKind][]Fault{}, chance: map[string]*rand.Rand{},
	}
	w.trouble.last = s.Start
	w.journal = newJournal(s.Journal)
	for _, k := range Kinds() {
		w.chance[string(k)] = w.seed.stream(string(k))
	}
	if w.cloud, err = newRegion(w); err != nil {
		return nil, err
	}
	cache := schedule.NewCache(w.seed.stream("scheduler"))
	w.kubelets = newKubelets(w)
	w.lifecycle = newLifecycle(w)
	w.scheduling = newScheduling(w, cache)
	w.control = newControl(w)
	w.disks = newDisks(w)
	w.disruption = newDisruption(w)
	w.operator = newOperator(w)
	w.meter = newMeter(w)
	if !s.Unchecked {
		w.judge = judge.New(w.store, judge.Clock{
			Now: func() cluster.Instant { return w.now }, At: w.at, QuietSince: w.trouble.quietSince, Seen: w.operator.sees, Operator: w.operator.clock,
		}, s.Options, w.broken)
	}
	watch(w, w.store.Pods, "pod", w.podChanged)
	watch(w, w.store.Nodes, "node", w.nodeChanged)
	watch(w, w.store.Claims, "claim", w.claimChanged)
	watch(w, w.store.Pools, "pool", w.poolChanged)
	watch(w, w.store.Classes, "class", w.operator.classChanged)
	watch(w, w.store.Daemons, "daemonset", w.operator.daemonChanged)
	watch(w, w.store.Buffers, "buffer", w.bufferChanged)
	watch(w, w.store.Gangs, "podgroup", w.operator.gangChanged)
	watch(w, w.store.VolumeClaims, "volumeclaim", w.operator.volumeClaimChanged)
	watch(w, w.store.Volumes, "volume", w.operator.volumeChanged)
	watch(w, w.store.Attachments, "attachment", w.attachmentChanged)
	watch(w, w.store.CSINodes, "csinode", w.operator.csiNodeChanged)
	watch(w, w.store.Statuses, "budget", w.operator.budgetChanged)
	return w, nil
}

// watch writes changes of a kind into the journal and passes them on.
func watch[T any](w *world, t *store.Table[T], kind string, f func(*store.Object[T], *T)) {
	created, changed, gone := kind+" created", kind+" changed", kind+" gone"
	t.Watch(func(o *store.Object[T], old *T) {
		what := changed
		switch {
		case old == nil:
			what = created
		case o.Now == nil:
			what = gone
		}
		w.record(what, o.Key, "")
		f(o, old)
	})
}

// The order in which components hear of a change is fixed; what they do about it they
// enter into the agenda.

func (w *world) podChanged(o *store.Pod, old *cluster.Pod) {
	w.meter.podChanged(o, old)
	w.kubelets.podChanged(o, old)
	w.scheduling.podChanged(o, old)
	w.control.podChanged(o, old)
	w.disks.podChanged(o, old)
	w.disruption.podChanged(o, old)
	w.operator.podChanged(o, old)
	if w.judge != nil {
		w.judge.PodChanged(o, old)
	}
}

func (w *world) nodeChanged(o *store.Node, old *cluster.Node) {
	w.lifecycle.nodeChanged(o, old)
	switch {
	case old == nil:
		w.disks.nodeComes(o.Now)
	case o.Now == nil:
		w.disks.nodeGoes(o.Key)
	}
	w.scheduling.nodeChanged(o, old)
	w.control.nodeChanged(o, old)
	w.operator.nodeChanged(o, old)
	if w.judge != nil {
		w.judge.NodeChanged(o, old)
	}
}

func (w *world) claimChanged(o *store.Claim, old *cluster.Claim) {
	w.operator.claimChanged(o, old)
	if w.judge != nil {
		w.judge.ClaimChanged(o, old)
	}
}

func (w *world) poolChanged(o *store.Object[cluster.Pool], old *cluster.Pool) {
	w.operator.poolChanged(o, old)
	if w.judge != nil {
		w.judge.PoolChanged(o, old)
	}
}

func (w *world) bufferChanged(o *store.Object[cluster.CapacityBuffer], old *cluster.CapacityBuffer) {
	w.operator.bufferChanged(o, old)
	if w.judge != nil {
		w.judge.BufferChanged(o, old)
	}
}

func (w *world) attachmentChanged(o *store.Object[cluster.VolumeAttachment], old *cluster.VolumeAttachment) {
	w.operator.attachmentChanged(o, old)
	if w.judge != nil {
		w.judge.AttachmentChanged(o)
	}
}

// begins enters what is there in the beginning, and all that is known to come.
func (w *world) begins() {
	for _, c := range w.Classes {
		x := *c
		_, _ = w.store.Classes.Create(c.Ref.String(), &x) // the store is empty
	}
	for _, p := range w.Pools {
		x := *p
		_, _ = w.store.Pools.Create(p.Name, &x) // the store is empty
	}
	for _, r := range w.Resizes {
		w.at(w.Start.Add(r.At), func() { w.resize(r) })
	}
	for _, r := range w.Reserved {
		w.at(w.Start.Add(r.At), func() { w.cloud.reserve(r) })
	}
	w.control.begin()
	w.operator.start()
	for _, f := range w.Faults {
		w.at(w.Start.Add(f.At), func() { w.begin(f) })
	}
	w.meter.begin()
}

// at enters something into the agenda.
func (w *world) at(t cluster.Instant, do func()) {
	if t != cluster.Never {
		w.agenda.at(max(t, w.now), do)
	}
}

func (w *world) after(d cluster.Duration, do func()) { w.at(w.now.Add(d), do) }

// outside notes that something has happened that is nobody's answer to anything else.
func (w *world) outside() {
	if w.judge != nil {
		w.judge.Outside()
	}
}

// broken notes a broken invariant.
func (w *world) broken(v judge.Violation) {
	w.record("violation", string(v.Rule), v.About)
	w.result.Violations = append(w.result.Violations, v)
	if w.Stop != nil && w.Stop(v) {
		w.ends, w.stopped = w.now, true
	}
}

func (w *world) record(what, about, more string) {
	if err := w.journal.line(w.now, w.store.Revision(), what, about, more); err != nil && w.err == nil {
		w.err = fmt.Errorf("writing the journal: %w", err)
	}
}

func (w *world) finish() (*Result, error) {
	left, err := w.records()
	if err != nil {
		return nil, fmt.Errorf("simulation, seed %d: what is left: %w", w.Seed, err)
	}
	if w.judge != nil && !w.stopped {
		w.judge.End(w.control.short(), left)
	}
	w.meter.finish()
	w.result.Digest = w.journal.digest()
	if w.Left != nil {
		w.Left(left)
	}
	return w.result, nil
}

// records are all that a snapshot is made of, as it is now.
func (w *world) records() (cluster.Input, error) {
	in := cluster.Input{
		Revision: strconv.FormatInt(w.store.Revision(), 10), Pods: now(w.store.Pods), Nodes: now(w.store.Nodes), Claims: now(w.store.Claims),
		Pools: now(w.store.Pools), Daemons: now(w.store.Daemons), Budgets: now(w.store.Statuses), Buffers: now(w.store.Buffers), Gangs: now(w.store.Gangs),
		Storage:     cluster.Storage{PersistentVolumeClaims: now(w.store.VolumeClaims), PersistentVolumes: now(w.store.Volumes)},
		Attachments: now(w.store.Attachments), CSINodes: now(w.store.CSINodes), Types: map[cluster.ClassRef][]cluster.InstanceType{},
	}
	if w.disks != nil {
		in.StorageClasses = []*cluster.StorageClass{gp3()}
	}
	for _, c := range now(w.store.Classes) {
		r, err := w.cloud.desk.Resolve(context.Background(), *c)
		if err != nil {
			return in, err
		}
		in.Types[c.Ref] = r.Types
		in.Stocks = append(in.Stocks, r.Stocks...)
	}
	return in, nil
}

// now are the records of a table, in the order of their keys.
func now[T any](t *store.Table[T]) []*T {
	out := make([]*T, 0, t.Len())
	for _, o := range t.All() {
		out = append(out, o.Now)
	}
	return out
}
