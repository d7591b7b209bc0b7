package lab_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/runner"
)

// The test as CI runs it is a short one; the long one is
// go test -run TestOperatorCrashes -crashes 100 -crash-nodes 200 .
var (
	crashes    = flag.Int("crashes", 6, "how often the operator is dropped")
	crashNodes = flag.Int("crash-nodes", 30, "nodes of the scale-outs during which it is dropped")
	crashSeed  = flag.Uint64("crash-seed", 1, "seed of when it is dropped")
	crashDir   = flag.String("crash-dir", "", "keep the lab in this directory, to look at afterwards")
)

// smallNodes makes every inflate pod need a node of its own.
const smallNodes = `
apiVersion: ullage.sh/v1alpha1
kind: SimulatedNodeClass
metadata: {name: default}
spec: {}
---
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: small}
spec:
  template:
    spec:
      nodeClassRef: {group: ullage.sh, kind: SimulatedNodeClass, name: default}
      requirements:
      - {key: karpenter.k8s.aws/instance-category, operator: In, values: [c, m]}
      - {key: karpenter.k8s.aws/instance-cpu, operator: In, values: ["2"]}
      - {key: karpenter.k8s.aws/instance-hypervisor, operator: In, values: [nitro]}
      - {key: kubernetes.io/arch, operator: In, values: [amd64]}
      - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
  disruption:
    consolidateAfter: 10s
    budgets: [{nodes: 100%}]
`

var errCrash = errors.New("crashed on purpose")

// TestOperatorCrashes drops the operator before or after random effects while
// nodes come and go, starts a fresh one each time, and expects that nothing is
// lost and nothing leaks.
func TestOperatorCrashes(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	var armed atomic.Bool
	var dropped, effects atomic.Int64
	rng := rand.New(rand.NewPCG(*crashSeed, 2))
	next := make(chan int64, 1) // effects until the next crash
	next <- rng.Int64N(40)
	l, err := lab.Start(ctx, lab.Config{
		Dir: *crashDir, Seed: 3, Speed: 60, Bare: true, Progress: func(s string) { t.Log(s) },
		Fault: func(runner.Point, engine.Effect) error {
			effects.Add(1)
			if !armed.Load() {
				return nil
			}
			left := <-next
			if left > 0 {
				next <- left - 1
				return nil
			}
			next <- rng.Int64N(int64(8 * *crashNodes))
			if dropped.Load() >= int64(*crashes) {
				return nil
			}
			dropped.Add(1)
			return errCrash
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
	revived := make(chan struct{})
	go func() {
		defer close(revived)
		revive(ctx, t, l)
	}()
	c := l.Client()
	if _, err := kube.Apply(ctx, c, []byte(smallNodes)); err != nil {
		t.Fatal(err)
	}
	startHalves(t, ctx, c)
	armed.Store(true)
	rounds := 0
	for dropped.Load() < int64(*crashes) {
		rounds++
		scaleHalves(t, ctx, c, *crashNodes)
		await(t, ctx, 5*time.Minute, "all pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, *crashNodes) })
		scaleHalves(t, ctx, c, 0)
		await(t, ctx, 5*time.Minute, "the nodes to be given back", func(ctx context.Context) (bool, error) { return given(ctx, l) })
	}
	armed.Store(false)
	scaleHalves(t, ctx, c, *crashNodes)
	await(t, ctx, 5*time.Minute, "all pods to run", func(ctx context.Context) (bool, error) { return running(ctx, c, *crashNodes) })
	consistent(t, ctx, l)
	scaleHalves(t, ctx, c, 0)
	await(t, ctx, 5*time.Minute, "everything to be given back", func(ctx context.Context) (bool, error) { return given(ctx, l) })
	t.Logf("%d crashes in %d rounds of %d nodes, %d fault points passed", dropped.Load(), rounds, *crashNodes, effects.Load())
	cancel()
	<-revived
}

// revive starts a fresh operator whenever the one that runs has crashed.
func revive(ctx context.Context, t *testing.T, l *lab.Lab) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.OperatorEnded():
		}
		if err := l.StopOperator(); err != nil && !errors.Is(err, errCrash) {
			t.Errorf("the operator ended: %v", err)
			return
		}
		if ctx.Err() != nil {
			return
		}
		if err := l.StartOperator(); err != nil {
			t.Error(err)
			return
		}
	}
}

// given tells whether no claim, no bought node and no instance is left.
func given(ctx context.Context, l *lab.Lab) (bool, error) {
	var claims karpv1.NodeClaimList
	if err := l.Client().List(ctx, &claims); err != nil {
		return false, err
	}
	var nodes corev1.NodeList
	if err := l.Client().List(ctx, &nodes, client.HasLabels{"karpenter.sh/nodepool"}); err != nil {
		return false, err
	}
	return len(claims.Items)+len(nodes.Items)+l.Instances() == 0, nil
}

// consistent waits until claims and instances match one to one, which is at the
// latest when the grace for instances without a claim is over.
func consistent(t *testing.T, ctx context.Context, l *lab.Lab) {
	t.Helper()
	var odd []string
	await(t, ctx, time.Minute, "claims and instances to match", func(ctx context.Context) (ok bool, err error) {
		odd, err = l.Unsettled(ctx)
		return len(odd) == 0, err
	})
}
