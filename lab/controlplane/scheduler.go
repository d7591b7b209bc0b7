package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"k8s.io/component-base/configz"
	"k8s.io/kubernetes/cmd/kube-scheduler/app"
	"k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// schedulerConfig is the default profile. Only the client differs: its limit of
// 50 requests a second would be the bottleneck of every scale-out.
const schedulerConfig = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection:
  leaderElect: false
clientConnection:
  kubeconfig: %q
  qps: 5000
  burst: 10000
`

// schedulerBackoff is put behind it where the longest wait is said. The first wait, a
// second otherwise, must not be longer.
const schedulerBackoff = `podInitialBackoffSeconds: 1
podMaxBackoffSeconds: %d
`

// scheduler prepares kube-scheduler and returns the function that runs it until
// ctx ends.
func scheduler(ctx context.Context, cfg Config, id *identities, server string) (func() error, error) {
	kubeconfig, err := id.componentKubeconfig(server, "scheduler")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(id.dir, "scheduler.yaml")
	text := fmt.Sprintf(schedulerConfig, kubeconfig)
	if cfg.PodMaxBackoff > 0 {
		text += fmt.Sprintf(schedulerBackoff, max(int64(cfg.PodMaxBackoff/time.Second), 1))
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("kube-scheduler: %w", err)
	}
	o := options.NewOptions()
	if err := parse("kube-scheduler", *o.Flags, []string{"--config=" + file, "--secure-port=0"}); err != nil {
		return nil, err
	}
	config, sched, err := app.Setup(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("kube-scheduler: %w", err)
	}
	configz.Delete("componentconfig") // left by the previous run of this process
	return func() error { return app.Run(ctx, config, sched) }, nil
}
