package command

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/operator"
)

// SpreadUsage says what --default-spread is.
const SpreadUsage = "topology spread of pods that have none, as the scheduler is configured: \"system\" or KEY:MAXSKEW:WHENUNSATISFIABLE, more than once if there are more (default: none counts)"

// settings are those of `ullage operator`.
type settings struct {
	version             string
	kubeconfig, context string
	listen              string
	pprof, leaderElect  bool
	namespace           string
	qps                 float32
	burst               int
	cloud               cloudFlags
	logFormat           string
	defaultSpreads      []string
	reserveNodes        bool
	keepLocalStorage    bool
}

// New is the command. Programs call themselves by the version to the API server.
func New(version string) *cobra.Command {
	f := settings{version: version}
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Run the operator against a cluster",
		Long: `Run the operator against a cluster.

Without --kubeconfig it uses the service account of the pod it runs in, or
$KUBECONFIG, or ~/.kube/config.

With --provider=aws nodes are EC2 instances, as EC2NodeClasses describe them; "ullage
aws-policy" prints what it has to be allowed in the account. Credentials are those that
AWS's SDK finds: pod identity, a service account's role, the environment. The simulated
provider keeps its cloud in this process: claims are launched, but only the lab has
kubelets that register nodes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "path of a kubeconfig")
	flags.StringVar(&f.context, "context", "", "context of the kubeconfig to use")
	f.cloud.add(flags)
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "host:port of metrics and probes; TLS unless it is loopback; empty for none")
	flags.BoolVar(&f.pprof, "pprof", false, "serve /debug/pprof on the same listener")
	flags.BoolVar(&f.leaderElect, "leader-elect", false, "act only while holding the lease "+operator.LeaseName)
	flags.StringVar(&f.namespace, "namespace", deploy.Namespace, "namespace of that lease")
	flags.Float32Var(&f.qps, "kube-api-qps", operator.QPS, "requests to the API server a second")
	flags.IntVar(&f.burst, "kube-api-burst", operator.Burst, "requests to the API server at once")
	flags.StringSliceVar(&f.defaultSpreads, "default-spread", nil, SpreadUsage)
	flags.BoolVar(&f.reserveNodes, "reserve-nodes", engine.DefaultOptions().ReserveNodes, "reserve new nodes for the pods that they are bought for, by a taint and a toleration on each of these")
	flags.BoolVar(&f.keepLocalStorage, "keep-local-storage", false, "give no node back to save money while a pod on it has an emptyDir or hostPath volume, unless the pod is annotated safe-to-evict or names the volume in safe-to-evict-local-volumes (both cluster-autoscaler.kubernetes.io/)")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	return cmd
}

func (f settings) run(ctx context.Context) error {
	log, err := f.logger()
	if err != nil {
		return err
	}
	cloud, err := f.cloud.open(ctx, log)
	if err != nil {
		return err
	}
	cfg, err := f.cluster()
	if err != nil {
		return err
	}
	spreads, err := kube.ParseSpreads(f.defaultSpreads)
	if err != nil {
		return fmt.Errorf("--default-spread: %w", err)
	}
	options := engine.DefaultOptions()
	options.Speed = max(f.cloud.speed, 1)
	options.ReserveNodes = f.reserveNodes
	options.Repack.KeepLocalStorage = f.keepLocalStorage
	return operator.Run(ctx, operator.Options{
		Config: cfg, Provider: cloud, Engine: options, Log: log,
		Listen: f.listen, Pprof: f.pprof, LeaderElection: f.leaderElect, Namespace: f.namespace,
		DefaultSpreads: spreads,
	})
}

func (f settings) logger() (*slog.Logger, error) {
	var h slog.Handler
	switch f.logFormat {
	case "text":
		h = slog.NewTextHandler(os.Stderr, nil)
	case "json":
		h = slog.NewJSONHandler(os.Stderr, nil)
	default:
		return nil, fmt.Errorf("--log-format is %q: want text or json", f.logFormat)
	}
	ctrllog.SetLogger(logr.FromSlogHandler(h))
	klog.SetLogger(logr.FromSlogHandler(h))
	return slog.New(h), nil
}

// cluster finds the cluster and makes sure that somebody answers there.
func (f settings) cluster() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: f.context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	cfg.QPS, cfg.Burst, cfg.UserAgent = f.qps, f.burst, "ullage/"+f.version
	probe := rest.CopyConfig(cfg)
	probe.Timeout = 10 * time.Second
	if err := operator.Reach(probe); err != nil {
		return nil, err
	}
	return cfg, nil
}
