package lab

import (
	"context"
	"errors"

	"k8s.io/client-go/rest"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/operator"
)

// process is an operator that runs.
type process struct {
	stop context.CancelFunc
	done chan struct{}
	err  error // set before done is closed
}

// ErrRunning says that the lab has an operator already; it has one at a time.
var ErrRunning = errors.New("the operator is already running")

// StartOperator starts the operator. It has the rights of its service account
// and no others.
func (l *Lab) StartOperator() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.operator != nil {
		return ErrRunning
	}
	cfg := rest.CopyConfig(l.plane.RESTConfig())
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: "system:serviceaccount:" + deploy.Namespace + ":" + deploy.ServiceAccount,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + deploy.Namespace, "system:authenticated"},
	}
	cfg.QPS, cfg.Burst = operator.QPS, operator.Burst
	cfg.UserAgent = "ullage"
	options := engine.DefaultOptions()
	options.Speed = int64(l.cfg.Speed)
	cloud, err := l.market()
	if err != nil {
		return err
	}
	options.OrphanGrace = max(options.OrphanGrace, 4*cloud.DescribeLag()*cluster.Duration(l.cfg.Speed))
	if l.cfg.Engine != nil {
		l.cfg.Engine(&options)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &process{stop: stop, done: make(chan struct{})}
	l.operator = p
	go func() {
		defer close(p.done)
		p.err = operator.Run(ctx, operator.Options{
			Config: cfg, Provider: cloud, Engine: options, Log: l.log, Namespace: deploy.Namespace,
			Observe: l.cfg.Observe, Fault: l.cfg.Fault, Forget: l.cfg.Forget,
		})
		if p.err != nil {
			l.log.Error("operator ended", "err", p.err)
		}
	}()
	return nil
}

// StopOperator ends the operator if it runs, and returns why it had ended by
// itself.
func (l *Lab) StopOperator() error {
	l.mu.Lock()
	p := l.operator
	l.operator = nil
	l.mu.Unlock()
	if p == nil {
		return nil
	}
	p.stop()
	<-p.done
	return p.err
}

// OperatorEnded is closed when the operator that runs now has ended.
func (l *Lab) OperatorEnded() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.operator == nil {
		ended := make(chan struct{})
		close(ended)
		return ended
	}
	return l.operator.done
}

// CrashOperator ends the operator in the middle of whatever it does, as a kill
// would (what is under way is abandoned), and starts a fresh one.
func (l *Lab) CrashOperator() error {
	if err := l.StopOperator(); err != nil {
		return err
	}
	return l.StartOperator()
}
