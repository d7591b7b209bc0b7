// Package demo is the main job in one command: pods that do not fit get the
// cheapest nodes that hold them, and the nodes are given back. A Deployment goes
// 0 → 5 → 100 → 10 → 0 on a lab of its own, and each step tells its time, its
// price and how far that is from what could be proven to be the least.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/tui"
	"github.com/ullage-sh/ullage/view"
)

//go:embed demo.yaml
var manifest []byte

// Options of a demo.
type Options struct {
	In, Out *os.File
	// Terminal draws a live view on Out; otherwise plain lines are written.
	Terminal bool
	Speed    int
	Seed     uint64
}

// steps are the replicas that inflate goes through.
var steps = []int{5, 100, 10, 0}

// stepLimit ends a demo that does not get on. A step is over when no move is worth its while
// within [soon]; on a busy machine pods come bit by bit to more nodes than were planned, which
// are then replaced one after the other.
func stepLimit(speed int) time.Duration {
	return 2*time.Minute + 3*time.Duration(soon)/time.Duration(speed)
}

// Run runs the demo and writes the table of its steps. It leaves nothing behind.
func Run(ctx context.Context, o Options) error {
	_, err := run(ctx, o)
	return err
}

func run(ctx context.Context, o Options) (results []result, err error) {
	began := time.Now()
	eyes := newWatcher()
	l, err := lab.Start(ctx, lab.Config{
		Seed: o.Seed, Speed: o.Speed, Bare: true, Observe: eyes.observe,
		Progress: func(s string) { say(o.Out, s) },
	})
	if err != nil {
		return nil, err
	}
	stopped := false
	stop := func() error { stopped = true; return l.Stop() }
	defer func() {
		if !stopped {
			err = errors.Join(err, stop())
		}
	}()
	say(o.Out, fmt.Sprintf("simulated cloud at %d× its speed: instances boot in %s (p50) to %s (p99)", l.Speed(), l.Boot(0.50).Round(10*time.Millisecond), l.Boot(0.99).Round(10*time.Millisecond)))
	d := &director{lab: l, eyes: eyes}
	if err := d.show(ctx, o); err != nil {
		return nil, err
	}
	say(o.Out, d.table())
	if err := d.nothingLeft(ctx); err != nil {
		return nil, err
	}
	if err := stop(); err != nil {
		return nil, err
	}
	say(o.Out, fmt.Sprintf("Nothing is left behind. The whole demo took %.0f s.", time.Since(began).Seconds()))
	return d.results, nil
}

// show runs the steps while somebody watches.
func (d *director) show(ctx context.Context, o Options) error {
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	showing, over := context.WithCancel(ctx)
	defer over()
	frames := make(chan view.Frame, 1)
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		draw := func() error { return tui.Plain(ctx, o.Out, frames) }
		if o.Terminal {
			draw = func() error { return tui.Live(ctx, o.In, o.Out, frames) }
		}
		if err := draw(); err != nil {
			leave(err) // q, or the terminal is gone
		}
	}()
	go d.eyes.frames(showing, frames)
	err := d.perform(ctx)
	over() // the last frame is drawn before we go on
	<-drawn
	if cause := context.Cause(ctx); errors.Is(cause, tui.ErrQuit) {
		return cause
	}
	return err
}

// director runs the steps and remembers how they went.
type director struct {
	lab     *lab.Lab
	eyes    *watcher
	results []result
	// calm is since when all pods have run, and all nodes have been ready; 0 if they have
	// not.
	calm cluster.Instant
}

// result is how a step went.
type result struct {
	from, to int
	took     time.Duration
	score    view.Score
}

