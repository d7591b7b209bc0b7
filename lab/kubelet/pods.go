package kubelet

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/ullage-sh/ullage/lab/podlife"
)

// life is a pod on its machine. Only the worker that has the pod's key changes it;
// ip, state and changed are also read by others, and so changed under Fleet.mu.
type life struct {
	uid   types.UID
	node  string
	ip    string // from the pod network; "" while it has none
	state podlife.State
	// changed is closed when state changes; nil while nobody waits for it.
	changed chan struct{}
	// written is the pod as the last write left it, until the informer has seen that:
	// what the informer says in between is older.
	written *corev1.Pod
	removed bool // its object was asked to be removed
}

// syncPod moves a pod to the present and reports what has changed.
func (f *Fleet) syncPod(ctx context.Context, key types.NamespacedName) {
	obj, exists, err := f.pods.GetIndexer().GetByKey(key.String())
	if err != nil {
		panic(err) // the indexer is a map
	}
	if !exists {
		f.forget(key)
		return
	}
	pod := obj.(*corev1.Pod)
	m := f.answering(pod.Spec.NodeName)
	if m == nil {
		return // woken when the node boots or thaws
	}
	l := f.lifeOf(m, pod)
	pod = l.newest(pod)
	now := f.clock.Now()
	state := l.state
	if state.Accepted.IsZero() {
		if state = f.takeOn(ctx, l, m, pod, now); state.Accepted.IsZero() {
			f.podQueue.AddAfter(key, retryAfter/10)
			return
		}
	}
	b := podlife.BehaviourOf(pod, podlife.Delays{Start: f.cfg.PodStart, Stop: f.cfg.PodStop}, f.cfg.Seed)
	state, next := state.Advance(pod, b, now)
	f.setState(l, m, pod, state)
	status := state.Status(pod, b, podlife.Addresses{Host: m.InternalIP, Pod: l.address(pod, m)}, now)
	if !apiequality.Semantic.DeepEqual(status, pod.Status) {
		if !f.writeStatus(ctx, key, l, pod, status) {
			return
		}
	}
	if state.Gone && !l.removed {
		f.remove(ctx, key, l)
		return
	}
	if !next.IsZero() {
		f.podQueue.AddAfter(key, max(next.Sub(f.clock.Now()), 0))
	}
}

// answering is the machine of a node whose kubelet works.
func (f *Fleet) answering(node string) *machine {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.machines[node]; m != nil && m.registered && !m.frozen {
		return m
	}
	return nil
}

// lifeOf is the life of a pod, recalled from its status when it is seen first.
func (f *Fleet) lifeOf(m *machine, pod *corev1.Pod) *life {
	key := keyOf(pod)
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := f.lives[key]; l != nil {
		if l.uid == pod.UID {
			return l
		}
		f.drop(key, l)
	}
	l := &life{uid: pod.UID, node: m.Name, state: podlife.Recall(pod)}
	if l.state.Active() {
		m.count(pod)
		if !pod.Spec.HostNetwork {
			l.ip = pod.Status.PodIP
			f.ips.adopt(l.ip)
		}
	}
	f.lives[key] = l
	return l
}

// newest is the pod from the informer, or the one last written if that is newer.
func (l *life) newest(pod *corev1.Pod) *corev1.Pod {
	if l.written == nil {
		return pod
	}
	if c, err := resourceversion.CompareResourceVersion(pod.ResourceVersion, l.written.ResourceVersion); err == nil && c < 0 {
		return l.written
	}
	l.written = nil
	return pod
}

// takeOn decides whether the kubelet accepts a pod, and gives it an address. The
// result is zero when nobody can say yet.
func (f *Fleet) takeOn(ctx context.Context, l *life, m *machine, pod *corev1.Pod, now time.Time) podlife.State {
	node, err := f.nodeBy.Get(m.Name)
	if err != nil {
		return podlife.State{}
	}
	why, ok := m.admit(pod, node)
	if !ok {
		// With a thousand kubelets on one watch it can trail behind the scheduler's:
		// a taint may be gone already. Rejecting is final, so look again first.
		latest, err := f.client.CoreV1().Nodes().Get(ctx, m.Name, metav1.GetOptions{})
		if err != nil {
			return podlife.State{}
		}
		why, ok = m.admit(pod, latest)
	}
	if !ok {
		return podlife.Reject(why, now)
	}
	if !pod.Spec.HostNetwork {
		ip, err := f.ips.take()
		if err != nil {
			m.release(pod.UID)
			return podlife.Reject(podlife.Rejection{Reason: "FailedCreatePodSandBox", Message: err.Error()}, now)
		}
		f.mu.Lock()
		l.ip = ip
		f.mu.Unlock()
	}
	return podlife.Accept(pod, now)
}

// address is the pod's own, or its host's.
func (l *life) address(pod *corev1.Pod, m *machine) string {
	if pod.Spec.HostNetwork {
		return m.InternalIP
	}
	return l.ip
}

// setState stores a state, tells who waits for it and writes events.
func (f *Fleet) setState(l *life, m *machine, pod *corev1.Pod, state podlife.State) {
	f.events.transition(pod, l.state, state)
	f.mu.Lock()
	defer f.mu.Unlock()
	l.state = state
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	if !state.Active() {
		m.release(l.uid)
	}
}

// writeStatus tells whether the status was written. When it was not, the pod is
// looked at again: on its next event or after a while.
func (f *Fleet) writeStatus(ctx context.Context, key types.NamespacedName, l *life, pod *corev1.Pod, status corev1.PodStatus) bool {
	update := *pod
	update.Status = status
	written, err := f.client.CoreV1().Pods(key.Namespace).UpdateStatus(ctx, &update, metav1.UpdateOptions{})
	switch {
	case err == nil:
		slim, _ := slimPod(written) // it fails for nothing
		l.written = slim.(*corev1.Pod)
		return true
	case apierrors.IsNotFound(err):
		return false // the informer will say so
	case apierrors.IsConflict(err):
		f.podQueue.AddAfter(key, retryAfter/10) // somebody else wrote: the informer brings it
	case ctx.Err() == nil:
		f.log.Warn("kubelet: pod status", "pod", key, "node", l.node, "error", err)
		f.podQueue.AddAfter(key, retryAfter)
	}
	return false
}

// remove deletes the object of a pod of which nothing is left. It may stay for
// its finalizers.
func (f *Fleet) remove(ctx context.Context, key types.NamespacedName, l *life) {
	var now int64
	err := f.client.CoreV1().Pods(key.Namespace).Delete(ctx, key.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &l.uid}})
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) { // conflict: another pod has the name
		l.removed = true
		return
	}
	if ctx.Err() == nil {
		f.log.Warn("kubelet: remove pod", "pod", key, "node", l.node, "error", err)
		f.podQueue.AddAfter(key, retryAfter)
	}
}

// forget drops what is known of a pod whose object is gone.
func (f *Fleet) forget(key types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := f.lives[key]; l != nil {
		f.drop(key, l)
	}
}

// drop is called under mu.
func (f *Fleet) drop(key types.NamespacedName, l *life) {
	delete(f.lives, key)
	f.ips.release(l.ip)
	if m := f.machines[l.node]; m != nil {
		m.release(l.uid)
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
