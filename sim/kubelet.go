package sim

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/sim/store"
)

// kubelets register nodes, start pods and end them.
type kubelets struct {
	w      *world
	ready  *rand.Rand
	byNode map[string]*kubelet
}

// kubelet is the agent on one machine.
type kubelet struct {
	node string
	// silent: it does not answer; for the moment, or because its machine is gone.
	silent, gone bool
	since        cluster.Instant // since when it is silent
}

// notReady is the taint that a node has from its registration until it is ready.
var notReady = cluster.Taint{Key: "node.kubernetes.io/not-ready", Effect: cluster.NoSchedule}

func newKubelets(w *world) *kubelets {
	return &kubelets{w: w, ready: w.seed.stream("node ready"), byNode: map[string]*kubelet{}}
}

// boot registers the node of a machine; lacks is how many percent of its memory it
// does not have.
func (ks *kubelets) boot(m simulated.Machine, lacks int) {
	w := ks.w
	k := &kubelet{node: m.Name}
	ks.byNode[m.Name] = k
	n := &cluster.Node{
		Name: m.Name, ProviderID: m.ProviderID, Labels: m.Labels, Taints: append(slices.Clone(m.Taints), notReady),
		Capacity: shrink(m.Capacity, lacks), Allocatable: shrink(m.Allocatable, lacks), Created: w.now, ReadySince: w.now,
	}
	o, err := w.store.Nodes.Create(m.Name, n)
	if err != nil {
		return // somebody made a node of that name: the kubelet gives up
	}
	w.after(w.Pace.Ready.draw(ks.ready), func() {
		if o.Now == nil || k.silent {
			return
		}
		ks.setReady(o, true)
	})
}

func shrink(r cluster.Resources, percent int) cluster.Resources {
	if percent == 0 {
		return r
	}
	out := slices.Clone(r)
	for i := range out {
		if out[i].Name == cluster.Memory {
			out[i].Value -= out[i].Value / 100 * int64(percent)
		}
	}
	return out
}

// setReady writes whether a node is ready, with the taints that go with it.
func (ks *kubelets) setReady(o *store.Node, ready bool) {
	n := *o.Now
	n.Ready, n.HeartbeatIsGone, n.ReadySince = ready, !ready, ks.w.now
	n.Taints = slices.DeleteFunc(slices.Clone(n.Taints), func(t cluster.Taint) bool { return t == notReady || t.Key == unreachable })
	if !ready {
		n.Taints = append(n.Taints, cluster.Taint{Key: unreachable, Effect: cluster.NoSchedule}, cluster.Taint{Key: unreachable, Effect: cluster.NoExecute})
	}
	ks.w.store.Nodes.Set(o, &n)
}

const unreachable = "node.kubernetes.io/unreachable"

// answering lists the kubelets that answer, by name.
func (ks *kubelets) answering() []*kubelet {
	var out []*kubelet
	for _, name := range slices.Sorted(maps.Keys(ks.byNode)) {
		if k := ks.byNode[name]; !k.silent {
			out = append(out, k)
		}
	}
	return out
}

// stop ends the kubelet of a machine that goes down.
func (ks *kubelets) stop(node string) {
	k := ks.byNode[node]
	if k == nil {
		return
	}
	k.gone = true
	if !k.silent {
		k.silent, k.since = true, ks.w.now
		ks.w.lifecycle.silent(k)
	}
	delete(ks.byNode, node)
}

// hush makes a kubelet stop answering for a while.
func (ks *kubelets) hush(k *kubelet, d cluster.Duration) {
	k.silent, k.since = true, ks.w.now
	ks.w.lifecycle.silent(k)
	ks.w.after(d, func() {
		if k.gone {
			return
		}
		k.silent = false
		o := ks.w.store.Nodes.Get(k.node)
		if o == nil {
			return
		}
		if !o.Now.Ready {
			ks.setReady(o, true)
		}
		for _, p := range ks.w.store.PodsOn(k.node) {
			ks.take(p)
		}
	})
}

// alive tells whether somebody answers on a node.
func (ks *kubelets) alive(node string) bool {
	k := ks.byNode[node]
	return k != nil && !k.silent
}

func (ks *kubelets) podChanged(o *store.Pod, old *cluster.Pod) {
	p := o.Now
	if p == nil || p.Node == "" {
		return
	}
	bound := old == nil || old.Node == ""
	ending := p.Deleting() && (old == nil || old.DeleteAt != p.DeleteAt)
	if (bound || ending) && ks.alive(p.Node) {
		ks.take(o)
	}
}

// take does what a pod on the node needs next: start it, or end it.
func (ks *kubelets) take(o *store.Pod) {
	p := o.Now
	l := ks.w.control.life(o)
	switch {
	case p.Deleting():
		ends := l.pod.Ends
		if l.pod.Deaf {
			ends = cluster.Forever
		}
		if p.Phase != cluster.Running {
			ends = 0 // nothing to wait for
		}
		at := min(ks.w.now.Add(ends), p.DeleteAt)
		ks.w.at(at, func() { ks.end(o) })
	case p.Phase == cluster.Pending:
		ks.w.after(l.pod.Starts, func() { ks.start(o) })
	}
}

func (ks *kubelets) start(o *store.Pod) {
	p := o.Now
	if p == nil || p.Phase != cluster.Pending || p.Deleting() || !ks.alive(p.Node) {
		return
	}
	if !ks.w.disks.attached(p) {
		ks.w.after(cluster.Second, func() { ks.start(o) })
		return
	}
	x := *p
	x.Phase, x.Ready = cluster.Running, true
	ks.w.store.Pods.Set(o, &x)
	if runs := ks.w.control.life(o).runs; runs > 0 {
		ks.w.after(runs, func() { ks.succeed(o) })
	}
}

// succeed ends a pod that has done its work. If nobody answers at that moment, its
// kubelet reports it when it does again.
func (ks *kubelets) succeed(o *store.Pod) {
	p := o.Now
	if p == nil || p.Phase != cluster.Running || p.Deleting() {
		return
	}
	if k := ks.byNode[p.Node]; k == nil {
		return
	} else if k.silent {
		ks.w.after(10*cluster.Second, func() { ks.succeed(o) })
		return
	}
	x := *p
	x.Phase, x.Ready = cluster.Succeeded, false
	ks.w.store.Pods.Set(o, &x)
}

// end takes a pod away that has ended.
func (ks *kubelets) end(o *store.Pod) {
	if o.Now != nil && o.Now.Deleting() && ks.alive(o.Now.Node) {
		ks.w.store.Pods.Remove(o)
	}
}
