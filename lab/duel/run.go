package duel

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
)

// What the cluster has from the beginning.
var (
	//go:embed manifests/class.yaml
	nodeClass []byte
	//go:embed manifests/mixed.yaml
	mixedPools []byte
	//go:embed manifests/fleet.yaml
	fleetPools []byte
)

const (
	region = "us-west-2"
	// readyLimit is how long a contestant may take until its pools are ready.
	readyLimit = 3 * time.Minute
	// warmUp is how long it runs before the first pods: what it reads at its start, and a
	// new instance profile that EC2 does not know yet, are not what pods wait for in a
	// cluster that is in use.
	warmUp = 30 * time.Second
	// tellEvery is how often progress is told.
	tellEvery = 10 * time.Second
)

// Config says what a run is.
type Config struct {
	// Dir keeps the lab and all logs.
	Dir      string
	Seed     uint64
	Workload string
	Phases   []Phase
	// Speed divides the cloud's latencies; 0 means 1. A contestant's own waits stay what
	// they are: for tests. So is Cold, without the time before the first pods.
	Speed int
	Cold  bool
	// Settle lets a phase go on behind its time until all pods have nodes or, without pods,
	// no instance is left: for tests, which are not to depend on how fast the machine is.
	Settle bool
	// Progress gets a line now and then.
	Progress func(string)
}

// run is a run under way.
type run struct {
	Config
	lab    *lab.Lab
	groups []group
	seen   *observer
	it     *process
	began  time.Time
}

// Run lets a contestant keep house for a new cluster through all phases.
func Run(ctx context.Context, c Contestant, cfg Config) (_ Result, err error) {
	groups, pools, err := workload(cfg.Workload, cfg.Seed)
	if err != nil {
		return Result{}, err
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return Result{}, fmt.Errorf("directory of the run: %w", err)
	}
	out := Result{Contestant: c.Name, Seed: cfg.Seed}
	if out.Load, err = load(); err != nil {
		return Result{}, err
	}
	if out.Program, err = program(c.Binary); err != nil {
		return Result{}, fmt.Errorf("program of %s: %w", c.Name, err)
	}
	l, err := lab.Start(ctx, lab.Config{
		Dir: filepath.Join(cfg.Dir, "lab"), Region: region, Zones: zones, Seed: cfg.Seed, Speed: cfg.Speed, OnAWS: true, NoOperator: true, Bare: true,
		PodMaxBackoff: time.Second, Audit: []string{c.user()},
	})
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, l.Stop()) }()
	r := &run{Config: cfg, lab: l, groups: groups}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.furnish(ctx, pools); err != nil {
		return Result{}, err
	}
	if r.seen, err = observe(ctx, l.RESTConfig()); err != nil {
		return Result{}, err
	}
	kubeconfig := filepath.Join(cfg.Dir, c.Name+".kubeconfig")
	if err := c.admit(ctx, l.Client(), l.RESTConfig(), kubeconfig); err != nil {
		return Result{}, err
	}
	r.began = time.Now()
	if r.it, err = start(c, cfg.Dir, kubeconfig, l.AWS().Environment()); err != nil {
		return Result{}, err
	}
	out.Began = r.began.UTC()
	marks, err := r.play(ctx, &out)
	if stopped := r.it.stop(); err == nil {
		err = stopped // otherwise that has been told
	}
	if err != nil {
		return Result{}, err
	}
	if err := os.WriteFile(filepath.Join(cfg.Dir, "pods.tsv"), []byte(r.seen.lives(r.began)), 0o644); err != nil {
		return Result{}, fmt.Errorf("pods of the run: %w", err)
	}
	calls, err := kubeCalls(l.Dir(), c.user())
	if err != nil {
		return Result{}, err
	}
	assess(&out, cfg.Phases, marks, machines(l.AWSServer()), calls, r.seen)
	return out, nil
}

