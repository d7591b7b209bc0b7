package sim

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// region is the simulated cloud in virtual time: it carries out the operator's calls,
// starts kubelets on what has booted and writes the bill.
type region struct {
	w      *world
	cloud  *simulated.Cloud
	desk   *simulated.Provider
	took   cluster.Duration // how long the call at hand takes
	cursor simulated.Cursor
	look   cluster.Instant // when the next thing happens by itself
	prices map[cluster.OfferingID]cluster.Money
	bills  map[string]*bill // by instance id, of those that run
	// fates of instances that faults have touched, by id.
	mute map[string]bool // they never register
	less map[string]int  // percent of memory that they lack
	// heard are the notices that were acknowledged, by receipt.
	heard map[string]bool
}

// bill is one instance on the account.
type bill struct {
	offering cluster.OfferingID
	since    cluster.Instant
	price    cluster.Money
}

func newRegion(w *world) (*region, error) {
	c, err := simulated.New(simulated.Config{Region: w.Region, Types: w.Types, Seed: w.Seed, Delays: w.Cloud, Hazard: w.Hazard}, w.Start)
	if err != nil {
		return nil, err
	}
	r := &region{w: w, cloud: c, look: cluster.Never, prices: map[cluster.OfferingID]cluster.Money{}, bills: map[string]*bill{}, mute: map[string]bool{}, less: map[string]int{}, heard: map[string]bool{}}
	for i := range w.Types {
		for _, o := range w.Types[i].Offerings {
			r.prices[cluster.OfferingID{InstanceType: w.Types[i].Name, Zone: o.Zone, CapacityType: o.CapacityType}] = o.Price
		}
	}
	r.desk = simulated.NewProvider(c, func() cluster.Instant { return w.now }, func(_ context.Context, d cluster.Duration) error {
		r.took = d
		return nil
	})
	return r, nil
}

// do carries out a call to the cloud. took is how long it takes to answer; handled is
// false if it is not one.
func (r *region) do(f engine.Effect) (done engine.Done, took cluster.Duration, handled bool) {
	done = engine.Done{Effect: f}
	r.took = 0
	ctx := context.Background()
	var err error
	switch f := f.(type) {
	case engine.Resolve:
		if err = r.refuses("DescribeInstanceTypes"); err == nil {
			done.Resolution, err = r.desk.Resolve(ctx, *f.Class)
		}
	case engine.Launch:
		if err = r.refuses("CreateFleet"); err == nil && r.w.strikes(LaunchError) {
			err = errors.New("InternalError: an internal error has occurred")
		}
		if err == nil {
			done.Instances, done.SoldOut, err = r.launch(ctx, f)
		}
	case engine.Terminate:
		if err = r.refuses("TerminateInstances"); err == nil {
			done.States, err = r.terminate(ctx, f.IDs)
		}
	case engine.List:
		if err = r.refuses("DescribeInstances"); err == nil {
			done.Instances, err = r.desk.List(ctx)
		}
	case engine.Acknowledge:
		for _, receipt := range f.Receipts {
			r.heard[receipt] = true
		}
	default:
		return done, 0, false
	}
	done.Err = failure(err)
	r.follow()
	return done, r.took, true
}

// refuses throttles a call, if there is a fault that does.
func (r *region) refuses(call string) error {
	if r.w.strikes(Throttle) {
		return errors.New("RequestLimitExceeded: Request limit exceeded for " + call)
	}
	return nil
}

func (r *region) launch(ctx context.Context, f engine.Launch) ([]cluster.Instance, []cluster.OfferingID, error) {
	result, err := r.desk.Create(ctx, provider.CreateRequest{
		Token: f.Token, Class: *f.Class, Pool: f.Pool, Count: f.Count, Offerings: f.Offerings, Labels: f.Labels, Taints: f.Taints,
	})
	for _, i := range result.Instances {
		if r.w.strikes(NoBoot) {
			r.mute[i.ID] = true
		}
		for _, x := range r.w.active[LessMemory] {
			r.less[i.ID] = max(r.less[i.ID], x.Amount)
		}
		if r.w.judge != nil {
			r.w.judge.Launched(i, r.prices[i.Offering])
		}
	}
	return result.Instances, result.SoldOut, err
}

// terminate speaks of instances by their provider ids, whose last element is the
// instance id.
func (r *region) terminate(ctx context.Context, providerIDs []string) (map[string]cluster.InstanceState, error) {
	ids := make([]string, len(providerIDs))
	for i, p := range providerIDs {
		ids[i] = instanceID(p)
		if r.w.judge != nil {
			r.w.judge.Terminating(p)
		}
	}
	states, err := r.desk.Delete(ctx, ids)
	out := make(map[string]cluster.InstanceState, len(ids))
	for i, p := range providerIDs {
		out[p] = states[ids[i]]
	}
	return out, err
}

func instanceID(providerID string) string {
	return providerID[strings.LastIndexByte(providerID, '/')+1:]
}

