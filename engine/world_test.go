package engine_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/plan"
)

// world is a cluster and a cloud small enough to run thousands of lives of an
// engine in a second: an API server with revisions, a scheduler, kubelets, a
// Deployment and a cloud that launches by token. Watches and outcomes reach the
// engine in random order and late.
type world struct {
	overlays map[string]*cluster.Overlay
	t        *testing.T
	rng      *rand.Rand
	now      cluster.Instant
	rev      int

	pods   map[string]*cluster.Pod
	nodes  map[string]*cluster.Node
	claims map[string]*cluster.Claim
	// daemons have no pods here: what matters is what they tolerate.
	daemons map[string]*cluster.DaemonSet
	pool    *cluster.Pool
	fixed   *cluster.Pool // another, with a fixed number of nodes; nil for none
	buffers map[string]*cluster.CapacityBuffer
	class   *cluster.NodeClass
	types   []cluster.InstanceType

	instances map[string]*instance
	byToken   map[string][]string
	short     map[cluster.OfferingID]bool
	image     string                     // of instances launched now
	imageOf   map[string]string          // by instance type, where types have their own
	status    string                     // what the provider says of the class
	statuses  int                        // how often that was written
	warned    map[string]cluster.Notice  // that nobody has acknowledged
	stops     map[string]cluster.Instant // instances that will be taken back

	eng     *engine.Engine
	opts    engine.Options
	queue   []late
	effects []engine.Effect // sent and not carried out yet
	wake    cluster.Instant
	notes   []string
	events  []engine.Note            // of these, what Kubernetes is told
	bought  map[string]cluster.Money // sum of the prices in notes, by reason
	// crash, if set, is asked around every effect whether the operator ends here.
	crash func() bool
	// loses, if set, tells whether the answer to an effect gets lost.
	loses func(engine.Effect) bool
	// conflicts, if set, tells whether an effect meets a change that nobody has seen yet.
	conflicts func(engine.Effect) bool
	crashes   int
	writes    int
	// forget throws the engine's state away before every step.
	forget bool
	// repacked is what the last pass has found, passes how many there were.
	repacked *plan.Repacking
	bounds   int // of the passes, those with a bound
	passes   int
	// purchases counts the plans that bought nodes, plans all.
	purchases, plans int
	steps            int
	budgets          map[string]bool  // pods whose eviction is refused
	deathless        map[string]bool  // pods that do not end
	behind           cluster.Duration // the API server's clock
	rigid            bool             // no toleration can be added to pods
	stalled          bool             // the scheduler binds nothing
	refusing         cluster.Duration // what the scheduler takes to say of a pod that it fits nowhere
	refused          cluster.Instant  // when it last did
	let              int              // tolerations that were
	slow             cluster.Duration
}

type instance struct {
	cluster.Instance
	bootAt cluster.Instant
	endAt  cluster.Instant // when it has shut down
	labels cluster.Labels
	taints []cluster.Taint
}

// late is an event on its way to the engine.
type late struct {
	at cluster.Instant
	ev engine.Event
}

var classRef = cluster.ClassRef{Group: "ullage.sh", Kind: "TestClass", Name: "default"}

const start = cluster.Instant(1_700_000_000 * int64(cluster.Second))

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: start,
		pods: map[string]*cluster.Pod{}, nodes: map[string]*cluster.Node{}, claims: map[string]*cluster.Claim{},
		instances: map[string]*instance{}, warned: map[string]cluster.Notice{}, stops: map[string]cluster.Instant{}, byToken: map[string][]string{}, short: map[cluster.OfferingID]bool{},
		budgets: map[string]bool{}, bought: map[string]cluster.Money{}, slow: 50 * cluster.Millisecond,
	}
	for _, size := range []struct {
		name  string
		cpu   int64
		price cluster.Money
	}{{"m.large", 2, 100_000}, {"m.xlarge", 4, 200_000}, {"m.2xlarge", 8, 400_000}, {"m.4xlarge", 16, 800_000}} {
		r := cluster.NewResources(map[string]int64{cluster.CPU: size.cpu * 1000, cluster.Memory: size.cpu << 32, cluster.Pods: 110})
		typ := cluster.InstanceType{Name: size.name, Labels: cluster.Labels{cluster.LabelArch: "amd64", cluster.LabelOS: "linux"}, Capacity: r, Allocatable: r}
		for _, zone := range []string{"a", "b", "c"} {
			typ.Offerings = append(typ.Offerings, cluster.Offering{Zone: zone, CapacityType: cluster.OnDemand, Price: size.price, Available: true})
		}
		w.types = append(w.types, typ)
	}
	w.pool = &cluster.Pool{
		Name: "default", UID: "pool", Revision: "1", Class: classRef, ExpireAfter: cluster.Forever, TerminationGracePeriod: cluster.Forever,
		Budgets: []cluster.Budget{{Nodes: 100, Percent: true}}, ConsolidateAfter: cluster.Second,
	}
	w.class = &cluster.NodeClass{Ref: classRef, UID: "class", Revision: "1", Generation: 1}
	w.opts = engine.DefaultOptions()
	w.opts.BoundEvery = 0 // so that what passes find can be held against it
	w.opts.Kinds = []string{"ullage.sh/TestClass"}
	w.restart()
	return w
}

