package lab

import (
	"context"
	"errors"

	"k8s.io/client-go/rest"

	"github.com/ullage-sh/ullage/deploy"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/lab/supervise"
	"github.com/ullage-sh/ullage/operator"
)

// process is an operator that runs: in this process, or kept running beside it.
type process struct {
	stop  context.CancelFunc
	done  chan struct{}
	err   error              // set before done is closed
	apart *supervise.Process // nil in this process
}

// ErrRunning says that the lab has an operator already; it has one at a time.
var ErrRunning = errors.New("the operator is already running")

// account is the operator's service account, whose rights it has and no others.
var account = rest.ImpersonationConfig{
	UserName: "system:serviceaccount:" + deploy.Namespace + ":" + deploy.ServiceAccount,
	Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + deploy.Namespace, "system:authenticated"},
}

// StartOperator starts the operator. It has the rights of its service account
// and no others.
func (l *Lab) StartOperator() (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.operator != nil {
		return ErrRunning
	}
	if l.cfg.Operator != nil {
		l.operator, err = l.startApart()
		return err
	}
	l.operator, err = l.startHere()
	return err
}

// startHere starts an operator in this process.
func (l *Lab) startHere() (*process, error) {
	cfg := rest.CopyConfig(l.plane.RESTConfig())
	cfg.Impersonate = account
	cfg.QPS, cfg.Burst = operator.QPS, operator.Burst
	cfg.UserAgent = "ullage"
	options := engine.DefaultOptions()
	options.Speed = int64(l.cfg.Speed)
	cloud, err := l.market()
	if err != nil {
		return nil, err
	}
	if l.cfg.Engine != nil {
		l.cfg.Engine(&options)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &process{stop: stop, done: make(chan struct{})}
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
	return p, nil
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

// OperatorEnded is closed when the operator that runs now has ended; that of one that is a
// process of its own when it has been stopped, since it is started again until then.
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

// CrashOperator ends the operator in the middle of whatever it does, and starts a fresh
// one. One that is a process of its own is killed with SIGKILL; of one in this process what
// is under way is abandoned, as a kill would.
func (l *Lab) CrashOperator() error {
	l.mu.Lock()
	p := l.operator
	l.mu.Unlock()
	if p != nil && p.apart != nil {
		return p.apart.Kill()
	}
	if err := l.StopOperator(); err != nil {
		return err
	}
	return l.StartOperator()
}