func (d *director) perform(ctx context.Context) error {
	if _, err := kube.Apply(ctx, d.lab.Client(), manifest); err != nil {
		return fmt.Errorf("applying the demo's objects: %w", err)
	}
	if err := d.until(ctx, "the pool to be ready", d.poolReady); err != nil {
		return err
	}
	from := 0
	for _, to := range steps {
		d.eyes.say(fmt.Sprintf("inflate: %d → %d pods", from, to))
		began := time.Now()
		if err := d.scale(ctx, to); err != nil {
			return err
		}
		d.calm = 0
		if err := d.until(ctx, fmt.Sprintf("%d pods to run and nodes to be gone that cost more than they are worth", to), func(context.Context) (bool, error) { return d.settled(to), nil }); err != nil {
			return err
		}
		r := result{from: from, to: to, took: time.Since(began), score: d.eyes.score()}
		d.results = append(d.results, r)
		d.eyes.say(r.sentence())
		from = to
	}
	return nil
}

func (d *director) scale(ctx context.Context, n int) error {
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "inflate"}}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n))
	if err := d.lab.Client().Patch(ctx, deployment, patch); err != nil {
		return fmt.Errorf("scaling inflate to %d: %w", n, err)
	}
	return nil
}

func (d *director) poolReady(ctx context.Context) (bool, error) {
	var np karpv1.NodePool
	if err := d.lab.Client().Get(ctx, client.ObjectKey{Name: "default"}, &np); err != nil {
		return false, fmt.Errorf("the demo's pool: %w", err)
	}
	for _, c := range np.Status.Conditions {
		if c.Type == "Ready" && c.Status == metav1.ConditionTrue {
			return true, nil
		}
	}
	return false, nil
}

// settled tells whether n pods run on nodes of which none is young, going or empty, and
// the operator has found nothing better since.
func (d *director) settled(n int) bool {
	if !d.allRun(n) {
		d.calm = 0
		return false
	}
	if d.calm == 0 {
		d.calm = wall.Now()
	}
	return n == 0 || d.eyes.contentSince(d.calm)
}

func (d *director) allRun(n int) bool {
	f, ok := d.eyes.frame()
	if !ok || f.Pods.Running != n+systemPods || f.Pods.Waiting+f.Pods.Starting+f.Pods.Terminating+f.Pods.Unscheduled > 0 {
		return false
	}
	for _, node := range f.Nodes {
		if node.Pool != "" && node.State != view.Ready {
			return false
		}
	}
	return true
}

// systemPods are the pods of the lab itself that the view counts: the operator's.
const systemPods = 1

// until waits for something to be true.
func (d *director) until(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	span := stepLimit(d.lab.Speed())
	limit, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done(limit)
		if ok || err != nil {
			return err
		}
		select {
		case <-limit.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			kept, err := d.keepLog()
			if err != nil {
				return fmt.Errorf("waited %v for %s; the operator's log is lost: %w", span, what, err)
			}
			return fmt.Errorf("waited %v for %s; the operator's log: %s", span, what, kept)
		case <-d.lab.Ended():
			return d.lab.Err()
		case <-tick.C:
		}
	}
}

// keepLog copies the operator's log to where it stays: the lab's own goes with the lab.
func (d *director) keepLog() (file string, err error) {
	text, err := os.ReadFile(d.lab.OperatorLog())
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "ullage-demo-*.log")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	return f.Name(), errors.Join(err, f.Close())
}

// nothingLeft makes sure that the cluster is as it was.
func (d *director) nothingLeft(ctx context.Context) error {
	var claims karpv1.NodeClaimList
	if err := d.lab.Client().List(ctx, &claims); err != nil {
		return fmt.Errorf("looking for what is left: %w", err)
	}
	var nodes corev1.NodeList
	if err := d.lab.Client().List(ctx, &nodes, client.HasLabels{karpv1.NodePoolLabelKey}); err != nil {
		return fmt.Errorf("looking for what is left: %w", err)
	}
	if n := len(claims.Items) + len(nodes.Items) + d.lab.Instances(); n > 0 {
		return fmt.Errorf("left behind: %d claims, %d nodes, %d instances", len(claims.Items), len(nodes.Items), d.lab.Instances())
	}
	return nil
}

func say(w io.Writer, s string) { _, _ = fmt.Fprintln(w, s) } // a closed terminal is no reason to stop