func (w *world) revision() string {
	w.rev++
	return strconv.Itoa(w.rev)
}

// restart drops the engine and everything on its way to it, and starts a fresh
// one from what is there.
func (w *world) restart() {
	w.eng = engine.New(w.opts)
	w.queue, w.effects, w.wake = nil, nil, w.now
	for _, p := range w.pods {
		w.tell(engine.PodChanged{ID: p.ID(), Pod: p}, 0)
	}
	for _, n := range w.nodes {
		w.tell(engine.NodeChanged{Name: n.Name, Node: n}, 0)
	}
	for _, c := range w.claims {
		w.tell(engine.ClaimChanged{Name: c.Name, Claim: c}, 0)
	}
	w.tell(engine.PoolChanged{Name: w.pool.Name, Pool: w.pool}, 0)
	if w.fixed != nil {
		w.tell(engine.PoolChanged{Name: w.fixed.Name, Pool: w.fixed}, 0)
	}
	for id, b := range w.buffers {
		w.tell(engine.BufferChanged{ID: id, Buffer: b}, 0)
	}
	w.tell(engine.ClassChanged{Ref: classRef, Class: w.class}, 0)
	for id, d := range w.daemons {
		w.tell(engine.DaemonSetChanged{ID: id, DaemonSet: d}, 0)
	}
	w.tell(engine.Synced{}, 0)
	for _, n := range w.warned {
		w.tell(engine.Noticed{Notice: n}, w.slow)
	}
}

func (w *world) tell(ev engine.Event, within cluster.Duration) {
	at := w.now
	if within > 0 {
		at = at.Add(cluster.Duration(w.rng.Int64N(int64(within))))
	}
	w.queue = append(w.queue, late{at, ev})
}

// Watches keep the order of one object's changes, as real ones do; across
// objects and against outcomes there is none.
func (w *world) tellPod(id string) {
	w.inOrder(func(ev engine.Event) bool { x, ok := ev.(engine.PodChanged); return ok && x.ID == id }, engine.PodChanged{ID: id, Pod: w.pods[id]})
}

func (w *world) tellNode(name string) {
	w.inOrder(func(ev engine.Event) bool { x, ok := ev.(engine.NodeChanged); return ok && x.Name == name }, engine.NodeChanged{Name: name, Node: w.nodes[name]})
}

func (w *world) tellClaim(name string) {
	w.inOrder(func(ev engine.Event) bool { x, ok := ev.(engine.ClaimChanged); return ok && x.Name == name }, engine.ClaimChanged{Name: name, Claim: w.claims[name]})
}

func (w *world) inOrder(same func(engine.Event) bool, ev engine.Event) {
	if w.forget {
		return // the next engine is told everything anyway
	}
	at := w.now.Add(cluster.Duration(w.rng.Int64N(int64(w.slow))))
	for _, q := range w.queue {
		if same(q.ev) {
			at = max(at, q.at)
		}
	}
	w.queue = append(w.queue, late{at, ev})
}

func (w *world) setPod(p *cluster.Pod) {
	c := *p
	c.Revision = w.revision()
	w.pods[c.ID()] = &c
	w.tellPod(c.ID())
}

func (w *world) removePod(id string) {
	delete(w.pods, id)
	w.tellPod(id)
}

func (w *world) setNode(n *cluster.Node) {
	c := *n
	c.Revision = w.revision()
	w.nodes[c.Name] = &c
	if c.DeletingAt != 0 && len(c.Finalizers) == 0 {
		delete(w.nodes, c.Name)
	}
	w.tellNode(c.Name)
}

