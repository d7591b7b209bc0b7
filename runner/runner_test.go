package runner_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/runner"
)

var ref = cluster.ClassRef{Group: "ullage.sh", Kind: "TestClass", Name: "default"}

// fakeCluster holds one node class and keeps what is done to it.
type fakeCluster struct {
	class *cluster.NodeClass

	mu       sync.Mutex
	done     []engine.Effect
	replayed int
	patched  chan struct{}
	failing  error // of Watch
}

func newCluster() *fakeCluster {
	return &fakeCluster{class: &cluster.NodeClass{Ref: ref, UID: "u", Revision: "1"}, patched: make(chan struct{}, 100)}
}

func (c *fakeCluster) Watch(ctx context.Context, push func(engine.Event)) error {
	if c.failing != nil {
		return c.failing
	}
	push(engine.ClassChanged{Ref: ref, Class: c.class})
	push(engine.Synced{})
	<-ctx.Done()
	return nil
}

func (c *fakeCluster) Replay(context.Context) ([]engine.Event, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replayed++
	return []engine.Event{engine.ClassChanged{Ref: ref, Class: c.class}, engine.Synced{}}, nil
}

func (c *fakeCluster) Do(_ context.Context, f engine.Effect) (engine.Done, bool) {
	if _, ok := f.(engine.PatchClassStatus); !ok {
		return engine.Done{}, false
	}
	c.mu.Lock()
	c.done = append(c.done, f)
	c.mu.Unlock()
	c.patched <- struct{}{}
	return engine.Done{Effect: f, Revision: "2"}, true
}

func (c *fakeCluster) Note(engine.Note) {}

func (c *fakeCluster) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.done)
}

// fakeCloud resolves its class and owns no instances.
type fakeCloud struct{}

func (fakeCloud) Kinds() []provider.Kind {
	return []provider.Kind{{Group: "ullage.sh", Version: "v1", Kind: "TestClass"}}
}
func (fakeCloud) Resolve(context.Context, cluster.NodeClass) (provider.Resolution, error) {
	return provider.Resolution{Conditions: []cluster.Condition{{Type: "Ready", Status: "True", Reason: "Ready"}}}, nil
}
func (fakeCloud) Create(context.Context, provider.CreateRequest) (provider.CreateResult, error) {
	return provider.CreateResult{}, &provider.InsufficientCapacityError{}
}
func (fakeCloud) Notices(ctx context.Context) ([]provider.Notice, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (fakeCloud) Acknowledge(context.Context, []string) error { return nil }

func (fakeCloud) List(context.Context) ([]provider.Instance, error) { return nil, nil }
func (fakeCloud) Get(_ context.Context, id string) (provider.Instance, error) {
	return provider.Instance{}, &provider.NotFoundError{ID: id}
}
func (fakeCloud) Delete(_ context.Context, ids []string) (map[string]provider.State, error) {
	return map[string]provider.State{}, nil
}
func (fakeCloud) Learn(string, string, int64)   {}
func (fakeCloud) DescribeLag() cluster.Duration { return cluster.Second }

// start runs r until the test ends and returns a channel with what Run returned.
func start(t *testing.T, r *runner.Runner) (<-chan error, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	out := make(chan error, 1)
	go func() { out <- r.Run(ctx) }()
	return out, cancel
}

// From the watch to the provider and back into the cluster: the class that was
// watched is resolved and its status written.
func TestEffectsAndOutcomesFlow(t *testing.T) {
	c := newCluster()
	var steps int
	ended, stop := start(t, &runner.Runner{Cluster: c, Provider: fakeCloud{}, Options: engine.DefaultOptions(), Observe: func(runner.Step) { steps++ }})
	<-c.patched
	stop()
	if err := <-ended; err != nil {
		t.Fatalf("a run that was asked to end returned %v", err)
	}
	if steps < 2 {
		t.Errorf("%d steps were observed", steps)
	}
	got := c.done[0].(engine.PatchClassStatus)
	if len(got.Conditions) != 1 || got.Conditions[0].Status != "True" {
		t.Errorf("wrote %+v", got)
	}
}

var errDropped = errors.New("dropped")

func TestFaultPoints(t *testing.T) {
	for _, at := range []runner.Point{runner.Before, runner.After} {
		t.Run(at.String(), func(t *testing.T) {
			c := newCluster()
			ended, _ := start(t, &runner.Runner{Cluster: c, Provider: fakeCloud{}, Options: engine.DefaultOptions(),
				Fault: func(p runner.Point, f engine.Effect) error {
					if _, ok := f.(engine.PatchClassStatus); ok && p == at {
						return errDropped
					}
					return nil
				}})
			err := <-ended
			if !errors.Is(err, errDropped) || !strings.Contains(err.Error(), "class/ullage.sh/TestClass/default") {
				t.Errorf("the run ended with %v", err)
			}
			if want := int(at); c.count() != want {
				t.Errorf("the effect was carried out %d times, want %d", c.count(), want)
			}
		})
	}
}

func TestForgetReplays(t *testing.T) {
	c := newCluster()
	ended, stop := start(t, &runner.Runner{Cluster: c, Provider: fakeCloud{}, Options: engine.DefaultOptions(), Forget: true})
	<-c.patched
	<-c.patched // a state that is thrown away resolves and writes again
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if c.replayed < 2 {
		t.Errorf("the cluster was replayed %d times", c.replayed)
	}
}

func TestFailingWatchEndsTheRun(t *testing.T) {
	c := newCluster()
	c.failing = errors.New("certificate has expired")
	ended, _ := start(t, &runner.Runner{Cluster: c, Provider: fakeCloud{}, Options: engine.DefaultOptions()})
	if err := <-ended; !errors.Is(err, c.failing) {
		t.Errorf("the run ended with %v", err)
	}
}
