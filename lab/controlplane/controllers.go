package controlplane

import (
	"context"
	"fmt"
	"time"

	"k8s.io/component-base/configz"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
)

// controllerManager prepares kube-controller-manager and returns the function
// that runs it until ctx ends.
func controllerManager(ctx context.Context, cfg Config, id *identities, server string) (func() error, error) {
	kubeconfig, err := id.componentKubeconfig(server, "controller-manager")
	if err != nil {
		return nil, err
	}
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + id.signingKeyFile,
		"--root-ca-file=" + id.crt("ca"),
		"--cluster-signing-cert-file=" + id.crt("ca"),
		"--cluster-signing-key-file=" + id.key("ca"),
		"--service-cluster-ip-range=" + serviceCIDR,
		// Pod addresses are the network plugin's business, as on EKS.
		"--controllers=*,-node-ipam-controller",
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--profiling=false",
	}
	if cfg.NodeMonitorGrace > 0 {
		args = append(args, "--node-monitor-grace-period="+cfg.NodeMonitorGrace.String())
		if cfg.NodeMonitorGrace < 10*time.Second {
			args = append(args, "--node-monitor-period="+(cfg.NodeMonitorGrace/5).String())
		}
	}
	o, err := options.NewKubeControllerManagerOptions()
	if err != nil {
		return nil, fmt.Errorf("kube-controller-manager: %w", err)
	}
	known, off, aliases := app.KnownControllers(), app.ControllersDisabledByDefault(), app.ControllerAliases()
	sets := o.Flags(known, off, aliases)
	o.ParsedFlags = &sets
	if err := parse("kube-controller-manager", sets, args); err != nil {
		return nil, err
	}
	c, err := o.Config(ctx, known, off, aliases)
	if err != nil {
		return nil, fmt.Errorf("kube-controller-manager: %w", err)
	}
	configz.Delete(app.ConfigzName) // left by the previous run of this process
	return func() error { return app.Run(ctx, c.Complete()) }, nil
}
