// Package runner connects the engine to the world: it owns the goroutines and
// the real clock. Events go in from the cluster's watches, effects go out to the
// cluster and the provider, and their outcomes come back as events.
//
//	watches ──▶ inbox ──▶ engine.Step ──▶ effects ──▶ cluster, provider
//	              ▲                                        │
//	              └──────────────── outcomes ◀─────────────┘
//
// It refuses to decide: what is done and in which order is the engine's. There is
// a fault point before and after each effect ([Runner.Fault]), where tests end a
// run in the middle and start another one.
package runner

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider"
)

// Cluster is where events come from and where effects on Kubernetes objects go.
type Cluster interface {
	// Watch pushes everything that exists, then engine.Synced, then every change,
	// until ctx ends.
	Watch(ctx context.Context, push func(engine.Event)) error
	// Replay returns everything known now as events, engine.Synced last.
	Replay(ctx context.Context) ([]engine.Event, error)
	// Do carries out an effect; handled is false if it is not one on the cluster.
	Do(ctx context.Context, f engine.Effect) (done engine.Done, handled bool)
	// Note publishes a note where people look for it.
	Note(n engine.Note)
}

// Runner runs one engine. Set the fields, then call Run once.
type Runner struct {
	Cluster  Cluster
	Provider provider.Provider
	Options  engine.Options

	// Now is the clock; nil for the real one.
	Now func() time.Time
	// Observe, if set, sees every step after it was made. It runs in the loop and
	// must be quick.
	Observe func(Step)
	// Fault, if set, is called around each effect. An error ends the run there and
	// then, as a crash would: what is under way is abandoned, nothing is cleaned up.
	Fault func(Point, engine.Effect) error
	// Forget throws the engine's state away before every step and starts a fresh
	// one from the watches. It is for tests: the end must be the same.
	Forget bool
}

// Step is what one step of the engine did, for meters and views.
type Step struct {
	At      cluster.Instant
	Events  int
	Effects []engine.Effect
	Took    time.Duration
	// Engine as it is after the step; for reading, and only during the call.
	Engine *engine.Engine
}

// Point is a place where a run can be made to end.
type Point uint8

// The fault points of an effect.
const (
	Before Point = iota
	After
)

func (p Point) String() string {
	if p == Before {
		return "before"
	}
	return "after"
}

// Limits on what is under way at the same time. The cluster's are for an API
// server that must stay usable; client-side rate limits come on top.
const (
	clusterWorkers  = 32
	providerWorkers = 8
	// launchWorkers have launches to themselves: one may wait for a minute until the account
	// may launch again, and what ends, lists and resolves must not wait with it.
	launchWorkers = 8
	// idleStep is how often a step is made although nothing asks for one, so that
	// whoever observes steps is never further behind.
	idleStep = 5 * time.Second
	// gather is how long the loop waits after the first event for others that come
	// with it.
	gather = 2 * time.Millisecond
)

// Run steps the engine until ctx ends (then it returns nil), a watch fails, or a
// fault ends it.
func (r *Runner) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if r.Now == nil {
		r.Now = time.Now
	}
	for _, k := range r.Provider.Kinds() {
		r.Options.Kinds = append(r.Options.Kinds, k.Group+"/"+k.Kind)
	}
	run := newRun(r, cancel)
	var watching sync.WaitGroup
	watching.Go(func() {
		if err := r.Cluster.Watch(ctx, run.inbox.push); err != nil && ctx.Err() == nil {
			cancel(fmt.Errorf("watching the cluster: %w", err))
		}
	})
	watching.Go(func() { run.listen(ctx) })
	run.loop(ctx)
	cancel(nil)
	watching.Wait()
	run.work.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// run is the state of one call of Run.
type run struct {
	*Runner
	inbox      *inbox
	cancel     context.CancelCauseFunc
	work       sync.WaitGroup
	toCluster  chan struct{}
	toProvider chan struct{}
	launches   chan struct{}
	lessons    *lessons
}