// furnish puts pools and Deployments into the cluster.
func (r *run) furnish(ctx context.Context, pools []byte) error {
	for _, m := range [][]byte{nodeClass, pools} {
		if _, err := kube.Apply(ctx, r.lab.Client(), m); err != nil {
			return fmt.Errorf("pools: %w", err)
		}
	}
	if err := r.lab.Client().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		return fmt.Errorf("pods: %w", err)
	}
	for _, g := range r.groups {
		if err := r.lab.Client().Create(ctx, g.deployment()); err != nil {
			return fmt.Errorf("pods: %w", err)
		}
	}
	return nil
}

// play waits until the contestant is ready and goes through the phases. The marks are the
// instants between them.
func (r *run) play(ctx context.Context, out *Result) ([]mark, error) {
	if err := r.awaitReady(ctx); err != nil {
		return nil, err
	}
	out.ReadySeconds = time.Since(r.began).Seconds()
	r.Progress(fmt.Sprintf("%s is ready after %.1f s", out.Contestant, out.ReadySeconds))
	if !r.Cold {
		if err := r.pause(ctx, warmUp); err != nil {
			return nil, err
		}
	}
	first, err := r.mark()
	if err != nil {
		return nil, err
	}
	marks := []mark{first}
	end := first.at
	for _, p := range r.Phases {
		if err := r.scale(ctx, p.Pods); err != nil {
			return nil, err
		}
		end = end.Add(p.For)
		if err := r.watch(ctx, p, end); err != nil {
			return nil, err
		}
		for r.Settle && !r.settled(p) {
			if err := r.pause(ctx, 100*time.Millisecond); err != nil {
				return nil, err
			}
		}
		m, err := r.mark()
		if err != nil {
			return nil, err
		}
		if r.Settle {
			end = m.at
		}
		marks = append(marks, m)
	}
	return marks, nil
}

// awaitReady waits until all pools are.
func (r *run) awaitReady(ctx context.Context) error {
	for end := time.Now().Add(readyLimit); ; {
		var pools karpv1.NodePoolList
		if err := r.lab.Client().List(ctx, &pools); err != nil {
			return fmt.Errorf("pools: %w", err)
		}
		ready := len(pools.Items) > 0
		why := "there are none"
		for _, p := range pools.Items {
			if c := p.StatusConditions().Root(); !c.IsTrue() {
				ready, why = false, p.Name+" is "+string(c.GetStatus())+" "+c.Reason+" "+c.Message
			}
		}
		if ready {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("after %v the pools are not ready: %s", readyLimit, why)
		}
		if err := r.pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// pause waits; it is an error if the contestant or the lab ends.
func (r *run) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.it.done:
		return r.it.ended()
	case <-r.lab.Ended():
		return r.lab.Err()
	case <-time.After(d):
		return nil
	}
}

// scale asks for so many pods.
func (r *run) scale(ctx context.Context, pods int) error {
	for i, n := range replicas(r.groups, pods) {
		patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n)
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: r.groups[i].name}}
		if err := r.lab.Client().Patch(ctx, d, client.RawPatch("application/merge-patch+json", patch)); err != nil {
			return fmt.Errorf("scale to %d pods: %w", pods, err)
		}
	}
	return nil
}

// watch waits for the end of a phase and tells how it goes.
func (r *run) watch(ctx context.Context, p Phase, end time.Time) error {
	for time.Now().Before(end) {
		if err := r.pause(ctx, min(time.Until(end), tellEvery)); err != nil {
			return err
		}
		bound, waiting := r.seen.counts()
		n, hourly := standing(machines(r.lab.AWSServer()), time.Now())
		r.Progress(fmt.Sprintf("%5.0f s  %d pods wanted: %d bound, %d waiting; %d instances, $%.3f/h", time.Since(r.began).Seconds(), p.Pods, bound, waiting, n, usd(hourly)))
	}
	return nil
}

// settled tells whether a phase has come to its end.
func (r *run) settled(p Phase) bool {
	bound, waiting := r.seen.counts()
	left, _ := standing(machines(r.lab.AWSServer()), time.Now())
	return bound == p.Pods && waiting == 0 && (p.Pods > 0 || left == 0)
}

// mark notes where all counters are.
func (r *run) mark() (mark, error) {
	u, err := r.it.usage()
	return mark{at: time.Now(), aws: r.lab.AWSServer().Counts(), usage: u}, err
}
