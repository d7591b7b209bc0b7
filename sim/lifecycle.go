package sim

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

// lifecycle is the controllers that look after nodes nobody hears of: node lifecycle,
// the cloud's node controller and the pod collector.
type lifecycle struct {
	w *world
	// ended are nodes whose instance no longer exists, by name.
	ended map[string]bool
}

// Upstream's defaults.
const (
	monitorGrace  = 50 * cluster.Second  // node-monitor-grace-period
	evictionDelay = 300 * cluster.Second // what admission gives every pod to stay on an unreachable node
	collectPods   = 20 * cluster.Second  // period of the pod collector
	quarantine    = 40 * cluster.Second  // how long a node must be missing before its pods are collected
	cloudPeriod   = 5 * cluster.Second   // of the cloud's node controller
)

func newLifecycle(w *world) *lifecycle { return &lifecycle{w: w, ended: map[string]bool{}} }

// silent is told when a kubelet stops answering.
func (l *lifecycle) silent(k *kubelet) {
	since := k.since
	l.w.after(monitorGrace, func() {
		o := l.w.store.Nodes.Get(k.node)
		if o == nil || !k.silent || k.since != since {
			return
		}
		if o.Now.Ready || !o.Now.HeartbeatIsGone {
			l.w.kubelets.setReady(o, false)
		}
		if l.ended[k.node] {
			l.deleteNode(k.node)
		}
		l.w.after(evictionDelay, func() {
			if o.Now != nil && k.silent && k.since == since {
				l.evictAll(k.node)
			}
		})
	})
}

// evictAll deletes the pods of a node that has been unreachable for too long. They
// stay until their kubelet answers or the node is gone.
func (l *lifecycle) evictAll(node string) {
	for _, p := range l.w.store.PodsOn(node) {
		if !p.Now.Daemon() && !p.Now.Terminal() {
			l.w.store.DeletePod(p, p.Now.Grace, l.w.now)
		}
	}
}

// instanceGone is told when the instance of a node has ended.
func (l *lifecycle) instanceGone(node string) {
	l.ended[node] = true
	if o := l.w.store.Nodes.Get(node); o != nil && !o.Now.Ready {
		l.w.after(cloudPeriod, func() { l.deleteNode(node) })
	}
}

// deleteNode is the cloud's node controller: a node that is not ready and has no
// instance is deleted. Finalizers hold it.
func (l *lifecycle) deleteNode(node string) {
	if o := l.w.store.Nodes.Get(node); o != nil && !o.Now.Ready {
		_ = l.w.store.Nodes.Delete(node, o.Now.UID, l.w.now) // it is there
	}
}

func (l *lifecycle) nodeChanged(o *store.Node, _ *cluster.Node) {
	if o.Now != nil {
		return
	}
	delete(l.ended, o.Key)
	// The collector comes round every now and then.
	l.w.after(quarantine+collectPods, func() {
		if l.w.store.Nodes.Get(o.Key) != nil {
			return
		}
		for _, p := range l.w.store.PodsOn(o.Key) {
			l.w.store.Pods.Remove(p)
		}
	})
}