func newRun(r *Runner, cancel context.CancelCauseFunc) *run {
	return &run{
		Runner: r, inbox: newInbox(), cancel: cancel, lessons: newLessons(r.Provider.Learn),
		toCluster: make(chan struct{}, clusterWorkers), toProvider: make(chan struct{}, providerWorkers), launches: make(chan struct{}, launchWorkers),
	}
}

func (r *run) loop(ctx context.Context) {
	eng := engine.New(r.Options)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.inbox.signal:
			if !sleep(ctx, gather) {
				return
			}
		case <-timer.C:
		}
		events := r.inbox.take()
		r.lessons.hear(events)
		if r.Forget {
			var err error
			if eng, events, err = r.reborn(ctx, events); err != nil {
				r.cancel(err)
				return
			}
		}
		timer.Reset(r.step(ctx, eng, events))
	}
}

// step makes one step and sends its effects off. It returns how long to wait for
// the next.
func (r *run) step(ctx context.Context, eng *engine.Engine, events []engine.Event) time.Duration {
	start := time.Now()
	now := cluster.Instant(r.Now().UnixNano())
	effects, wake := eng.Step(now, events)
	if r.Observe != nil {
		r.Observe(Step{At: now, Events: len(events), Effects: effects, Took: time.Since(start), Engine: eng})
	}
	for _, f := range effects {
		r.send(ctx, f)
	}
	if r.Forget {
		r.work.Wait()
	}
	return min(max(time.Duration(wake-now), time.Millisecond), idleStep)
}

// reborn returns a fresh engine and what it is to be told: all that the watches
// show now, and the outcomes that have just come in.
func (r *run) reborn(ctx context.Context, events []engine.Event) (*engine.Engine, []engine.Event, error) {
	all, err := r.Cluster.Replay(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, ev := range events {
		switch ev.(type) {
		case engine.Done, engine.Suspended, engine.Noticed:
			all = append(all, ev)
		}
	}
	return engine.New(r.Options), all, nil
}

// send starts an effect. Outcomes come back through the inbox.
func (r *run) send(ctx context.Context, f engine.Effect) {
	switch f := f.(type) {
	case engine.Note:
		r.Cluster.Note(f)
		return
	case engine.Planned, engine.Repacked:
		return
	}
	workers := r.workers(f)
	r.work.Go(func() {
		select {
		case workers <- struct{}{}:
			defer func() { <-workers }()
		case <-ctx.Done():
			return
		}
		if !r.fault(Before, f) {
			return
		}
		done := r.do(ctx, f)
		if ctx.Err() != nil || !r.fault(After, f) {
			return
		}
		r.inbox.push(done)
	})
}

// workers are those that carry out an effect.
func (r *run) workers(f engine.Effect) chan struct{} {
	switch f.(type) {
	case engine.Launch:
		return r.launches
	case engine.Resolve, engine.Terminate, engine.List, engine.Acknowledge:
		return r.toProvider
	}
	return r.toCluster
}

// fault passes a fault point and tells whether the run goes on.
func (r *run) fault(p Point, f engine.Effect) bool {
	if r.Fault == nil {
		return true
	}
	if err := r.Fault(p, f); err != nil {
		r.cancel(fmt.Errorf("%s %s: %w", p, f.Key(), err))
		return false
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// inbox holds what has been observed since the last step.
type inbox struct {
	mu     sync.Mutex
	events []engine.Event
	signal chan struct{} // holds a token while there are events
}

func newInbox() *inbox { return &inbox{signal: make(chan struct{}, 1)} }

func (b *inbox) push(ev engine.Event) {
	b.mu.Lock()
	b.events = append(b.events, ev)
	b.mu.Unlock()
	select {
	case b.signal <- struct{}{}:
	default:
	}
}

func (b *inbox) take() []engine.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.events
	b.events = nil
	return out
}
