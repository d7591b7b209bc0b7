package runner

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider"
)

// do carries out an effect.
func (r *run) do(ctx context.Context, f engine.Effect) engine.Done {
	if done, ok := r.Cluster.Do(ctx, f); ok {
		return done
	}
	done := engine.Done{Effect: f}
	var err error
	switch f := f.(type) {
	case engine.Resolve:
		done.Resolution, err = r.Provider.Resolve(ctx, *f.Class)
	case engine.Launch:
		var result provider.CreateResult
		result, err = r.Provider.Create(ctx, provider.CreateRequest{
			Token: f.Token, Class: *f.Class, Pool: f.Pool, Count: f.Count, Offerings: f.Offerings, Labels: f.Labels, Taints: f.Taints,
		})
		done.Instances, done.SoldOut = result.Instances, result.SoldOut
	case engine.Terminate:
		done.States, err = r.terminate(ctx, f.IDs)
	case engine.List:
		done.Instances, err = r.Provider.List(ctx)
	case engine.Acknowledge:
		err = r.Provider.Acknowledge(ctx, f.Receipts)
	}
	done.Err = failure(err)
	return done
}

// terminate speaks of instances by their provider ids, whose last element is the
// instance id.
func (r *run) terminate(ctx context.Context, providerIDs []string) (map[string]cluster.InstanceState, error) {
	ids := make([]string, len(providerIDs))
	for i, p := range providerIDs {
		ids[i] = p[strings.LastIndexByte(p, '/')+1:]
	}
	states, err := r.Provider.Delete(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]cluster.InstanceState, len(ids))
	for i, p := range providerIDs {
		out[p] = states[ids[i]]
	}
	return out, nil
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

// listen passes on what the cloud says of its own accord, until ctx ends.
func (r *run) listen(ctx context.Context) {
	for ctx.Err() == nil {
		notices, err := r.Provider.Notices(ctx)
		if err != nil && !sleep(ctx, deaf) {
			return
		}
		for _, n := range notices {
			r.inbox.push(engine.Noticed{Notice: n})
		}
		if len(notices) > 0 && !sleep(ctx, heed) { // until they are acknowledged
			return
		}
	}
}

const (
	deaf = 5 * time.Second // after a failure
	heed = time.Second
)
