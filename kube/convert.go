package kube

import (
	"runtime"
	"sync"
	"weak"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// Converter turns Kubernetes objects into records of package cluster. Demands and
// identities are interned: pods that are written alike, as far as the scheduler sees,
// share them, as long as one Converter has made them all. Demands that are equal but
// were written differently are several records with one Key.
//
// The zero value is ready to use. It is safe for concurrent use: watches of
// several kinds convert at the same time.
type Converter struct {
	// DefaultSpreads are for pods that have no topology spread constraints of their own,
	// as the cluster's scheduler is configured; none where those are not to count. They
	// are not to be changed once pods have been converted.
	DefaultSpreads []corev1.TopologySpreadConstraint

	lanes sync.Pool // of *lane

	mu         sync.Mutex
	demands    interned[cluster.Demand] // by fingerprint
	identities interned[cluster.Identity]
}

// Pod converts a pod.
func (c *Converter) Pod(p *corev1.Pod) *cluster.Pod {
	l := c.lane()
	defer c.lanes.Put(l)
	out := new(cluster.Pod)
	l.pod(p, out)
	return out
}

// batch is how many pods are worth a core of their own.
const batch = 256

// Pods converts many pods; out[i] is pods[i]. Large numbers are spread over the
// cores: most of the time goes into waiting for memory.
func (c *Converter) Pods(pods []*corev1.Pod) []*cluster.Pod {
	out := make([]*cluster.Pod, len(pods))
	c.mu.Lock()
	c.demands.reserve(len(pods))
	c.mu.Unlock()
	n := max(1, min(runtime.GOMAXPROCS(0), len(pods)/batch))
	var wg sync.WaitGroup
	for i := range n {
		from, to := len(pods)*i/n, len(pods)*(i+1)/n
		part := func() { c.lane().pods(pods[from:to], out[from:to]) }
		if i == n-1 {
			part()
		} else {
			wg.Go(part)
		}
	}
	wg.Wait()
	return out
}

// DaemonSet converts a DaemonSet: its demand is that of the pods it makes.
func (c *Converter) DaemonSet(ds *appsv1.DaemonSet) *cluster.DaemonSet {
	l := c.lane()
	defer c.lanes.Put(l)
	return &cluster.DaemonSet{UID: string(ds.UID), Namespace: ds.Namespace, Name: ds.Name, Revision: ds.ResourceVersion, Demand: l.demand(daemonPod(ds))}
}

// lane is what one goroutine needs to convert pods.
type lane struct {
	*Converter
	counter     counter
	fingerprint fingerprint
	// What this lane has met twice in a batch, so that it need not ask the Converter
	// again; nil outside of one.
	demands    map[string]*cluster.Demand
	identities map[string]*cluster.Identity
}

func (c *Converter) lane() *lane {
	if l, ok := c.lanes.Get().(*lane); ok {
		return l
	}
	return &lane{Converter: c}
}

func (l *lane) pods(pods []*corev1.Pod, out []*cluster.Pod) {
	l.demands, l.identities = map[string]*cluster.Demand{}, map[string]*cluster.Identity{}
	var slab []cluster.Pod // few allocations, and yet one pod does not keep many alive
	for i, p := range pods {
		if len(slab) == 0 {
			slab = make([]cluster.Pod, min(len(pods)-i, 64))
		}
		out[i], slab = &slab[0], slab[1:]
		l.pod(p, out[i])
	}
	l.demands, l.identities = nil, nil
	l.lanes.Put(l)
}

// demand returns the one record of what a pod needs.
func (l *lane) demand(p *corev1.Pod) *cluster.Demand {
	p = l.withDefaults(p)
	requests, plain := l.counter.count(p)
	var problems []string
	if !plain {
		problems = quantityProblems(p)
	}
	mark := l.fingerprint.of(p, requests, problems)
	if d := l.demands[string(mark)]; d != nil {
		return d
	}
	d := l.known(mark)
	switch {
	case d == nil:
		return l.keep(string(mark), demand(p, requests, problems))
	case l.demands != nil:
		l.demands[string(mark)] = d
	}
	return d
}

// known returns the demand with that fingerprint, nil when it has not been met.
func (c *Converter) known(mark []byte) *cluster.Demand {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.demands.get(mark)
}

// keep interns a demand under its fingerprint.
func (c *Converter) keep(mark string, made *cluster.Demand) *cluster.Demand {
	w := weak.Make(made) // before others have to wait
	c.mu.Lock()
	defer c.mu.Unlock()
	if first := c.demands.byText[mark].Value(); first != nil {
		return first // another lane was faster
	}
	c.demands.put(mark, w)
	return made
}

// identity returns the one record of what selectors see of a pod.
func (l *lane) identity(p *corev1.Pod) *cluster.Identity {
	mark := l.fingerprint.identity(p.Namespace, p.Labels)
	if id := l.identities[string(mark)]; id != nil {
		return id
	}
	id := l.identify(p, mark)
	if l.identities != nil {
		l.identities[string(mark)] = id
	}
	return id
}

func (c *Converter) identify(p *corev1.Pod, mark []byte) *cluster.Identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.identities.get(mark)
	if id == nil {
		id = new(cluster.Identities).Intern(p.Namespace, p.Labels)
		c.identities.put(string(mark), weak.Make(id))
	}
	return id
}
