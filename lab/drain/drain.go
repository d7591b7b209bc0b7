// Package drain does in a lab's cluster what EKS does there with the nodes of its node
// groups: it looks whether they are ready, keeps pods off those that are to go, and asks
// the pods that are there to leave.
//
// It owns the answers to [eks.Nodes]. The simulated AWS asks while nobody else can ask it
// anything, so no answer waits for the API server: it says what was seen last, and what is
// to be done is written down and done by [Nodes.Run]. It refuses to decide which nodes go,
// and for how long pods are asked: that is EKS's.
package drain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corev1listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/ullage-sh/ullage/awssim/eks"
	"github.com/ullage-sh/ullage/awssim/world"
)

// Nodes are those of a cluster, for EKS. Its methods may be called concurrently, before
// and while it runs.
type Nodes struct {
	client  kubernetes.Interface
	log     *slog.Logger
	factory informers.SharedInformerFactory
	nodes   corev1listers.NodeLister
	pods    cache.Indexer

	once  sync.Once
	asked chan struct{} // closed when somebody asks for the first time

	mu     sync.Mutex
	synced bool
	wishes map[string]*wish // by name of the node
}

// wish is what is wanted of a node, and since when nobody has said so again.
type wish struct {
	cordoned *bool // nil for as it is
	drained  bool
	force    bool
	said     time.Time
}

// forgotten is for how long pods are asked to leave after EKS has asked for it last.
const forgotten = 20 * time.Second

// every is how often what is wished for is tried.
const every = 500 * time.Millisecond

const byNode = "node" // index of pods by spec.nodeName

// New watches nothing yet: a cluster without node groups costs nothing.
func New(client kubernetes.Interface, log *slog.Logger) (*Nodes, error) {
	n := &Nodes{client: client, log: log, factory: informers.NewSharedInformerFactory(client, 0), asked: make(chan struct{}), wishes: map[string]*wish{}}
	n.nodes = n.factory.Core().V1().Nodes().Lister()
	pods := n.factory.Core().V1().Pods().Informer()
	n.pods = pods.GetIndexer()
	err := pods.AddIndexers(cache.Indexers{byNode: func(o any) ([]string, error) { return []string{o.(*corev1.Pod).Spec.NodeName}, nil }})
	if err != nil {
		return nil, fmt.Errorf("nodes of node groups: %w", err)
	}
	return n, nil
}

// EKS is what EKS asks.
func (n *Nodes) EKS() eks.Nodes {
	return eks.Nodes{Ready: n.ready, Cordon: n.cordon, Drain: n.drain}
}

// watching tells whether there is something to be seen, and begins to look.
func (n *Nodes) watching() bool {
	n.once.Do(func() { close(n.asked) })
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.synced
}

// node finds the node of an instance, nil for none.
func (n *Nodes) node(i *world.Instance) *corev1.Node {
	found, err := n.nodes.Get(i.PrivateDNS)
	if err != nil {
		return nil // it has not registered, or is gone: the watch says nothing else
	}
	return found
}

func (n *Nodes) ready(i *world.Instance) bool {
	if !n.watching() || i.Stopping != 0 {
		return false
	}
	found := n.node(i)
	return found != nil && slices.ContainsFunc(found.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

func (n *Nodes) cordon(i *world.Instance, cordoned bool) {
	n.watching()
	n.wish(i, func(w *wish) { w.cordoned = &cordoned })
}

// drain counts the pods that are still to leave, and has them asked. While nothing is to
// be seen yet there may be some.
func (n *Nodes) drain(i *world.Instance, force bool) (left int) {
	watching := n.watching()
	open := false // to new pods
	n.wish(i, func(w *wish) {
		w.drained, w.force = true, force
		open = w.cordoned != nil && *w.cordoned
	})
	switch {
	case !watching:
		return 1
	case n.node(i) == nil:
		return 0
	}
	left = len(n.leaving(i.PrivateDNS))
	if open {
		left = max(left, 1)
	}
	return left
}

// wish changes what is wanted of an instance's node.
func (n *Nodes) wish(i *world.Instance, change func(*wish)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	w := n.wishes[i.PrivateDNS]
	if w == nil {
		w = &wish{}
		n.wishes[i.PrivateDNS] = w
	}
	w.said = time.Now()
	change(w)
}

// leaving are the pods of a node that have to leave before it goes: not those of
// DaemonSets, which come again, nor the kubelet's own, nor those that have ended.
func (n *Nodes) leaving(node string) []*corev1.Pod {
	all, err := n.pods.ByIndex(byNode, node)
	if err != nil {
		return nil // the index is made in New
	}
	var out []*corev1.Pod
	for _, o := range all {
		p := o.(*corev1.Pod)
		owner := metav1.GetControllerOf(p)
		_, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]
		if mirror || owner != nil && owner.Kind == "DaemonSet" || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		out = append(out, p)
	}
	return out
}

// Run does what is wished for until ctx ends.
func (n *Nodes) Run(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-n.asked:
	}
	n.factory.Start(ctx.Done())
	n.factory.WaitForCacheSync(ctx.Done())
	n.mu.Lock()
	n.synced = true
	n.mu.Unlock()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			n.factory.Shutdown()
			return
		case <-ticker.C:
			n.fulfil(ctx)
		}
	}
}

// fulfil tries what is wished for once.
func (n *Nodes) fulfil(ctx context.Context) {
	n.mu.Lock()
	all := map[string]wish{}
	for name, w := range n.wishes {
		if time.Since(w.said) > forgotten {
			w.drained, w.force = false, false
			if w.cordoned == nil {
				delete(n.wishes, name)
				continue
			}
		}
		all[name] = *w
	}
	n.mu.Unlock()
	for name, w := range all {
		if err := n.one(ctx, name, w); err != nil && ctx.Err() == nil {
			n.log.Warn("node of a node group", "node", name, "err", err)
		}
	}
}

func (n *Nodes) one(ctx context.Context, name string, w wish) error {
	if w.cordoned != nil {
		if err := n.keepOff(ctx, name, *w.cordoned); err != nil {
			return err
		}
	}
	if !w.drained {
		return nil
	}
	var errs []error
	for _, p := range n.leaving(name) {
		if p.DeletionTimestamp != nil {
			continue
		}
		if err := n.ask(ctx, p, w.force); err != nil {
			errs = append(errs, fmt.Errorf("pod %s/%s: %w", p.Namespace, p.Name, err))
		}
	}
	return errors.Join(errs...)
}

// gone tells whether an error only says that there is nothing left to do.
func gone(err error) bool { return err == nil || apierrors.IsNotFound(err) }
