package controlplane

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	cliflag "k8s.io/component-base/cli/flag"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics, once for all components
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// apiServer prepares kube-apiserver on a listener and returns the function that
// runs it until ctx ends.
func apiServer(ctx context.Context, cfg Config, id *identities, ln net.Listener, etcd string) (func() error, error) {
	o := options.NewServerRunOptions()
	o.SecureServing.Listener = ln
	// Otherwise it asks for the host's address, and fails on a machine that is
	// offline.
	o.SecureServing.ExternalAddress = net.IPv4(127, 0, 0, 1)
	args := []string{
		"--etcd-servers=" + etcd,
		"--etcd-cafile=" + id.crt("etcd-ca"),
		"--etcd-certfile=" + id.crt("etcd-client"),
		"--etcd-keyfile=" + id.key("etcd-client"),
		"--tls-cert-file=" + id.crt("apiserver"),
		"--tls-private-key-file=" + id.key("apiserver"),
		"--client-ca-file=" + id.crt("ca"),
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=" + serviceCIDR,
		// Nothing routes to the service network here, so that its endpoints would lead
		// nowhere.
		"--endpoint-reconciler-type=none",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + id.signingKeyFile,
		"--service-account-signing-key-file=" + id.signingKeyFile,
		// Aggregated APIs.
		"--requestheader-client-ca-file=" + id.crt("front-proxy-ca"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + id.crt("front-proxy-client"),
		"--proxy-client-key-file=" + id.key("front-proxy-client"),
		// A node's InternalIP stays what it would be on EC2; its kubelet is reached by
		// the address type that real nodes leave out.
		"--kubelet-preferred-address-types=ExternalDNS",
		"--kubelet-certificate-authority=" + id.crt("ca"),
		"--kubelet-client-certificate=" + id.crt("apiserver-kubelet-client"),
		"--kubelet-client-key=" + id.key("apiserver-kubelet-client"),
		"--allow-privileged=true",
		"--profiling=false",
		// One user on one machine: fairness between clients would only slow bulk work.
		"--enable-priority-and-fairness=false",
		"--max-requests-inflight=0",
		"--max-mutating-requests-inflight=0",
		// A client that still watches would hold up a stop for a minute; so it is two
		// seconds.
		"--shutdown-send-retry-after=true",
	}
	if cfg.EvictAfter > 0 {
		seconds := strconv.FormatInt(int64(cfg.EvictAfter/time.Second), 10)
		args = append(args, "--default-not-ready-toleration-seconds="+seconds, "--default-unreachable-toleration-seconds="+seconds)
	}
	if len(cfg.Audit) > 0 {
		audit, err := auditFlags(cfg)
		if err != nil {
			return nil, err
		}
		args = append(args, audit...)
	}
	if err := parse("kube-apiserver", o.Flags(), args); err != nil {
		return nil, err
	}
	// Feature gates are process-wide; the other components see what is set here.
	if err := o.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	completed, err := o.Complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("kube-apiserver: %w", err)
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, fmt.Errorf("kube-apiserver: %w", utilerrors.NewAggregate(errs))
	}
	return func() error { return app.Run(ctx, completed) }, nil
}

// parse sets a component's flags. The components' own commands would do it, but
// they install signal handlers, which works once in a process.
func parse(component string, sets cliflag.NamedFlagSets, args []string) error {
	all := pflag.NewFlagSet(component, pflag.ContinueOnError)
	for _, name := range sets.Order {
		all.AddFlagSet(sets.FlagSets[name])
	}
	if err := all.Parse(args); err != nil {
		return fmt.Errorf("%s: %w", component, err)
	}
	return nil
}
