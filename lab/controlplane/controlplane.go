package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Config says where a control plane lives.
type Config struct {
	// Dir holds everything it keeps: etcd's data, certificates, the kubeconfig and
	// logs. Starting again on the same directory finds every object, also after a
	// kill.
	Dir string
	// Port of the API server on 127.0.0.1; 0 for a free one.
	Port int
	// NodeMonitorGrace is how long a node may be silent before it is marked Unknown;
	// 0 for Kubernetes' own 50 s. It must be longer than the kubelets' heartbeat. Below
	// 10 s the nodes are looked at more often too.
	NodeMonitorGrace time.Duration
	// EvictAfter is the toleration that new pods get for a node that is not ready or
	// unreachable, in whole seconds; 0 for Kubernetes' own 300 s.
	EvictAfter time.Duration
	// PodMaxBackoff is the longest that the scheduler lets a pod wait which it could not
	// place before, in whole seconds; 0 for Kubernetes' own 10 s.
	PodMaxBackoff time.Duration
	// Audit are users whose requests are written to the audit log, each without its
	// body. See [ReadAudit].
	Audit []string
}

// PortInUseError says that something listens on the port that was asked for.
type PortInUseError struct{ Port int }

func (e *PortInUseError) Error() string {
	return fmt.Sprintf("port %d on 127.0.0.1 is in use: choose another one, or 0 for a free one", e.Port)
}

// ControlPlane is a running control plane.
type ControlPlane struct {
	dir        string
	lock       *os.File
	logs       *logs
	id         *identities
	etcd       *embed.Etcd
	rest       *rest.Config
	components []*component // in the order in which they were started

	ended   chan struct{} // closed when a component ended by itself
	endOnce sync.Once
	err     error // why, set before ended is closed

	stopOnce sync.Once
	stopErr  error
}

// component is one of the programs that a control plane consists of.
type component struct {
	name string
	stop context.CancelFunc
	done chan struct{} // closed when it has returned
}

// only is held while a control plane runs: feature gates, configz and metrics are
// shared by the whole process.
var only sync.Mutex

// Start runs a control plane and returns when it serves: /readyz answers and pods
// can be created. Cancelling ctx ends the start, not the control plane; that is
// what Stop is for.
//
// It fails at once with *InUseError or *PortInUseError when another one has the
// directory or something else the port.
func Start(ctx context.Context, cfg Config) (*ControlPlane, error) {
	if !only.TryLock() {
		return nil, errors.New("a control plane runs in this process already: stop it before starting another")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		only.Unlock()
		return nil, fmt.Errorf("data directory: %w", err)
	}
	cfg.Dir = dir
	c := &ControlPlane{dir: dir, ended: make(chan struct{})}
	if err := c.start(ctx, cfg); err != nil {
		if c.logs != nil {
			err = fmt.Errorf("%w (%s)", err, c.logs.see())
		}
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *ControlPlane) start(ctx context.Context, cfg Config) (err error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if c.lock, err = lock(cfg.Dir); err != nil {
		return err
	}
	listener, err := listen(cfg.Port)
	if err != nil {
		return err
	}
	served := false
	defer func() {
		if !served {
			_ = listener.Close() // the API server has not taken it over
		}
	}()
	if c.id, err = newIdentities(filepath.Join(cfg.Dir, "pki"), time.Now()); err != nil {
		return err
	}
	if c.logs, err = openLogs(filepath.Join(cfg.Dir, "log")); err != nil {
		return err
	}
	server := "https://" + listener.Addr().String()
	if err := c.id.kubeconfig(c.Kubeconfig(), server, "admin", "ullage-lab"); err != nil {
		return err
	}
	if c.rest, err = clientcmd.BuildConfigFromFlags("", c.Kubeconfig()); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	etcd, etcdURL, err := startEtcd(ctx, cfg.Dir, c.id, c.logs.etcd)
	if err != nil {
		return err
	}
	c.etcd = etcd
	served = true
	if err := c.launch("kube-apiserver", func(ctx context.Context) (func() error, error) {
		return apiServer(ctx, cfg, c.id, listener, etcdURL)
	}); err != nil {
		return err
	}
	if err := c.waitReady(ctx); err != nil {
		return err
	}
	if err := c.launch("kube-controller-manager", func(ctx context.Context) (func() error, error) {
		return controllerManager(ctx, cfg, c.id, server)
	}); err != nil {
		return err
	}
	if err := c.launch("kube-scheduler", func(ctx context.Context) (func() error, error) {
		return scheduler(ctx, cfg, c.id, server)
	}); err != nil {
		return err
	}
	return c.waitServiceAccount(ctx)
}

func listen(port int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &PortInUseError{Port: port}
	case err != nil:
		return nil, fmt.Errorf("listen for the API server: %w", err)
	}
	return l, nil
}

