package sim

import (
	"math/rand/v2"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
	"github.com/ullage-sh/ullage/sim/workload"
)

// control is the controllers that keep the pods of workloads.
type control struct {
	w          *world
	pace       *rand.Rand
	owners     []*owner
	daemons    []*owner // those of DaemonSets
	identities cluster.Identities
	demands    cluster.Demands // of pods with volumes of their own
	names      int
	unborn     *life // of the pod that is being created
}

// life is what is known about a pod beside its record.
type life struct {
	owner      *owner
	pod        *workload.Pod
	generation int
	ordinal    int              // of a StatefulSet's
	only       string           // the node of a DaemonSet's
	runs       cluster.Duration // how long it works, 0 for ever
	batch      *batch
}

// owner is one controller's view of one workload.
type owner struct {
	*workload.Workload
	uid, kind  string // as its pods name them
	identity   *cluster.Identity
	budget     *store.Budget
	want       int
	generation int
	// How many pods there are that have not ended and are not being deleted, and how
	// many of those are of the generation of now.
	active, fresh int
	running       int // of the active
	// lacks: not all pods run that it wants, since when.
	lacks      bool
	lacksSince cluster.Instant
	pods       map[*store.Pod]bool
	batches    []*batch
	due        bool // a look at it is entered
	daemon     *cluster.DaemonSet
	onNode     map[string]*store.Pod // of a DaemonSet
	buffers    []*buffer             // whose chunks are like its pods
}

// batch is a Job that is under way.
type batch struct {
	workload.Batch
	active, left int
}

func newControl(w *world) *control {
	return &control{w: w, pace: w.seed.stream("controllers")}
}

// begin enters the workloads and what will change about them.
func (c *control) begin() {
	for _, x := range c.w.Workloads {
		c.enter(x)
	}
	c.enterBuffers()
	if c.w.Trace != nil {
		c.replay(c.w.Trace)
	}
}

// ownerKinds are what pods name as their owner.
var ownerKinds = map[workload.Kind]string{
	workload.Deployment: "ReplicaSet", workload.StatefulSet: "StatefulSet", workload.Job: "Job", workload.DaemonSet: "DaemonSet",
}

func (c *control) enter(x *workload.Workload) *owner {
	o := &owner{Workload: x, uid: "owner-" + x.ID(), kind: ownerKinds[x.Kind], pods: map[*store.Pod]bool{}, want: x.Replicas}
	c.owners = append(c.owners, o)
	c.rename(o)
	if x.Gang > 0 {
		g := &cluster.Gang{Group: cluster.PodGroups, Namespace: x.Namespace, Name: x.Name, Least: x.Gang}
		if x.Coscheduling {
			g.Group = cluster.Coscheduling
		}
		_, _ = c.w.store.Gangs.Create(g.ID(), g) // names are distinct
	}
	if b := x.Budget; b != nil {
		o.budget = &store.Budget{Name: x.ID(), Pods: workload.Own(x.Namespace, x.Pod.Labels[workload.App]), Wanted: x.Replicas}
		if s := b.MinAvailable; s != nil {
			o.budget.MinAvailable = &store.Share{Value: s.Value, Percent: s.Percent}
		}
		if s := b.MaxUnavailable; s != nil {
			o.budget.MaxUnavailable = &store.Share{Value: s.Value, Percent: s.Percent}
		}
		c.w.disruption.enter(o.budget)
	}
	for _, ch := range x.Changes {
		c.w.at(c.w.Start.Add(ch.At), func() { c.change(o, ch) })
	}
	for _, b := range x.Batches {
		c.w.at(c.w.Start.Add(b.At), func() {
			if b.Parallelism == 0 {
				b.Parallelism = b.Pods
			}
			o.batches = append(o.batches, &batch{Batch: b, left: b.Pods})
			c.look(o)
		})
	}
	if x.Kind == workload.DaemonSet {
		c.enterDaemon(o)
	}
	c.look(o)
	return o
}

// resize gives a pool another number of nodes.
func (w *world) resize(r Resize) {
	o := w.store.Pools.Get(r.Pool)
	if o == nil {
		return // somebody has deleted it
	}
	w.record("resized", r.Pool, strconv.FormatInt(r.Replicas, 10))
	w.outside()
	x := *o.Now
	x.Generation++
	x.Replicas = &r.Replicas
	w.store.Pools.Set(o, &x)
}

