package replay

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"

	"github.com/ullage-sh/ullage/lab/oracle"
)

// loop is the kube-scheduler with its default profile, driven one pod at a time.
type loop struct {
	informers *oracle.Informers
	scheduler *scheduler.Scheduler
	bound     chan struct{} // a binding has been written
	failed    bool          // the pod of this turn fits nowhere at the moment
	node      map[string]string
	pods      map[string]*corev1.Pod
}

func newLoop(ctx context.Context) (*loop, error) {
	l := &loop{informers: oracle.NewInformers(), bound: make(chan struct{}, 1), node: map[string]string{}, pods: map[string]*corev1.Pod{}}
	var err error
	l.scheduler, err = scheduler.New(ctx, &client{bind: l.bind}, l.informers, nil,
		func(string) events.EventRecorderLogger { return silent{} },
		scheduler.WithPodInitialBackoffSeconds(0), scheduler.WithPodMaxBackoffSeconds(0), // no waiting
		scheduler.WithParallelism(1), // the same nodes are looked at each time
	)
	if err != nil {
		return nil, fmt.Errorf("kube-scheduler: %w", err)
	}
	fail := l.scheduler.FailureHandler
	l.scheduler.FailureHandler = func(ctx context.Context, f framework.Framework, p *framework.QueuedPodInfo, s *fwk.Status, n *fwk.NominatingInfo, start time.Time) {
		l.failed = true
		fail(ctx, f, p, s, n, start)
	}
	return l, nil
}

func key(namespace, name string) string { return namespace + "/" + name }

// add makes a pod known, with or without a node.
func (l *loop) add(p *corev1.Pod) {
	l.pods[key(p.Namespace, p.Name)] = p
	l.informers.Put(p)
}

// bind is what the API server does with a binding. It is called from the scheduler's
// binding goroutine while the loop waits for it.
func (l *loop) bind(b *corev1.Binding) {
	k := key(b.Namespace, b.Name)
	p := *l.pods[k] // nothing of what is shared is written to
	p.Spec.NodeName, p.Status.Phase = b.Target.Name, corev1.PodRunning
	p.ResourceVersion = "2"
	l.node[k] = b.Target.Name
	l.add(&p)
	l.bound <- struct{}{}
}

// drain lets the scheduler try the pods in its queue for as long as some of them find
// a node: only then can others fit that did not.
func (l *loop) drain(ctx context.Context) {
	for {
		n, before := len(l.scheduler.SchedulingQueue.PodsInActiveQ()), len(l.node)
		for range n {
			l.failed = false
			l.scheduler.ScheduleOne(ctx)
			if !l.failed {
				<-l.bound
			}
		}
		if len(l.node) == before {
			return
		}
	}
}

// wake tries every pod that waits once more. The queue does so five minutes after a
// pod was last tried: some are not woken by what would help them (a new node, for a
// pod that anti-affinity of others keeps away).
func (l *loop) wake(ctx context.Context) {
	l.scheduler.SchedulingQueue.MoveAllToActiveOrBackoffQueue(klog.FromContext(ctx), framework.EventUnschedulableTimeout, nil, nil, nil)
	l.drain(ctx)
}
