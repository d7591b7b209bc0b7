package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab/controlplane"
	"github.com/ullage-sh/ullage/lab/drain"
	"github.com/ullage-sh/ullage/lab/endpoint"
	"github.com/ullage-sh/ullage/lab/kubelet"
	"github.com/ullage-sh/ullage/lab/running"
	"github.com/ullage-sh/ullage/lab/system"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/runner"
)

// Config says what a lab is like. The zero value is a lab in Seoul in a temporary
// directory at the speed of the real cloud.
type Config struct {
	// Dir keeps everything: the control plane's data and certificates, the cloud's
	// journal, logs. "" for a temporary one that is removed at the end.
	Dir string
	// Port of the API server on 127.0.0.1; 0 for a free one.
	Port int
	// Region of the simulated cloud, ap-northeast-2 by default, and the zones of it
	// that there are; nil for all.
	Region string
	Zones  []string
	// Seed of everything that is drawn: boot times, prices of spot, addresses.
	Seed uint64
	// Speed divides the cloud's latencies and the engine's waits; 0 means 1. The
	// control plane's clock is the real one at any speed.
	Speed int
	// Delays of the cloud, at speed 1; the zero value for simulated.DefaultDelays.
	Delays simulated.Delays
	// OnAWS: the operator buys its nodes as EC2 instances, from the simulated AWS in front
	// of the cloud, as it would from the real one (provider/aws). Instances are kept in Dir;
	// what that knows beside them (launch templates, groups, images) ends with the lab.
	OnAWS bool
	// Operator is the command line that `operator` and its flags are: the operator is then a
	// process of its own, which is started again whenever it ends, and which ends when its
	// standard input does. It wants OnAWS. nil: the operator runs in this process.
	Operator []string
	// NoOperator leaves the operator to somebody else.
	NoOperator bool
	// Bare leaves out the default NodePool and its class.
	Bare bool
	// NodeMonitorGrace and EvictAfter shorten Kubernetes' own 50 s and 300 s, for
	// tests.
	NodeMonitorGrace, EvictAfter time.Duration
	// PodMaxBackoff shortens the 10 s that the scheduler makes pods wait which it could
	// not place. Audit are users whose requests to the API server are logged.
	PodMaxBackoff time.Duration
	Audit         []string

	// What only an operator in this process can be given.
	//
	// Engine changes the engine's options before it starts; may be nil.
	Engine func(*engine.Options)
	// Observe, Fault and Forget are those of runner.Runner.
	Observe func(runner.Step)
	Fault   func(runner.Point, engine.Effect) error
	Forget  bool
	// Progress gets a line for each part that has started; may be nil.
	Progress func(string)
}

// Lab is a running lab.
type Lab struct {
	cfg      Config
	dir      string
	temp     bool // dir is removed at the end
	catalog  *catalog.Catalog
	plane    *controlplane.ControlPlane
	cloud    *simulated.Cloud
	provider *simulated.Provider
	fleet    *kubelet.Fleet
	aws      *endpoint.Endpoint
	drain    *drain.Nodes // for EKS's node groups
	started  time.Time
	client   client.Client
	// The operator's log: as records, as lines of text, and the file.
	log       *slog.Logger
	logWriter io.Writer
	logFile   *os.File

	stop    context.CancelFunc // of fleet and cloud
	work    sync.WaitGroup
	changed chan struct{} // the cloud has changed

	mu       sync.Mutex
	operator *process
	metrics  atomic.Value // string: where the operator serves its metrics
}

// Start starts a lab. Every part is ready when it returns; the default pool is
// resolved a moment later.
func Start(ctx context.Context, cfg Config) (_ *Lab, err error) {
	cfg.Region = or(cfg.Region, "ap-northeast-2")
	cfg.Speed = max(cfg.Speed, 1)
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	l := &Lab{cfg: cfg, dir: cfg.Dir, changed: make(chan struct{}, 1), started: time.Now()}
	if l.dir == "" {
		if l.dir, err = os.MkdirTemp("", "ullage-lab-"); err != nil {
			return nil, fmt.Errorf("temporary directory: %w", err)
		}
		l.temp = true
	}
	defer func() {
		if err != nil {
			_ = l.Stop() // the first error is the one to tell
		}
	}()
	began := time.Now()
	if l.plane, err = controlplane.Start(ctx, controlplane.Config{
		Dir: l.dir, Port: cfg.Port, NodeMonitorGrace: cfg.NodeMonitorGrace, EvictAfter: cfg.EvictAfter,
		PodMaxBackoff: cfg.PodMaxBackoff, Audit: cfg.Audit,
	}); err != nil {
		return nil, err
	}
	cfg.Progress(fmt.Sprintf("control plane %s ready after %.1f s", kubelet.Version, time.Since(began).Seconds()))
	if err = l.openCloud(); err != nil {
		return nil, err
	}
	if err = l.startKubelets(ctx); err != nil {
		return nil, err
	}
	if err = l.install(ctx); err != nil {
		return nil, err
	}
	if err = running.ForgetOperator(l.dir); err != nil { // of an earlier lab
		return nil, err
	}
	if cfg.NoOperator {
		return l, nil
	}
	if err = l.StartOperator(); err != nil {
		return nil, err
	}
	cfg.Progress(fmt.Sprintf("operator running after %.1f s", time.Since(began).Seconds()))
	return l, nil
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}

