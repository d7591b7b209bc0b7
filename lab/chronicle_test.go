package lab_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab"
)

// chronicle is what the watches of an API server tell about nodes that go and the
// pods on them. A watch shows every state of an object in its order, so that nothing
// is missed between two looks.
type chronicle struct {
	mu    sync.Mutex
	nodes map[string]*nodeTale
	pods  map[types.UID]*podTale
	apps  map[string]*appTale

	share   int                  // percent of a pool's nodes that may go at once; 0 for all
	most    map[string]int       // that did, by pool
	first   map[string]time.Time // when the first of a pool began to go
	leaving map[string]map[string]bool
	broken  []string
}

// nodeTale is a node of a pool.
type nodeTale struct {
	pool    string
	readyAt time.Time // zero for not yet
	goneAt  time.Time // zero for still there
	// leaves since it was tainted or deleted.
	leaves bool
}

// podTale is a pod of a Deployment.
type podTale struct {
	app, node string
	ready     bool
	evicted   bool
	failed    bool
	goneAt    time.Time
}

// appTale is the pods of one Deployment together.
type appTale struct {
	ready, low int // low is the smallest number since arm
	// want is how many the budget wants ready; −1 before it was seen.
	want  int
	armed bool
}

// watchChronicle follows the API server of a lab until ctx ends.
func watchChronicle(t *testing.T, ctx context.Context, l *lab.Lab, share int) *chronicle {
	t.Helper()
	c := &chronicle{
		nodes: map[string]*nodeTale{}, pods: map[types.UID]*podTale{}, apps: map[string]*appTale{}, share: share,
		most: map[string]int{}, first: map[string]time.Time{}, leaving: map[string]map[string]bool{},
	}
	cs, err := kubernetes.NewForConfig(l.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	f := informers.NewSharedInformerFactory(cs, 0)
	on := func(i cache.SharedIndexInformer, set, gone func(any)) {
		_, err := i.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: set, UpdateFunc: func(_, o any) { set(o) },
			DeleteFunc: func(o any) {
				if d, ok := o.(cache.DeletedFinalStateUnknown); ok {
					o = d.Obj
				}
				gone(o)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	on(f.Core().V1().Nodes().Informer(), func(o any) { c.node(o.(*corev1.Node)) }, func(o any) { c.nodeGone(o.(*corev1.Node)) })
	on(f.Core().V1().Pods().Informer(), func(o any) { c.pod(o.(*corev1.Pod)) }, func(o any) { c.podGone(o.(*corev1.Pod)) })
	on(f.Policy().V1().PodDisruptionBudgets().Informer(), func(o any) { c.budget(o.(*policyv1.PodDisruptionBudget)) }, func(any) {})
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	return c
}

func (c *chronicle) breach(format string, args ...any) {
	if len(c.broken) < 20 {
		c.broken = append(c.broken, fmt.Sprintf(format, args...))
	}
}

func (c *chronicle) node(n *corev1.Node) {
	pool := n.Labels[cluster.LabelNodePool]
	if pool == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.nodes[n.Name]
	if x == nil || !x.goneAt.IsZero() {
		x = &nodeTale{pool: pool}
		c.nodes[n.Name] = x
	}
	for _, cond := range n.Status.Conditions {
		if cond.Type == corev1.NodeReady && cond.Status == corev1.ConditionTrue && x.readyAt.IsZero() {
			x.readyAt = time.Now()
		}
	}
	leaves := n.DeletionTimestamp != nil || slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == cluster.DisruptedTaint.Key })
	if leaves == x.leaves {
		return
	}
	x.leaves = leaves
	c.leaves(n.Name, pool, leaves)
}

// leaves counts the nodes of a pool that are on their way out.
func (c *chronicle) leaves(name, pool string, leaves bool) {
	if c.leaving[pool] == nil {
		c.leaving[pool] = map[string]bool{}
	}
	if !leaves {
		delete(c.leaving[pool], name)
		return
	}
	c.leaving[pool][name] = true
	if c.first[pool].IsZero() {
		c.first[pool] = time.Now()
	}
	at, there := len(c.leaving[pool]), 0
	for _, x := range c.nodes {
		if x.pool == pool && x.goneAt.IsZero() {
			there++
		}
	}
	c.most[pool] = max(c.most[pool], at)
	if c.share > 0 && at*100 > there*c.share+99 { // budgets round up
		c.breach("%d of %d nodes of pool %s went at once, %d %% may", at, there, pool, c.share)
	}
}

func (c *chronicle) nodeGone(n *corev1.Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.nodes[n.Name]; x != nil {
		x.goneAt = time.Now()
		c.leaves(n.Name, x.pool, false)
	}
}

func (c *chronicle) pod(p *corev1.Pod) {
	app := p.Labels["app"]
	if p.Namespace != "default" || app == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.pods[p.UID]
	if x == nil {
		x = &podTale{app: app}
		c.pods[p.UID] = x
	}
	x.node = p.Spec.NodeName
	ready := false
	for _, cond := range p.Status.Conditions {
		switch {
		case cond.Type == corev1.PodReady:
			ready = cond.Status == corev1.ConditionTrue
		case cond.Type == corev1.DisruptionTarget && cond.Reason == "EvictionByEvictionAPI":
			x.evicted = true
		}
	}
	x.failed = x.failed || p.Status.Phase == corev1.PodFailed && p.DeletionTimestamp == nil
	c.count(x, ready && p.DeletionTimestamp == nil)
}

// count keeps how many pods of a Deployment are ready, as its budget counts them.
func (c *chronicle) count(x *podTale, ready bool) {
	if x.ready == ready {
		return
	}
	x.ready = ready
	a := c.app(x.app)
	if ready {
		a.ready++
		return
	}
	a.ready--
	if !a.armed {
		return
	}
	a.low = min(a.low, a.ready)
	if a.ready < a.want {
		c.breach("%d pods of %s were ready, its budget wants %d", a.ready, x.app, a.want)
	}
}

func (c *chronicle) app(name string) *appTale {
	if c.apps[name] == nil {
		c.apps[name] = &appTale{want: -1}
	}
	return c.apps[name]
}

func (c *chronicle) podGone(p *corev1.Pod) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if x := c.pods[p.UID]; x != nil {
		c.count(x, false)
		x.goneAt = time.Now()
	}
}