// launch prepares a component and runs it until Stop.
func (c *ControlPlane) launch(name string, prepare func(context.Context) (func() error, error)) error {
	ctx, stop := context.WithCancel(context.Background())
	run, err := prepare(ctx)
	if err != nil {
		stop()
		return err
	}
	part := &component{name: name, stop: stop, done: make(chan struct{})}
	c.components = append(c.components, part)
	go func() {
		defer close(part.done)
		err := run()
		if ctx.Err() == nil { // nobody asked it to
			c.end(fmt.Errorf("%s has ended: %w (%s)", name, errOr(err, "without an error"), c.logs.see()))
		}
	}()
	return nil
}

func errOr(err error, text string) error {
	if err == nil {
		return errors.New(text)
	}
	return err
}

func (c *ControlPlane) end(err error) {
	c.endOnce.Do(func() {
		c.err = err
		close(c.ended)
	})
}

// Ended is closed when a component has ended by itself; Err then says why.
func (c *ControlPlane) Ended() <-chan struct{} { return c.ended }

// Err is why a component ended by itself; nil while none has.
func (c *ControlPlane) Err() error {
	select {
	case <-c.ended:
		return c.err
	default:
		return nil
	}
}

// stopLimit bounds how long one component may take to stop.
const stopLimit = 20 * time.Second

// Stop ends the components in the reverse order of their start and gives the
// directory free. What they stored stays. Stopping again changes nothing.
func (c *ControlPlane) Stop() error {
	c.stopOnce.Do(func() {
		defer only.Unlock()
		c.stopErr = c.stop()
	})
	return c.stopErr
}

func (c *ControlPlane) stop() error {
	var errs []error
	for i := len(c.components) - 1; i >= 0; i-- {
		part := c.components[i]
		part.stop()
		select {
		case <-part.done:
		case <-time.After(stopLimit):
			errs = append(errs, fmt.Errorf("%s has not stopped within %s", part.name, stopLimit))
		}
	}
	if c.etcd != nil {
		c.etcd.Close()
	}
	if c.lock != nil {
		errs = append(errs, c.lock.Close())
	}
	return errors.Join(errs...)
}

// Dir is the data directory, absolute.
func (c *ControlPlane) Dir() string { return c.dir }

// Kubeconfig is the file with which kubectl reaches the control plane as its
// administrator.
func (c *ControlPlane) Kubeconfig() string { return KubeconfigIn(c.dir) }

// KubeconfigIn is where a control plane on dir writes its kubeconfig.
func KubeconfigIn(dir string) string { return filepath.Join(dir, "kubeconfig") }

// RESTConfig is an administrator's client configuration, without a rate limit. It
// is the caller's to change.
func (c *ControlPlane) RESTConfig() *rest.Config {
	r := rest.CopyConfig(c.rest)
	r.QPS, r.Burst = -1, -1
	return r
}

// KubeletTLS is for serving the kubelet API: a certificate that the API server
// trusts, and the demand for the API server's own from whoever connects.
func (c *ControlPlane) KubeletTLS() (*tls.Config, error) {
	cert, err := tls.LoadX509KeyPair(c.id.crt("kubelet"), c.id.key("kubelet"))
	if err != nil {
		return nil, fmt.Errorf("kubelet certificate: %w", err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(c.id.clusterCA.cert)
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		ClientCAs:    clients,
		ClientAuth:   tls.RequireAndVerifyClientCert,
		MinVersion:   tls.VersionTLS12,
		VerifyConnection: func(s tls.ConnectionState) error {
			if name := s.PeerCertificates[0].Subject.CommonName; name != kubeletClient {
				return fmt.Errorf("client %q is not the API server", name)
			}
			return nil
		},
	}, nil
}
