package lab

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/ullage-sh/ullage/lab/running"
	"github.com/ullage-sh/ullage/lab/supervise"
)

// startApart keeps the operator running as a process of its own.
func (l *Lab) startApart() (*process, error) {
	if !l.cfg.OnAWS {
		return nil, fmt.Errorf("the cloud of a lab is in its own process: an operator in another one buys from the simulated AWS in front of it")
	}
	kubeconfig, err := l.OperatorKubeconfig()
	if err != nil {
		return nil, err
	}
	before := ""
	apart, err := supervise.Start(supervise.Config{
		// Nothing of whoever starts the lab: people have settings of another autoscaler in
		// their shell (VM_MEMORY_OVERHEAD_PERCENT), and of AWS there (AWS_PROFILE) and at home.
		Env: append(l.AWS().Environment(), "HOME="+l.dir), Output: l.logWriter,
		Command: func() ([]string, error) {
			listen, err := freeAddress()
			if err != nil {
				return nil, err
			}
			l.metrics.Store(listen)
			return append(l.cfg.Operator[:len(l.cfg.Operator):len(l.cfg.Operator)],
				"--kubeconfig", kubeconfig, "--listen", listen, "--provider", "aws", "--cluster-name", ClusterName,
				"--interruption-queue", ClusterName, "--default-instance-profile", NodeProfile, "--speed", strconv.Itoa(l.cfg.Speed)), nil
		},
		Changed: func(s supervise.State) {
			switch {
			case s.PID == 0:
				before = s.Ended
			case s.Restarts > 0:
				l.cfg.Progress(fmt.Sprintf("operator: %s; started again as process %d", before, s.PID))
			}
			if err := running.NoteOperator(l.dir, running.Operator{State: s, Metrics: l.OperatorMetrics(), Log: l.OperatorLog()}); err != nil {
				l.log.Error("how the operator runs cannot be told", "err", err)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &process{stop: stop, done: make(chan struct{}), apart: apart}
	go func() {
		defer close(p.done)
		<-ctx.Done()
		apart.Stop()
		p.err = running.NoteOperator(l.dir, running.Operator{State: apart.State(), Log: l.OperatorLog()})
	}()
	return p, nil
}

// OperatorKubeconfig writes a kubeconfig with the rights of the operator's service account,
// and returns its path.
func (l *Lab) OperatorKubeconfig() (string, error) {
	cfg, err := clientcmd.LoadFromFile(l.Kubeconfig())
	if err != nil {
		return "", fmt.Errorf("the operator's kubeconfig: %w", err)
	}
	for _, user := range cfg.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = account.UserName, account.Groups
	}
	path := filepath.Join(l.dir, "operator.kubeconfig")
	if err := clientcmd.WriteToFile(*cfg, path); err != nil {
		return "", fmt.Errorf("the operator's kubeconfig: %w", err)
	}
	return path, nil
}

// freeAddress is an address on which nobody listens. Whoever is quicker may take it: the
// operator then ends, and gets another one.
func freeAddress() (string, error) {
	var config net.ListenConfig
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("a port for the operator: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// OperatorMetrics is host:port of the operator's metrics; "" for one in this process, which
// serves none.
func (l *Lab) OperatorMetrics() string {
	address, _ := l.metrics.Load().(string)
	return address
}

// OperatorState is how the operator runs that is a process of its own; all zero without one.
func (l *Lab) OperatorState() supervise.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.operator == nil || l.operator.apart == nil {
		return supervise.State{}
	}
	return l.operator.apart.State()
}
