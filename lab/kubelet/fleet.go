package kubelet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	corev1listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/ullage-sh/ullage/lab/podlife"
)

// The distributions that a zero Config draws from.
var (
	DefaultPodStart  = podlife.Delay{P50: 800 * time.Millisecond, P99: 2500 * time.Millisecond}
	DefaultPodStop   = podlife.Delay{P50: 300 * time.Millisecond, P99: 1500 * time.Millisecond}
	DefaultNodeReady = podlife.Delay{P50: 1500 * time.Millisecond, P99: 4 * time.Second}
)

// Config of a fleet.
type Config struct {
	// Client reaches the API server with an administrator's rights.
	Client *rest.Config
	// TLS serves the kubelets' API: it has a certificate for localhost and asks
	// clients for theirs.
	TLS *tls.Config
	// Seed of all draws.
	Seed uint64
	// PodStart is from taking a pod on to its first container, PodStop from SIGTERM
	// to exit, NodeReady from registration to Ready. Zero for the defaults.
	PodStart, PodStop, NodeReady podlife.Delay
	// Heartbeat is how often a kubelet renews its lease; 0 for the real kubelet's
	// 10 s. The control plane's grace for silent nodes must be longer.
	Heartbeat time.Duration
	// Clock, nil for the real one.
	Clock clock.WithTicker
	// Log gets what goes wrong; nil discards it.
	Log *slog.Logger
}

const (
	podWorkers = 16
	// nodeWorkers are many, and have a connection of their own, because a heartbeat
	// that waits behind the statuses of a scale-out turns a healthy node Unknown: a
	// thousand nodes ask for a hundred renewals a second, and an API server that is
	// short of cpu takes a second for each.
	nodeWorkers = 100
	// retryAfter is when something is tried again that the API server refused or
	// could not answer.
	retryAfter = time.Second
)

// Fleet is the kubelets of all machines. Its methods may be called concurrently,
// before and while it runs.
type Fleet struct {
	cfg      Config
	clock    clock.WithTicker
	log      *slog.Logger
	client   kubernetes.Interface // for pods
	beats    kubernetes.Interface // for nodes and leases
	events   *recorder
	listener net.Listener
	server   *http.Server

	factory informers.SharedInformerFactory
	pods    cache.SharedIndexInformer
	nodes   cache.SharedIndexInformer
	nodeBy  corev1listers.NodeLister

	podQueue  workqueue.TypedDelayingInterface[types.NamespacedName]
	nodeQueue workqueue.TypedDelayingInterface[string]

	mu         sync.Mutex
	machines   map[string]*machine // by node name
	byProvider map[string]*machine
	lives      map[types.NamespacedName]*life
	ips        *addresses
	logs       map[string]*Log
}

const byNode = "node" // index of pods by spec.nodeName

// New prepares a fleet and opens the listener of its kubelets on 127.0.0.1.
func New(cfg Config) (*Fleet, error) {
	orDefault(&cfg.PodStart, DefaultPodStart)
	orDefault(&cfg.PodStop, DefaultPodStop)
	orDefault(&cfg.NodeReady, DefaultNodeReady)
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = leaseEvery
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.RealClock{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	client, err1 := newClient(cfg.Client)
	beats, err2 := newClient(cfg.Client)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("kubelets: %w", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("kubelets: %w", err)
	}
	f := &Fleet{
		cfg: cfg, clock: cfg.Clock, log: cfg.Log, client: client, beats: beats, listener: ln,
		machines: map[string]*machine{}, byProvider: map[string]*machine{},
		lives: map[types.NamespacedName]*life{}, ips: newAddresses(), logs: map[string]*Log{},
		podQueue: workqueue.NewTypedDelayingQueueWithConfig(
			workqueue.TypedDelayingQueueConfig[types.NamespacedName]{Clock: cfg.Clock}),
		nodeQueue: workqueue.NewTypedDelayingQueueWithConfig(
			workqueue.TypedDelayingQueueConfig[string]{Clock: cfg.Clock}),
	}
	f.server = f.newServer()
	f.events = newRecorder(client)
	return f, f.watch()
}

// newClient has a connection of its own.
func newClient(cfg *rest.Config) (*kubernetes.Clientset, error) {
	c := rest.CopyConfig(cfg)
	c.QPS, c.Burst = -1, -1 // bounded by the workers, not by a rate
	c.ContentType = "application/vnd.kubernetes.protobuf"
	c.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	c.UserAgent = "kubelet/" + Version
	c.Dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext // clients with the same settings would share one
	return kubernetes.NewForConfig(c)
}

func orDefault(d *podlife.Delay, value podlife.Delay) {
	if *d == (podlife.Delay{}) {
		*d = value
	}
}

// watch sets up the informers: all nodes, and the pods that are bound to one.
func (f *Fleet) watch() error {
	f.factory = informers.NewSharedInformerFactory(f.client, 0)
	f.nodes = f.factory.Core().V1().Nodes().Informer()
	f.nodeBy = f.factory.Core().V1().Nodes().Lister()
	bound := func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermNotEqualSelector("spec.nodeName", "").String()
	}
	f.pods = coreinformers.NewFilteredPodInformer(f.client, corev1.NamespaceAll, 0, cache.Indexers{
		byNode: func(obj any) ([]string, error) { return []string{obj.(*corev1.Pod).Spec.NodeName}, nil },
	}, bound)
	_, err1 := f.pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { f.podQueue.Add(keyOf(obj)) },
		UpdateFunc: func(_, obj any) { f.podQueue.Add(keyOf(obj)) },
		DeleteFunc: func(obj any) { f.podQueue.Add(keyOf(obj)) },
	})
	_, err2 := f.nodes.AddEventHandler(cache.ResourceEventHandlerFuncs{
		DeleteFunc: f.nodeDeleted,
	})
	return errors.Join(err1, err2, f.pods.SetTransform(slimPod), f.nodes.SetTransform(slimNode))
}