// Kubeconfig is the path of the administrator's kubeconfig.
func (l *Lab) Kubeconfig() string { return l.plane.Kubeconfig() }

// Dir is where the lab keeps everything.
func (l *Lab) Dir() string { return l.dir }

// RESTConfig reaches the API server as an administrator.
func (l *Lab) RESTConfig() *rest.Config { return l.plane.RESTConfig() }

// Client is a client of the administrator, for whoever drives the lab.
func (l *Lab) Client() client.Client { return l.client }

// Cloud is the simulated cloud, for whoever wants to make trouble.
func (l *Lab) Cloud() *simulated.Cloud { return l.cloud }

// Fleet is the simulated kubelets.
func (l *Lab) Fleet() *kubelet.Fleet { return l.fleet }

// Ended is closed when a part of the control plane has ended by itself.
func (l *Lab) Ended() <-chan struct{} { return l.plane.Ended() }

// Err is why it ended.
func (l *Lab) Err() error { return l.plane.Err() }

// Stop ends the lab: the operator first, the control plane last. What it keeps in
// Dir stays, unless that was temporary.
func (l *Lab) Stop() error {
	var errs []error
	errs = append(errs, l.StopOperator())
	if l.aws != nil {
		errs = append(errs, l.aws.Stop())
	}
	if l.stop != nil {
		l.stop()
	}
	l.work.Wait()
	if l.cloud != nil {
		errs = append(errs, l.cloud.Close())
	}
	if l.plane != nil {
		errs = append(errs, l.plane.Stop())
	}
	if l.logFile != nil {
		errs = append(errs, l.logFile.Close())
	}
	if l.temp {
		errs = append(errs, os.RemoveAll(l.dir))
	}
	return errors.Join(errs...)
}

// install writes the objects of a fresh cluster. It is idempotent: a lab that
// starts again on its directory finds them there.
func (l *Lab) install(ctx context.Context) error {
	cfg := l.plane.RESTConfig()
	if err := kube.InstallCRDs(ctx, cfg); err != nil {
		return err
	}
	var err error
	if l.client, err = client.New(cfg, client.Options{Scheme: kube.Scheme()}); err != nil {
		return fmt.Errorf("connecting to the control plane: %w", err)
	}
	fresh, err := l.fresh(ctx)
	if err != nil {
		return err
	}
	if err := system.Apply(ctx, l.client, l.cfg.Region); err != nil {
		return err
	}
	process, err := operatorManifest()
	if err != nil {
		return err
	}
	manifests := [][]byte{deploy.RBAC, process}
	if fresh && !l.cfg.Bare {
		// Only once: who has deleted or changed the pool keeps it so.
		defaults, err := l.defaults()
		if err != nil {
			return err
		}
		manifests = append(manifests, defaults...)
	}
	for _, m := range manifests {
		if _, err := kube.Apply(ctx, l.client, m); err != nil {
			return fmt.Errorf("objects of a fresh cluster: %w", err)
		}
	}
	return l.markInstalled(ctx)
}

// openLog opens the file in which the operator's log is kept.
func (l *Lab) openLog() error {
	path := filepath.Join(l.dir, "log", "operator.log")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("operator's log: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("operator's log: %w", err)
	}
	l.logFile = f
	l.logWriter = io.MultiWriter(f, l.fleet.Log(operatorLog))
	l.log = slog.New(slog.NewTextHandler(l.logWriter, nil))
	ctrllog.SetLogger(logr.FromSlogHandler(l.log.Handler()))
	return nil
}

// Speed is what the cloud's latencies and the engine's waits are divided by.
func (l *Lab) Speed() int { return l.cfg.Speed }

// Boot is the quantile q of the time from launch to the kubelet's registration, at
// the lab's speed; for 0.5 and 0.99.
func (l *Lab) Boot(q float64) time.Duration {
	if q <= 0.5 {
		return time.Duration(l.cloud.Delays().BootP50)
	}
	return time.Duration(l.cloud.Delays().BootP99)
}

// OperatorLog is the path of the operator's log.
func (l *Lab) OperatorLog() string { return l.logFile.Name() }
