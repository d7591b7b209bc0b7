package operator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/runner"
)

// LeaseName is the lease that the acting replica holds.
const LeaseName = "ullage-leader-election"

// Options are the settings of one operator process.
type Options struct {
	// Config reaches the API server. Its rate limits (QPS, Burst) apply.
	Config   *rest.Config
	Provider provider.Provider
	Engine   engine.Options
	Log      *slog.Logger

	// Listen is host:port of the one listener for /metrics, /healthz, /readyz and,
	// with Pprof, /debug/pprof; "" for none. It speaks TLS unless it is bound to
	// loopback.
	Listen string
	Pprof  bool

	// DefaultSpreads are the topology spread constraints that the cluster's scheduler
	// gives to pods that have none.
	DefaultSpreads []corev1.TopologySpreadConstraint

	// LeaderElection makes the process act only while it holds LeaseName in
	// Namespace.
	LeaderElection bool
	Namespace      string

	// For tests and views; see runner.Runner.
	Observe func(runner.Step)
	Fault   func(runner.Point, engine.Effect) error
	Forget  bool
}

// Run runs the operator until ctx ends, leadership is lost or something fails.
func Run(ctx context.Context, o Options) error {
	logger := logr.FromSlogHandler(o.Log.Handler())
	meters := NewMeters()
	// The manager serves one registry for the whole process; ours hangs in it
	// while this operator runs.
	if err := ctrlmetrics.Registry.Register(meters.registry); err != nil {
		return fmt.Errorf("another operator runs in this process: %w", err)
	}
	defer ctrlmetrics.Registry.Unregister(meters.registry)
	var state ready
	metrics, err := listener(o, &state)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(o.Config, ctrl.Options{
		Scheme: kube.Scheme(), Logger: logger, Cache: kube.CacheOptions(), Metrics: metrics,
		HealthProbeBindAddress: "0",
		LeaderElection:         o.LeaderElection, LeaderElectionID: LeaseName, LeaderElectionNamespace: o.Namespace,
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       ptr.To(10 * time.Second),
		Client:                        client.Options{Scheme: kube.Scheme()},
	})
	if err != nil {
		return fmt.Errorf("connecting to the cluster: %w", err)
	}
	k := kube.New(kube.Parts{
		Cache: mgr.GetCache(), Client: mgr.GetClient(), Reader: mgr.GetAPIReader(),
		Recorder: mgr.GetEventRecorder("ullage"), Classes: o.Provider.Kinds(),
		DefaultSpreads: o.DefaultSpreads,
	})
	// What has just been launched may not be described for so long: it is nobody's orphan yet.
	o.Engine.OrphanGrace = max(o.Engine.OrphanGrace, 4*o.Provider.DescribeLag()*cluster.Duration(max(o.Engine.Speed, 1)))
	r := &runner.Runner{Cluster: k, Provider: o.Provider, Options: o.Engine, Fault: o.Fault, Forget: o.Forget}
	r.Observe = func(s runner.Step) {
		state.synced.Store(true)
		meters.Observe(s)
		logStep(ctx, o.Log, s)
		if o.Observe != nil {
			o.Observe(s)
		}
	}
	var failed error
	err = mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		o.Log.Info("acting", "provider", o.Provider.Kinds(), "speed", max(o.Engine.Speed, 1))
		failed = r.Run(ctx)
		return failed
	}))
	if err != nil {
		return fmt.Errorf("starting the runner: %w", err)
	}
	state.started.Store(true)
	err = mgr.Start(ctx)
	return errors.Join(failed, ignoring(err, failed))
}

// ignoring returns err unless it only repeats what is known.
func ignoring(err, known error) error {
	if err == nil || (known != nil && errors.Is(err, known)) {
		return nil
	}
	return err
}

// listener describes the one HTTP listener.
func listener(o Options, state *ready) (metricsserver.Options, error) {
	if o.Listen == "" {
		return metricsserver.Options{BindAddress: "0"}, nil
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return metricsserver.Options{}, fmt.Errorf("listen address %q: want host:port: %w", o.Listen, err)
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || (ip != nil && ip.IsLoopback())
	out := metricsserver.Options{
		BindAddress: o.Listen, SecureServing: !local,
		ExtraHandlers: map[string]http.Handler{
			"/healthz": state.alive(), "/readyz": state.ready(),
		},
	}
	if o.Pprof {
		out.ExtraHandlers["/debug/pprof/"] = http.HandlerFunc(pprof.Index)
		out.ExtraHandlers["/debug/pprof/profile"] = http.HandlerFunc(pprof.Profile)
		out.ExtraHandlers["/debug/pprof/trace"] = http.HandlerFunc(pprof.Trace)
		out.ExtraHandlers["/debug/pprof/symbol"] = http.HandlerFunc(pprof.Symbol)
		out.ExtraHandlers["/debug/pprof/cmdline"] = http.HandlerFunc(pprof.Cmdline)
	}
	return out, nil
}

// logStep writes down what a step decided.
func logStep(ctx context.Context, log *slog.Logger, s runner.Step) {
	for _, f := range s.Effects {
		switch f := f.(type) {
		case engine.Note:
			level := slog.LevelInfo
			if f.Warning {
				level = slog.LevelWarn
			}
			if f.Reason == "Nominated" {
				level = slog.LevelDebug
			}
			log.Log(ctx, level, f.Message, "reason", f.Reason, "object", f.About.Kind+"/"+f.About.Name)
		case engine.Planned:
			log.Info("planned", "pods", f.Waiting, "nodes", len(f.Plan.Creates), "new", f.Plan.CreateCost.String(), "bound", f.Plan.Bound.String(),
				"gap", fmt.Sprintf("%.1f%%", 100*f.Plan.Gap()), "unplaced", len(f.Plan.Unplaced), "took", s.Took.Round(time.Microsecond).String())
		case engine.Repacked:
			r := f.Repacking
			level := slog.LevelDebug
			if len(r.Actions) > 0 {
				level = slog.LevelInfo
			}
			said := []any{"nodes", len(r.Verdicts), "actions", len(r.Actions), "cost", r.Cost.String(), "saves", r.Saving.String()}
			if r.Bound > 0 {
				said = append(said, "bound", r.Bound.String(), "gap", fmt.Sprintf("%.1f%%", 100*r.Gap()))
			}
			log.Log(ctx, level, "repacked", append(said, "took", s.Took.Round(time.Microsecond).String())...)
		}
	}
}

// QPS and Burst are the default limits on requests to the API server: enough for
// a thousand nodes in half a minute, and far below what priority and fairness
// gives a controller.
const (
	QPS   = 200
	Burst = 400
)