// Port of the kubelets' HTTPS endpoint.
func (f *Fleet) Port() int { return f.listener.Addr().(*net.TCPAddr).Port }

// Run works until ctx ends. A fleet runs once.
func (f *Fleet) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer f.factory.Shutdown()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	served := make(chan error, 1)
	wg.Go(func() { served <- f.server.ServeTLS(f.listener, "", "") })
	f.events.start()
	defer f.events.stop()
	f.factory.Start(ctx.Done())
	wg.Go(func() { f.pods.RunWithContext(ctx) })
	if !cache.WaitForCacheSync(ctx.Done(), f.pods.HasSynced, f.nodes.HasSynced) {
		return f.server.Close() // ctx has ended before there was anything to do
	}
	for range podWorkers {
		wg.Go(func() { work(f.podQueue, func(key types.NamespacedName) { f.syncPod(ctx, key) }) })
	}
	for range nodeWorkers {
		wg.Go(func() { work(f.nodeQueue, func(name string) { f.syncNode(ctx, name) }) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
		err = fmt.Errorf("kubelets: %w", err)
	}
	f.podQueue.ShutDown()
	f.nodeQueue.ShutDown()
	return errors.Join(err, f.server.Close())
}

func work[K comparable](queue workqueue.TypedDelayingInterface[K], do func(K)) {
	for {
		key, quit := queue.Get()
		if quit {
			return
		}
		do(key)
		queue.Done(key)
	}
}

// Start adds a machine; its kubelet registers at BootAt. Starting a machine again
// changes nothing; that of a node which exists already, from before a restart,
// takes over its pods.
func (f *Fleet) Start(m Machine) error {
	if err := m.validate(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if have := f.byProvider[m.ProviderID]; have != nil {
		if have.Name != m.Name {
			return fmt.Errorf("machine %s runs already, as node %s", m.ProviderID, have.Name)
		}
		return nil
	}
	if have := f.machines[m.Name]; have != nil {
		return fmt.Errorf("node %s is that of machine %s: stop it before another takes the name", m.Name, have.ProviderID)
	}
	x := newMachine(m, f.cfg.Seed)
	f.machines[m.Name], f.byProvider[m.ProviderID] = x, x
	f.nodeQueue.Add(m.Name)
	return nil
}

// Stop takes a machine away: its kubelet and its containers are dead, its Node
// stays for others to clean up. Stopping one that does not run changes nothing.
func (f *Fleet) Stop(providerID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.byProvider[providerID]; m != nil {
		delete(f.byProvider, providerID)
		delete(f.machines, m.Name)
	}
}

// Freeze makes the kubelet of a node stop answering: no heartbeats, no reports, no
// logs. Its containers go on.
func (f *Fleet) Freeze(node string) error { return f.setFrozen(node, true) }

// Thaw ends a Freeze; the kubelet reports what has happened in the meantime.
func (f *Fleet) Thaw(node string) error { return f.setFrozen(node, false) }

func (f *Fleet) setFrozen(node string, frozen bool) error {
	f.mu.Lock()
	m := f.machines[node]
	if m == nil {
		f.mu.Unlock()
		return fmt.Errorf("no machine runs node %s", node)
	}
	m.frozen = frozen
	if !frozen {
		m.nextStatus, m.nextLease = time.Time{}, time.Time{} // both at once
	}
	f.mu.Unlock()
	if !frozen {
		f.nodeQueue.Add(node)
		f.wakePods(node)
	}
	return nil
}

// wakePods has every pod of a node looked at.
func (f *Fleet) wakePods(node string) {
	for _, p := range f.podsOn(node) {
		f.podQueue.Add(keyOf(p))
	}
}

func (f *Fleet) podsOn(node string) []*corev1.Pod {
	objs, err := f.pods.GetIndexer().ByIndex(byNode, node)
	if err != nil {
		panic(err) // the index is set up in watch
	}
	out := make([]*corev1.Pod, 0, len(objs))
	for _, o := range objs {
		out = append(out, o.(*corev1.Pod))
	}
	return out
}

func keyOf(obj any) types.NamespacedName {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		ns, name, _ := cache.SplitMetaNamespaceKey(gone.Key) // the informer made the key
		return types.NamespacedName{Namespace: ns, Name: name}
	}
	p := obj.(*corev1.Pod)
	return types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
}
