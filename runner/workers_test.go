package runner

import (
	"context"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider"
)

// held is a cloud that launches nothing before it is let.
type held struct {
	provider.Provider
	asked, let chan struct{}
}

func (h held) Create(ctx context.Context, _ provider.CreateRequest) (provider.CreateResult, error) {
	h.asked <- struct{}{}
	select {
	case <-h.let:
	case <-ctx.Done():
	}
	return provider.CreateResult{}, &provider.InsufficientCapacityError{}
}

func (held) List(context.Context) ([]provider.Instance, error) { return nil, nil }
func (held) Delete(context.Context, []string) (map[string]provider.State, error) {
	return nil, nil
}
func (held) Resolve(context.Context, cluster.NodeClass) (provider.Resolution, error) {
	return provider.Resolution{}, nil
}
func (held) Learn(string, string, int64)                 {}
func (held) Acknowledge(context.Context, []string) error { return nil }

// elsewhere is a cluster that no effect is on.
type elsewhere struct{ Cluster }

func (elsewhere) Do(context.Context, engine.Effect) (engine.Done, bool) { return engine.Done{}, false }

// TestLaunchesWaitAlone: while more launches wait than there are workers for, all else that
// is asked of the cloud is done.
func TestLaunchesWaitAlone(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cloud := held{asked: make(chan struct{}, 100), let: make(chan struct{})}
	r := newRun(&Runner{Cluster: elsewhere{}, Provider: cloud}, nil)
	for range 3 * launchWorkers {
		r.send(ctx, engine.Launch{Class: &cluster.NodeClass{}})
	}
	for range launchWorkers {
		<-cloud.asked
	}
	others := []engine.Effect{engine.List{}, engine.Terminate{}, engine.Resolve{Class: &cluster.NodeClass{}}, engine.Acknowledge{}}
	for _, f := range others {
		r.send(ctx, f)
	}
	done := 0
	hear := func(until int) {
		for done < until {
			select {
			case <-r.inbox.signal:
				done += len(r.inbox.take())
			case <-ctx.Done():
				t.Fatalf("%d of %d effects are done", done, until)
			}
		}
	}
	hear(len(others))
	if len(cloud.asked) > 0 {
		t.Errorf("%d launches beyond %d are under way", len(cloud.asked), launchWorkers)
	}
	close(cloud.let)
	hear(len(others) + 3*launchWorkers)
	r.work.Wait()
}
