package oracle

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
)

// Loop is the kube-scheduler with its default profile, driven one pod at a time: its
// queue, its cache and its own scheduling cycle, scores included. It waits for nothing:
// there is no back-off.
type Loop struct {
	Informers *Informers
	scheduler *scheduler.Scheduler
	bound     chan struct{} // a binding has been written
	failed    bool          // the pod of this turn fits nowhere at the moment
	node      map[string]string
	pods      map[string]*corev1.Pod
}

// NewLoop returns a scheduler of an empty cluster.
func NewLoop(ctx context.Context) (*Loop, error) {
	l := &Loop{Informers: NewInformers(), bound: make(chan struct{}, 1), node: map[string]string{}, pods: map[string]*corev1.Pod{}}
	var err error
	l.scheduler, err = scheduler.New(ctx, &client{bind: l.bind}, l.Informers, nil,
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

// Node is where the scheduler has put a pod, "" for nowhere yet; by namespace/name.
func (l *Loop) Node(id string) string { return l.node[id] }

// Pod is a pod as the scheduler knows it, by namespace/name.
func (l *Loop) Pod(id string) *corev1.Pod { return l.pods[id] }

// Try makes a pod known and returns the node that the scheduler puts it on, "" for none:
// then the pod is forgotten again. There must be no other pod that waits.
func (l *Loop) Try(ctx context.Context, p *corev1.Pod) string {
	l.Add(p)
	l.failed = false
	l.scheduler.ScheduleOne(ctx)
	if l.failed {
		l.Remove(p)
		return ""
	}
	<-l.bound
	return l.node[key(p.Namespace, p.Name)]
}

// Remove makes a pod one that is gone.
func (l *Loop) Remove(p *corev1.Pod) {
	id := key(p.Namespace, p.Name)
	l.Informers.Remove(l.pods[id])
	delete(l.pods, id)
	delete(l.node, id)
}

func key(namespace, name string) string { return namespace + "/" + name }

// Add makes a pod known, with or without a node.
func (l *Loop) Add(p *corev1.Pod) {
	l.pods[key(p.Namespace, p.Name)] = p
	l.Informers.Put(p)
}

// bind is what the API server does with a binding. It is called from the scheduler's
// binding goroutine while the loop waits for it.
func (l *Loop) bind(b *corev1.Binding) {
	k := key(b.Namespace, b.Name)
	p := *l.pods[k] // nothing of what is shared is written to
	p.Spec.NodeName, p.Status.Phase = b.Target.Name, corev1.PodRunning
	p.ResourceVersion = "2"
	l.node[k] = b.Target.Name
	l.Add(&p)
	l.bound <- struct{}{}
}

// Drain lets the scheduler try the pods in its queue for as long as some of them find
// a node: only then can others fit that did not.
func (l *Loop) Drain(ctx context.Context) {
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

// Wake tries every pod that waits once more. The queue does so five minutes after a
// pod was last tried: some are not woken by what would help them (a new node, for a
// pod that anti-affinity of others keeps away).
func (l *Loop) Wake(ctx context.Context) {
	l.scheduler.SchedulingQueue.MoveAllToActiveOrBackoffQueue(klog.FromContext(ctx), framework.EventUnschedulableTimeout, nil, nil, nil)
	l.Drain(ctx)
}