// rename gives the pods of a generation their labels.
func (c *control) rename(o *owner) {
	labels := cluster.Labels{}
	for k, v := range o.Pod.Labels {
		labels[k] = v
	}
	if o.Kind == workload.Deployment {
		labels["pod-template-hash"] = strconv.Itoa(o.generation)
	}
	o.identity = c.identities.Intern(o.Namespace, labels)
}

func (c *control) change(o *owner, ch workload.Change) {
	c.w.record("scaled", o.ID(), strconv.Itoa(ch.Replicas))
	c.w.outside()
	o.want = ch.Replicas
	if o.budget != nil {
		o.budget.Wanted = ch.Replicas
		c.w.disruption.look(o.budget)
	}
	for _, b := range o.buffers {
		c.follow(b)
	}
	if ch.Rollout {
		o.generation++
		o.fresh = 0
		c.rename(o)
	}
	c.look(o)
}

// look makes the controller look at a workload after a moment.
func (c *control) look(o *owner) {
	if o.due || o.Kind == workload.DaemonSet {
		return
	}
	o.due = true
	c.w.after(c.w.Pace.Control.draw(c.pace), func() {
		o.due = false
		switch o.Kind {
		case workload.Deployment:
			c.reconcileDeployment(o)
		case workload.StatefulSet:
			c.reconcileSet(o)
		case workload.Job:
			c.reconcileJob(o)
		case workload.DaemonSet: // looks at single nodes
		}
	})
}

// life returns what is known about a pod beside its record, nil for one that is gone.
func (c *control) life(o *store.Pod) *life {
	l, _ := o.Mark.(*life)
	return l
}

// preempts tells whether a pod may make others go.
func (c *control) preempts(o *store.Pod) bool { return o.Mark != nil && c.life(o).pod.Preempts }

// onlyNode is the node that alone may take a pod, "" for any.
func (c *control) onlyNode(o *store.Pod) string { return c.life(o).only }

// make creates a pod.
func (c *control) make(o *owner, l *life, name string) *store.Pod {
	l.owner, l.generation = o, o.generation
	if l.pod == nil {
		l.pod = &o.Pod
	}
	p := &cluster.Pod{
		Namespace: o.Namespace, Name: name, Demand: l.pod.Demand, Identity: o.identity, Created: c.w.now,
		Grace: l.pod.Grace, Owner: cluster.Owner{Kind: o.kind, Name: o.Name, UID: o.uid},
		Priority: l.pod.Priority, Critical: l.pod.Critical, DeletionCost: l.pod.DeletionCost,
		ToleratesDisrupted: tolerates(l.pod.Demand), Gang: o.GangID(),
	}
	if o.Volume > 0 {
		d := *p.Demand
		d.Volumes = []cluster.VolumeUse{{Claim: claimPrefix + name}}
		p.Demand = c.demands.Intern(d)
		c.w.disks.claim(o, name)
	}
	if l.pod.Protected {
		p.ProtectedUntil = cluster.Never
	}
	c.names++
	p.UID = "p" + strconv.Itoa(c.names)
	c.unborn = l
	x, err := c.w.store.Pods.Create(p.ID(), p)
	if err != nil {
		return nil // its predecessor is still there
	}
	return x
}

func tolerates(d *cluster.Demand) bool {
	_, bad := cluster.Untolerated([]cluster.Taint{cluster.DisruptedTaint}, d.Tolerations)
	return !bad
}

// podChanged keeps the numbers of a workload and looks at it when pods are missing or
// have come up.
func (c *control) podChanged(p *store.Pod, old *cluster.Pod) {
	if old == nil {
		p.Mark = c.unborn
		c.unborn.owner.pods[p] = true
	}
	l := c.life(p)
	o := l.owner
	was, is := counts(old), counts(p.Now)
	if was != is {
		by := 1
		if was {
			by = -1
		}
		o.active += by
		if l.generation == o.generation {
			o.fresh += by
		}
		if l.batch != nil {
			l.batch.active += by
		}
	}
	ran, runs := was && old.Phase == cluster.Running, is && p.Now.Phase == cluster.Running
	if ran != runs {
		if runs {
			o.running++
		} else {
			o.running--
		}
	}
	o.count(c.w.now)
	if p.Now != nil && p.Now.Phase == cluster.Succeeded && old.Phase != cluster.Succeeded {
		c.succeeded(p, l)
	}
	if p.Now == nil {
		delete(o.pods, p)
		p.Mark = nil
		c.lost(l, old)
	}
	if was && !is || ran != runs || p.Now == nil {
		c.look(o)
	}
}

// counts tells whether a controller counts on a pod.
func counts(p *cluster.Pod) bool { return p != nil && !p.Deleting() && !p.Terminal() }