func (w *world) setClaim(c *cluster.Claim) {
	x := *c
	x.Revision = w.revision()
	w.claims[x.Name] = &x
	if x.Deleting() && len(x.Finalizers) == 0 {
		delete(w.claims, x.Name)
	}
	w.tellClaim(x.Name)
}

// scale makes the Deployment of pods of one core each have n of them.
func (w *world) scale(n int) { w.scaleOf("web", n) }

func (w *world) scaleOf(workload string, n int) {
	var have []string
	for id, p := range w.pods {
		if p.Owner.Name == workload && !p.Deleting() {
			have = append(have, id)
		}
	}
	slices.Sort(have)
	for i := len(have); i < n; i++ {
		w.addPod(workload)
	}
	for i := n; i < len(have); i++ {
		w.deletePod(w.pods[have[i]])
	}
}

// workloads are what pods of each Deployment ask for.
var workloads = map[string]*cluster.Demand{
	"web": asks("web", 1000, 1<<30),
	// On two cores there is room for one of each of these, but not for two of either.
	"cpus":   asks("cpus", 1500, 1<<30),
	"memory": asks("memory", 300, 6<<30),
	"huge":   asks("huge", 1_000_000, 1<<30),
	"small":  asks("small", 50, 1<<26),
	// As many of these in each zone.
	"even":   evenly("even"),
	"device": {Key: "device", Requests: cluster.NewResources(map[string]int64{cluster.CPU: 500, "device": 1, cluster.Pods: 1})},
}

// identities of pods: one record for all that are alike.
var identities cluster.Identities

func asks(key string, millicores, bytes int64) *cluster.Demand {
	return &cluster.Demand{Key: key, Requests: cluster.NewResources(map[string]int64{cluster.CPU: millicores, cluster.Memory: bytes, cluster.Pods: 1})}
}

// evenly asks for a core, with as many pods in each zone as in others, but for one.
func evenly(name string) *cluster.Demand {
	d := asks("", 1000, 1<<30)
	d.Spreads = []cluster.TopologySpread{{Key: cluster.LabelZone, MaxSkew: 1, HonorAffinity: true, Pods: cluster.PodSelector{
		Namespaces: []string{"default"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{name}}}}}}
	d.SetKey()
	return d
}

func (w *world) addPod(workload string) {
	uid := fmt.Sprintf("p%05d", w.rev)
	w.setPod(&cluster.Pod{UID: uid, Namespace: "default", Name: workload + "-" + uid, Demand: workloads[workload], Created: w.now,
		Identity: identities.Intern("default", cluster.Labels{"app": workload}),
		Owner:    cluster.Owner{Kind: "ReplicaSet", Name: workload, UID: workload}, Grace: cluster.Second})
}

func (w *world) deletePod(p *cluster.Pod) {
	if p.Node == "" {
		w.removePod(p.ID())
		return
	}
	c := *p
	c.DeleteAt = w.now.Add(c.Grace - w.behind)
	w.setPod(&c)
}

// run lets time pass until nothing is left to do, or until limit.
func (w *world) run(limit cluster.Duration) {
	w.t.Helper()
	end := w.now.Add(limit)
	for steps := 0; w.now < end; steps++ {
		if steps > 200_000 {
			w.t.Fatalf("the world spins at %s: queue %d, effects %d", w.now.RFC3339(), len(w.queue), len(w.effects))
		}
		w.kubernetes()
		w.carryOut()
		w.deliver()
		if !w.advance(end) {
			return
		}
	}
}

// deliver steps the engine with what has arrived.
func (w *world) deliver() {
	var events []engine.Event
	var rest []late
	slices.SortStableFunc(w.queue, func(a, b late) int { return int(a.at - b.at) })
	for _, q := range w.queue {
		if q.at <= w.now {
			events = append(events, q.ev)
		} else {
			rest = append(rest, q)
		}
	}
	w.queue = rest
	if len(events) == 0 && w.wake > w.now {
		return
	}
	if w.forget {
		events = w.reborn(events)
	}
	effects, wake := w.eng.Step(w.now, events)
	w.wake = wake
	w.steps++
	if wrong := w.eng.Check(w.steps%64 == 0); wrong != "" {
		w.t.Fatalf("%s: %s", w.now.RFC3339(), wrong)
	}
	for _, f := range effects {
		switch f := f.(type) {
		case engine.Note:
			w.notes = append(w.notes, f.Reason+" "+f.About.Kind+"/"+f.About.Name+": "+f.Message)
			if !f.Quiet {
				w.events = append(w.events, f)
			}
			if f.Bought != nil {
				w.bought[f.Reason] += f.Bought.Price
			}
		case engine.Planned:
			w.plans++
			if len(f.Plan.Creates) > 0 {
				w.purchases++
			}
		case engine.Repacked:
			w.repacked = f.Repacking
			w.passes++
			if f.Repacking.Bound > 0 {
				w.bounds++
			}
		default:
			w.effects = append(w.effects, f)
		}
	}
}

