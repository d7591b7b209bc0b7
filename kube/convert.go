package kube

import (
	"hash/maphash"
	"runtime"
	"sync"

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

	// What is interned is in one of several tables, so that lanes seldom wait for each
	// other; seed decides which.
	begin  sync.Once
	seed   maphash.Seed
	tables [8]table
}

// table is a part of what is interned.
type table struct {
	mu         sync.Mutex
	demands    interned[demandRecord]     // by fingerprint
	identities interned[cluster.Identity] // likewise
}

// demandRecord is in one piece what nearly all pods have.
type demandRecord struct {
	cluster.Demand
	requests [3]cluster.Amount
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
const batch = 128

// Pods converts many pods; out[i] is pods[i]. Large numbers are spread over the
// cores: most of the time goes into waiting for memory.
func (c *Converter) Pods(pods []*corev1.Pod) []*cluster.Pod {
	out := make([]*cluster.Pod, len(pods))
	c.reserve(min(len(pods), 1024))
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

// reserve makes room for n more demands if there are none yet.
func (c *Converter) reserve(n int) {
	for i := range c.tables {
		t := &c.tables[i]
		t.mu.Lock()
		t.demands.reserve(n / len(c.tables))
		t.mu.Unlock()
	}
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
	// What this lane has met twice in a batch, by hash, so that it need not ask the
	// Converter again; nil outside of one.
	demands    map[uint64]*named[demandRecord]
	identities map[uint64]*named[cluster.Identity]
	// Where records that this lane makes come to be.
	demandRoom   room[demandRecord]
	identityRoom room[cluster.Identity]
}

func (c *Converter) lane() *lane {
	if l, ok := c.lanes.Get().(*lane); ok {
		return l
	}
	c.begin.Do(func() { c.seed = maphash.MakeSeed() })
	return &lane{Converter: c}
}

// table is where what has a fingerprint of that hash is interned.
func (c *Converter) table(hash uint64) *table { return &c.tables[hash%uint64(len(c.tables))] }

func (l *lane) pods(pods []*corev1.Pod, out []*cluster.Pod) {
	l.demands, l.identities = map[uint64]*named[demandRecord]{}, map[uint64]*named[cluster.Identity]{}
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
	hash := maphash.Bytes(l.seed, mark)
	if d := l.demands[hash]; d.is(mark) {
		return &d.record.Demand
	}
	t := l.table(hash)
	d := t.demand(hash, mark)
	switch {
	case d == nil:
		made, at := l.demandRoom.take()
		made.text = string(mark)
		demand(p, requests, problems, &made.record)
		d = t.keep(hash, mark, made, at)
	case l.demands != nil:
		l.demands[hash] = d
	}
	return &d.record.Demand
}

// demand returns the demand with that fingerprint, nil when it has not been met.
func (t *table) demand(hash uint64, mark []byte) *named[demandRecord] {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.demands.get(hash, mark)
}

// keep interns a demand that was made at a place, and returns it or the one that
// another lane has made meanwhile.
func (t *table) keep(hash uint64, mark []byte, made *named[demandRecord], at place[demandRecord]) *named[demandRecord] {
	t.mu.Lock()
	defer t.mu.Unlock()
	if first := t.demands.get(hash, mark); first != nil {
		return first
	}
	t.demands.put(hash, at)
	return made
}

// identity returns the one record of what selectors see of a pod.
func (l *lane) identity(p *corev1.Pod) *cluster.Identity {
	mark := l.fingerprint.identity(p.Namespace, p.Labels)
	hash := maphash.Bytes(l.seed, mark)
	id := l.identities[hash]
	if !id.is(mark) {
		if id = l.identify(p, hash, mark); l.identities != nil {
			l.identities[hash] = id
		}
	}
	return &id.record
}

func (l *lane) identify(p *corev1.Pod, hash uint64, mark []byte) *named[cluster.Identity] {
	t := l.table(hash)
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.identities.get(hash, mark)
	if id == nil {
		var at place[cluster.Identity]
		id, at = l.identityRoom.take()
		id.text, id.record = string(mark), cluster.NewIdentity(p.Namespace, p.Labels)
		t.identities.put(hash, at)
	}
	return id
}