// failure sorts a provider's error by what can be done about it.
func failure(err error) *engine.Failure {
	if err == nil {
		return nil
	}
	f := &engine.Failure{Kind: engine.Transient, Message: err.Error()}
	var short *provider.InsufficientCapacityError
	var rejected *provider.RejectedError
	var missing *provider.NotFoundError
	switch {
	case errors.As(err, &short):
		f.Kind = engine.NoCapacity
	case errors.As(err, &rejected):
		f.Kind = engine.Rejected
	case errors.As(err, &missing):
		f.Kind = engine.Missing
	}
	return f
}

// follow looks at what has happened in the cloud and makes sure to look again when
// something will.
func (r *region) follow() {
	events, cursor := r.cloud.Events(r.w.now, r.cursor)
	r.cursor = cursor
	for _, e := range events {
		r.happened(e)
	}
	next := r.cloud.Next(r.w.now)
	if next == cluster.Never || next >= r.look && r.look > r.w.now {
		return
	}
	r.look = next
	r.w.at(next, func() {
		if r.look == r.w.now {
			r.look = cluster.Never
		}
		r.follow()
	})
}

func (r *region) happened(e simulated.Event) {
	m := e.Machine
	r.w.record("instance "+e.Kind.String(), m.InstanceID, "")
	switch e.Kind {
	case simulated.Launched:
		id := cluster.OfferingID{InstanceType: m.Labels[cluster.LabelInstanceType], Zone: m.Labels[cluster.LabelZone], CapacityType: m.Labels[cluster.LabelCapacityType]}
		r.bills[m.InstanceID] = &bill{offering: id, since: e.At, price: r.prices[id]}
		r.w.meter.launched(r.bills[m.InstanceID], m.Capacity)
	case simulated.Booted:
		if !r.mute[m.InstanceID] {
			r.w.kubelets.boot(m, r.less[m.InstanceID])
		}
	case simulated.Stopping:
		r.stopped(m, e.At)
	case simulated.Terminated:
		r.stopped(m, e.At) // one that vanished did not stop first
		delete(r.mute, m.InstanceID)
		delete(r.less, m.InstanceID)
		r.w.lifecycle.instanceGone(m.Name)
	case simulated.Warned:
		if r.w.judge != nil {
			r.w.judge.Warned(m.ProviderID)
		}
		r.w.after(noticeLag, r.tell)
	case simulated.Running:
	}
}

// A notice takes noticeLag to reach the operator, and comes again every noticeEvery until
// it is acknowledged.
const (
	noticeLag   = cluster.Second
	noticeEvery = 30 * cluster.Second
)

// tell passes on what has not been acknowledged, to an operator that is there.
func (r *region) tell() {
	missed := false
	for _, n := range r.cloud.Warnings(r.w.now) {
		if r.heard[n.Receipt] {
			continue
		}
		missed = true
		if o := r.w.operator; o.box != nil {
			o.deliver(r.w.now, engine.Noticed{Notice: n})
		}
	}
	if missed {
		r.w.after(noticeEvery, r.tell)
	}
}

// stopped ends the bill and the kubelet of a machine that goes down.
func (r *region) stopped(m simulated.Machine, at cluster.Instant) {
	b := r.bills[m.InstanceID]
	if b == nil {
		return
	}
	delete(r.bills, m.InstanceID)
	r.w.meter.stopped(b, m.Capacity, at)
	r.w.kubelets.stop(m.Name)
	if r.w.judge != nil {
		r.w.judge.Stopping(m.ProviderID, m.Name)
	}
}

func (r *region) limit(p simulated.Pattern, n int) {
	if _, err := r.cloud.SetCapacity(r.w.now, p, n); err != nil && r.w.err == nil {
		r.w.err = fmt.Errorf("fault: %w", err)
	}
	r.follow()
}

// reserve makes a reservation larger or smaller.
func (r *region) reserve(x Reserved) {
	r.w.record("reserved", x.Offering().String(), strconv.Itoa(x.Count))
	r.w.outside()
	r.limit(simulated.Pattern(x.Offering()), x.Count)
}

func (r *region) reclaim(p simulated.Pattern) {
	if _, err := r.cloud.Reclaim(r.w.now, p); err != nil && r.w.err == nil {
		r.w.err = fmt.Errorf("fault: %w", err)
	}
	r.follow()
}

func (r *region) kill(n int) {
	machines, _ := r.cloud.Machines(r.w.now)
	for _, m := range pick(r.w, "kill", n, machines) {
		_ = r.cloud.Kill(r.w.now, m.InstanceID) // it was there a moment ago
	}
	r.follow()
}

// silence makes kubelets stop answering for a while.
func (r *region) silence(n int, d cluster.Duration) {
	for _, k := range pick(r.w, "silence", n, r.w.kubelets.answering()) {
		r.w.kubelets.hush(k, d)
	}
}