// reborn replaces the engine by a fresh one and returns what to tell it: all that
// is there, and the outcomes that have just come.
func (w *world) reborn(events []engine.Event) []engine.Event {
	effects, queue := w.effects, w.queue
	w.restart()
	var all []engine.Event
	for _, q := range w.queue {
		all = append(all, q.ev)
	}
	w.effects, w.queue = effects, queue
	for _, ev := range events {
		if _, ok := ev.(engine.Done); ok {
			all = append(all, ev)
		}
	}
	return all
}

// carryOut does the effects that were sent, in random order, with a chance of a
// crash before and after each.
func (w *world) carryOut() {
	w.rng.Shuffle(len(w.effects), func(i, j int) { w.effects[i], w.effects[j] = w.effects[j], w.effects[i] })
	for len(w.effects) > 0 {
		f := w.effects[0]
		w.effects = w.effects[1:]
		if w.crashed() {
			return
		}
		done := engine.Done{Effect: f, Err: &engine.Failure{Kind: engine.Conflict, Message: "the object has been modified"}}
		if w.conflicts == nil || !w.conflicts(f) {
			done = w.do(f)
		}
		w.writes++
		if w.loses != nil && w.loses(f) {
			done = engine.Done{Effect: f, Err: &engine.Failure{Kind: engine.Transient, Message: "the answer was lost"}}
		}
		if w.crashed() {
			return
		}
		if w.forget {
			// All outcomes of a step come together: each step asks anew, so that
			// answers which came one by one would multiply.
			w.queue = append(w.queue, late{w.now.Add(w.slow), done})
			continue
		}
		w.tell(done, w.slow)
	}
}

func (w *world) crashed() bool {
	if w.crash == nil || !w.crash() {
		return false
	}
	w.crashes++
	w.restart()
	return true
}

// advance moves time to the next thing that happens and tells whether there is
// one before end.
func (w *world) advance(end cluster.Instant) bool {
	if len(w.effects) > 0 {
		return true
	}
	next := w.wake
	for _, q := range w.queue {
		next = min(next, q.at)
	}
	next = min(next, w.kubernetesNext())
	if next >= end {
		w.now = end
		return false
	}
	w.now = max(w.now, next)
	return true
}

// kubernetes lets instances boot, kubelets end pods and the scheduler bind.
func (w *world) kubernetes() {
	for _, id := range slices.Sorted(maps.Keys(w.instances)) {
		i := w.instances[id]
		if stop, ok := w.stops[id]; ok && stop <= w.now && i.State == cluster.InstanceRunning {
			i.State, i.endAt = cluster.InstanceShuttingDown, w.now.Add(20*cluster.Second)
		}
		if i.State == cluster.InstanceShuttingDown && i.endAt <= w.now {
			i.State = cluster.InstanceTerminated
		}
		if i.State == cluster.InstanceRunning && i.bootAt <= w.now && w.nodes["node-"+i.ID] == nil && !i.registered() {
			i.bootAt = 0
			w.setNode(&cluster.Node{Name: "node-" + i.ID, UID: "n" + i.ID, ProviderID: i.ProviderID, Labels: i.labels, Taints: i.taints,
				Capacity: i.Capacity, Allocatable: i.Allocatable, Created: w.now, Ready: true, ReadySince: w.now})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.nodes)) {
		n := w.nodes[id]
		if i := w.instances[n.ProviderID]; n.Ready && (i == nil || i.State == cluster.InstanceTerminated) {
			c := *n
			c.Ready = false
			w.setNode(&c)
		}
	}
	var replace []string
	for _, id := range slices.Sorted(maps.Keys(w.pods)) {
		p := w.pods[id]
		n := w.nodes[p.Node]
		switch {
		case w.deathless[id] && n != nil:
		case p.Deleting() && (p.DeleteAt <= w.now || n == nil || !n.Ready):
			w.removePod(id)
		case p.Node != "" && n == nil:
			w.removePod(id) // the pod collector
			replace = append(replace, p.Owner.Name)
		case p.Node == "" && !p.Deleting():
			w.schedule(p)
		}
	}
	for _, workload := range replace {
		w.addPod(workload)
	}
}