func (c *chronicle) budget(b *policyv1.PodDisruptionBudget) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.Status.ExpectedPods > 0 {
		c.app(b.Name).want = int(b.Status.DesiredHealthy)
	}
}

// arm begins to watch over budgets, when all pods are ready.
func (c *chronicle) arm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.apps {
		a.low, a.armed = a.ready, true
	}
}

// slack names the Deployment whose budget was nearest to being broken, or was: how many
// of its pods were ready at the least, and how many its budget wants.
func (c *chronicle) slack() (app string, low, want int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, a := range c.apps {
		if app == "" || a.low-a.want < low-want || a.low-a.want == low-want && name < app {
			app, low, want = name, a.low, a.want
		}
	}
	return app, low, want
}

// unbound lets any number of nodes go at once from now on.
func (c *chronicle) unbound() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.share = 0
}

// atOnce is how many nodes went at once at the most, by pool.
func (c *chronicle) atOnce() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.most)
}

// evictions counts the pods that were evicted.
func (c *chronicle) evictions() int { return c.number(func(p *podTale) bool { return p.evicted }) }

// failed counts the pods that ended with their node instead of being moved.
func (c *chronicle) failed() int { return c.number(func(p *podTale) bool { return p.failed }) }

func (c *chronicle) number(is func(*podTale) bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, p := range c.pods {
		if is(p) {
			n++
		}
	}
	return n
}

// breaches are what was seen and must not be.
func (c *chronicle) breaches() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.broken)
}

// began is when the first node of a pool was seen to go.
func (c *chronicle) began(pool string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.first[pool]
}

// gone tells whether all of some nodes are.
func (c *chronicle) gone(nodes map[string]bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range nodes {
		if c.nodes[name].goneAt.IsZero() {
			return false
		}
	}
	return true
}

// replaced tells, sorted, how long after an instant new nodes of a pool became ready,
// and the pods on the nodes that they replace had gone.
func (c *chronicle) replaced(pool string, old map[string]bool, since time.Time) (ready, left []time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.nodes {
		if n.pool == pool && n.readyAt.After(since) {
			ready = append(ready, n.readyAt.Sub(since))
		}
	}
	for _, p := range c.pods {
		if old[p.node] && p.goneAt.After(since) {
			left = append(left, p.goneAt.Sub(since))
		}
	}
	slices.Sort(ready)
	slices.Sort(left)
	return ready, left
}
