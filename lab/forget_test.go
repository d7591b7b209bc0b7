package lab_test

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/runner"
)

// TestNothingRemembered throws away what the engine holds before every step of a
// run, so that each begins with what the watches show, and expects the end of a
// run that remembers: the same instances for the same pods, then none.
func TestNothingRemembered(t *testing.T) {
	want := outAndAway(t, false)
	if got := outAndAway(t, true); !maps.Equal(got, want) {
		t.Errorf("instances by type without memory: %v, with memory: %v", got, want)
	}
}

// outAndAway scales to as many pods as nodes and back to none, and returns the
// claims there were in between by instance type.
func outAndAway(t *testing.T, forget bool) map[string]int {
	const nodes = 20
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var steps, tolerated atomic.Int64
	l, err := lab.Start(ctx, lab.Config{
		Seed: 5, Speed: 60, Bare: true, Forget: forget,
		Observe: func(s runner.Step) {
			steps.Add(1)
			for _, f := range s.Effects {
				if _, ok := f.(engine.Tolerate); ok {
					tolerated.Add(1)
				}
			}
		},
		Engine: func(o *engine.Options) {
			if forget { // a window that nobody remembers the beginning of never ends
				o.BatchIdle, o.BatchMax, o.BatchLimit = 0, 0, 0
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
	}()
	c := l.Client()
	if _, err := kube.Apply(ctx, c, []byte(smallNodes)); err != nil {
		t.Fatal(err)
	}
	startHalves(t, ctx, c)
	scaleHalves(t, ctx, c, nodes)
	began := time.Now()
	await(t, ctx, 3*time.Minute, "all pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, nodes) })
	took := time.Since(began)
	consistent(t, ctx, l)
	types := claimsByType(t, ctx, c)
	scaleHalves(t, ctx, c, 0)
	await(t, ctx, 3*time.Minute, "everything to be given back", func(ctx context.Context) (bool, error) { return given(ctx, l) })
	t.Logf("forgetting %t: all run after %.1f s; %d steps, %d tolerations, claims %v", forget, took.Seconds(), steps.Load(), tolerated.Load(), slices.Sorted(maps.Keys(types)))
	if tolerated.Load() < nodes/2 { // a few find room on the system nodes
		t.Errorf("forgetting %t: %d tolerations for %d pods of two kinds", forget, tolerated.Load(), nodes)
	}
	return types
}

func claimsByType(t *testing.T, ctx context.Context, c client.Client) map[string]int {
	t.Helper()
	var claims karpv1.NodeClaimList
	if err := c.List(ctx, &claims); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for i := range claims.Items {
		out[claims.Items[i].Labels["node.kubernetes.io/instance-type"]]++
	}
	return out
}
