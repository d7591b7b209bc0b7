package sim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/store"
	"github.com/ullage-sh/ullage/sim/workload"
)

// reconcileDeployment creates and deletes pods until there are as many as wanted, and
// during a rollout replaces old ones, a quarter at a time.
func (c *control) reconcileDeployment(o *owner) {
	old := o.active - o.fresh
	if old == 0 {
		for range o.want - o.active {
			c.make(o, &life{}, c.podName(o))
		}
		if o.active > o.want {
			c.scaleIn(o, o.active-o.want)
		}
		return
	}
	surge, unavailable := (o.want+3)/4, o.want/4
	for range min(o.want-o.fresh, o.want+surge-o.active) {
		c.make(o, &life{}, c.podName(o))
	}
	// Old ones may go as far as enough pods run without them; those that do not run
	// anyway.
	spare := o.running - (o.want - unavailable)
	for _, p := range c.byRank(o) {
		l := c.life(p)
		if l.generation == o.generation {
			continue
		}
		if p.Now.Phase == cluster.Running {
			if spare <= 0 {
				continue
			}
			spare--
		}
		c.w.store.DeletePod(p, p.Now.Grace, c.w.now)
	}
	if o.fresh > o.want {
		c.scaleIn(o, o.fresh-o.want)
	}
}

func (c *control) podName(o *owner) string {
	return o.Name + "-" + strconv.Itoa(o.generation) + "-" + strconv.FormatInt(int64(c.names+1), 36)
}

// scaleIn deletes n pods, those first that a ReplicaSet would.
func (c *control) scaleIn(o *owner, n int) {
	list := c.byRank(o)
	for _, p := range list[:min(n, len(list))] {
		c.w.store.DeletePod(p, p.Now.Grace, c.w.now)
	}
}

// byRank returns the active pods in the order in which a ReplicaSet gives them up:
// without a node, not running, of low deletion cost, on nodes with many of them, young.
func (c *control) byRank(o *owner) []*store.Pod {
	beside := map[string]int{}
	list := make([]*store.Pod, 0, len(o.pods))
	for p := range o.pods {
		if counts(p.Now) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *store.Pod) int { return strings.Compare(a.Key, b.Key) })
	rank := make(map[*store.Pod]int, len(list))
	for _, p := range list {
		beside[p.Now.Node]++
		rank[p] = beside[p.Now.Node]
	}
	slices.SortStableFunc(list, func(a, b *store.Pod) int {
		p, q := a.Now, b.Now
		return cmp.Or(
			order(q.Node == "", p.Node == ""), order(q.Phase != cluster.Running, p.Phase != cluster.Running),
			cmp.Compare(p.DeletionCost, q.DeletionCost), -cmp.Compare(rank[a], rank[b]), -cmp.Compare(p.Created, q.Created),
		)
	})
	return list
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// reconcileSet keeps the ordinals of a StatefulSet, one pod at a time: the next comes
// when the last runs, and goes when the one after it is gone.
func (c *control) reconcileSet(o *owner) {
	for p := range o.pods {
		if p.Now.Deleting() {
			// Its name is taken until it is gone; others wait for it.
			return
		}
	}
	for i := range o.want {
		p := c.w.store.Pods.Get(o.Namespace + "/" + o.Name + "-" + strconv.Itoa(i))
		if p == nil {
			c.make(o, &life{ordinal: i}, o.Name+"-"+strconv.Itoa(i))
			return
		}
		if p.Now.Phase != cluster.Running {
			return
		}
	}
	var last *store.Pod
	for p := range o.pods {
		l := c.life(p)
		if (l.ordinal >= o.want || l.generation != o.generation) && (last == nil || l.ordinal > c.life(last).ordinal) {
			last = p
		}
	}
	if last != nil {
		c.w.store.DeletePod(last, last.Now.Grace, c.w.now)
	}
}

// reconcileJob starts the pods of batches.
func (c *control) reconcileJob(o *owner) {
	for _, b := range o.batches {
		for b.active < min(b.Parallelism, b.left) {
			before := b.active
			c.make(o, &life{batch: b, runs: b.Runs}, c.podName(o))
			if b.active == before {
				break // the name was taken: look again
			}
		}
	}
	o.batches = slices.DeleteFunc(o.batches, func(b *batch) bool { return b.left == 0 })
}

// short are the workloads that have fewer pods running than they want, or work that is not
// done.
func (c *control) short() []judge.Short {
	var out []judge.Short
	for _, o := range c.owners {
		if o.count(c.w.now); o.lacks {
			out = append(out, judge.Short{Workload: o.ID(), Since: o.lacksSince})
		}
	}
	return out
}

// count notes whether the owner has all the pods that it wants.
func (o *owner) count(now cluster.Instant) {
	want := o.want
	for _, b := range o.batches {
		want += min(b.Parallelism, b.left)
	}
	lacks := o.Kind != workload.DaemonSet && o.running < want
	if lacks && !o.lacks {
		o.lacksSince = now
	}
	o.lacks = lacks
}

// keepEnded is how long the record of a pod that has ended stays.
const keepEnded = 10 * cluster.Second

// succeeded is told when a pod has done its work.
func (c *control) succeeded(p *store.Pod, l *life) {
	if l.batch != nil {
		l.batch.left--
	}
	c.w.result.Finished++
	c.w.outside()
	c.w.after(keepEnded, func() { c.w.store.Pods.Remove(p) })
}

// lost is told when a pod is gone: one of a trace that did not finish comes again.
func (c *control) lost(l *life, old *cluster.Pod) {
	if l.owner.Kind == workload.Job && l.batch == nil && !old.Terminal() {
		c.again(l)
	}
	if l.owner.Kind == workload.DaemonSet {
		delete(l.owner.onNode, l.only)
		c.lookNode(l.owner, l.only)
	}
}

// enterDaemon makes a DaemonSet known to whoever plans nodes.
func (c *control) enterDaemon(o *owner) {
	o.onNode = map[string]*store.Pod{}
	c.daemons = append(c.daemons, o)
	o.daemon = &cluster.DaemonSet{Namespace: o.Namespace, Name: o.Name, UID: o.uid, Demand: o.Pod.Demand}
	_, _ = c.w.store.Daemons.Create(o.ID(), o.daemon) // names are distinct
}

// nodeChanged makes DaemonSets look at a node that comes or takes other pods than
// before.
func (c *control) nodeChanged(o *store.Node, old *cluster.Node) {
	if o.Now == nil || old != nil && slices.Equal(o.Now.Taints, old.Taints) && len(o.Now.Labels) == len(old.Labels) {
		return
	}
	for _, x := range c.daemons {
		c.lookNode(x, o.Key)
	}
}

// lookNode makes a DaemonSet look at a node after a moment.
func (c *control) lookNode(o *owner, node string) {
	c.w.after(c.w.Pace.Control.draw(c.pace), func() {
		n := c.w.store.Nodes.Get(node)
		if n == nil || o.onNode[node] != nil || n.Now.DeletingAt != 0 || !o.Pod.Demand.Admits(n.Now.Labels.Get, withoutReadiness(n.Now.Taints)) {
			return // pods that are there stay, whatever the node has become
		}
		o.onNode[node] = c.make(o, &life{only: node}, c.podName(o))
	})
}

// withoutReadiness leaves out the taints that DaemonSet pods tolerate of themselves.
func withoutReadiness(taints []cluster.Taint) []cluster.Taint {
	return slices.DeleteFunc(slices.Clone(taints), func(t cluster.Taint) bool { return t == notReady || t.Key == unreachable })
}