func (i *instance) registered() bool { return i.bootAt == 0 }

func (w *world) kubernetesNext() cluster.Instant {
	next := cluster.Never
	for id, i := range w.instances {
		if stop, ok := w.stops[id]; ok && i.State == cluster.InstanceRunning {
			next = min(next, stop)
		}
		if i.State == cluster.InstanceRunning && !i.registered() {
			next = min(next, i.bootAt)
		}
		if i.State == cluster.InstanceShuttingDown {
			next = min(next, i.endAt)
		}
	}
	for _, p := range w.pods {
		if p.Deleting() && !w.deathless[p.ID()] {
			next = min(next, p.DeleteAt)
		}
		if p.Undecided() && w.refusing > 0 {
			next = min(next, w.refused.Add(w.refusing))
		}
	}
	return max(next, w.now)
}

// schedule binds a pod to a random node that takes it, or says that there is none.
func (w *world) schedule(p *cluster.Pod) {
	c := *p
	var fit []string
	for _, name := range slices.Sorted(maps.Keys(w.nodes)) {
		if n := w.nodes[name]; n.Ready && !n.Unschedulable && p.Demand.Admits(n.Labels.Get, untolerated(n, p)) && w.room(n, p) && w.even(n, p) {
			fit = append(fit, name)
		}
	}
	if len(fit) > 0 && !w.stalled {
		c.Node, c.UnschedulableSince, c.Phase = fit[w.rng.IntN(len(fit))], 0, cluster.Running
		w.setPod(&c)
	} else if p.UnschedulableSince == 0 && w.now >= w.refused.Add(w.refusing) {
		w.refused = w.now
		c.UnschedulableSince = w.now
		w.setPod(&c)
	}
}

// untolerated are the taints of a node that a pod has been given no toleration of.
func untolerated(n *cluster.Node, p *cluster.Pod) []cluster.Taint {
	return slices.DeleteFunc(slices.Clone(n.Taints), func(t cluster.Taint) bool {
		return t.Key == cluster.ReservedKey && slices.Contains(p.Reserved, t.Value)
	})
}

func (w *world) room(n *cluster.Node, p *cluster.Pod) bool {
	free := n.Allocatable
	for _, q := range w.pods {
		if q.Node == n.Name && !q.Terminal() {
			free = free.Minus(q.Demand.Requests)
		}
	}
	for _, a := range p.Demand.Requests {
		if free.Get(a.Name) < a.Value {
			return false
		}
	}
	return true
}

// even tells whether the spread over zones allows a pod on a node.
func (w *world) even(n *cluster.Node, p *cluster.Pod) bool {
	if len(p.Demand.Spreads) == 0 {
		return true
	}
	in := map[string]int{}
	for _, x := range w.nodes {
		in[x.Labels[cluster.LabelZone]] += 0
	}
	for _, q := range w.pods {
		if x := w.nodes[q.Node]; x != nil && q.Owner == p.Owner && q.Occupies() && !q.Deleting() {
			in[x.Labels[cluster.LabelZone]]++
		}
	}
	return in[n.Labels[cluster.LabelZone]] == slices.Min(slices.Collect(maps.Values(in)))
}

// warn says that a claim's instance will be taken back in two minutes.
func (w *world) warn(c *cluster.Claim) {
	n := cluster.Notice{Receipt: c.Name, InstanceID: w.instances[c.ProviderID].ID, Kind: cluster.Interruption, Ends: w.now.Add(2 * cluster.Minute), Message: "taken back"}
	w.warned[n.Receipt], w.stops[c.ProviderID] = n, n.Ends
	w.tell(engine.Noticed{Notice: n}, w.slow)
}

func (w *world) setPool(p *cluster.Pool) {
	c := *p
	c.Revision = w.revision()
	w.pool = &c
	w.tell(engine.PoolChanged{Name: c.Name, Pool: &c}, 0)
}
