package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab/podlife"
)

// The real kubelet's intervals.
const (
	leaseEvery   = 10 * time.Second
	leaseSeconds = 40
	statusEvery  = 5 * time.Minute
	jitterPart   = 0.04 // of an interval: nodes that booted together drift apart
)

// machine is a Machine with what its kubelet remembers. The fields under "worker"
// are only touched by the worker that has the node's key; the others under
// Fleet.mu.
type machine struct {
	Machine

	frozen                bool
	registered            bool // the Node is there and pods may be taken on
	lost                  bool // the Node was deleted: a kubelet does not register twice
	uid                   types.UID
	nextStatus, nextLease time.Time

	// admitted are the pods that the kubelet has taken on and that have not ended.
	// The lock is held from looking to counting: two pods must not take the same
	// room. It is taken under Fleet.mu, never the other way round.
	admission sync.Mutex
	admitted  map[types.UID]*corev1.Pod

	// worker
	readyAt time.Time
	lease   *coordinationv1.Lease
	rand    *rand.Rand
}

func newMachine(m Machine, seed uint64) *machine {
	return &machine{Machine: m, admitted: map[types.UID]*corev1.Pod{}, rand: podlife.Rand(seed, m.ProviderID)}
}

// admit takes a pod on if it fits beside the others.
func (m *machine) admit(pod *corev1.Pod, node *corev1.Node) (podlife.Rejection, bool) {
	m.admission.Lock()
	defer m.admission.Unlock()
	// A pod that is being deleted before it was taken on only has to be seen off.
	if pod.DeletionTimestamp == nil {
		others := make([]*corev1.Pod, 0, len(m.admitted))
		for _, p := range m.admitted {
			others = append(others, p)
		}
		if why, ok := podlife.Admit(pod, node, others); !ok {
			return why, false
		}
	}
	m.admitted[pod.UID] = pod
	return podlife.Rejection{}, true
}

// count makes a pod count that was taken on before a restart.
func (m *machine) count(pod *corev1.Pod) {
	m.admission.Lock()
	defer m.admission.Unlock()
	m.admitted[pod.UID] = pod
}

func (m *machine) release(uid types.UID) {
	m.admission.Lock()
	defer m.admission.Unlock()
	delete(m.admitted, uid)
}

// syncNode does what is due for a node and comes back when the next thing is.
func (f *Fleet) syncNode(ctx context.Context, name string) {
	f.mu.Lock()
	m := f.machines[name]
	idle := m == nil || m.frozen || m.lost
	f.mu.Unlock()
	if idle {
		return
	}
	now := f.clock.Now()
	if wait := m.BootAt.Sub(instant(now)); wait > 0 {
		f.nodeQueue.AddAfter(name, time.Duration(wait))
		return
	}
	next, err := f.beat(ctx, m, now)
	if err != nil && ctx.Err() == nil {
		f.log.Warn("kubelet", "node", name, "error", err)
		next = now.Add(retryAfter)
	}
	f.nodeQueue.AddAfter(name, max(next.Sub(f.clock.Now()), 0))
}

func instant(t time.Time) cluster.Instant { return cluster.Instant(t.UnixNano()) }

// beat registers the node, or renews what is due, and returns when to come back.
func (f *Fleet) beat(ctx context.Context, m *machine, now time.Time) (time.Time, error) {
	f.mu.Lock()
	registered, nextLease, nextStatus := m.registered, m.nextLease, m.nextStatus
	f.mu.Unlock()
	if !registered {
		if err := f.register(ctx, m, now); err != nil {
			return now, fmt.Errorf("register: %w", err)
		}
		f.wakePods(m.Name)
		return now, nil
	}
	if !now.Before(nextLease) {
		if err := f.renew(ctx, m, now); err != nil {
			return now, fmt.Errorf("renew lease: %w", err)
		}
		nextLease = now.Add(jitter(m.rand, f.cfg.Heartbeat))
	}
	// Ready is reported when it comes true, and with every status from then on.
	becomesReady := !m.readyAt.IsZero() && !now.Before(m.readyAt)
	if becomesReady || !now.Before(nextStatus) {
		ready := notReady
		if becomesReady || m.readyAt.IsZero() {
			ready = isReady
		}
		if err := f.report(ctx, m, ready, now); err != nil {
			return now, fmt.Errorf("report status: %w", err)
		}
		if becomesReady {
			m.readyAt = time.Time{}
			f.events.nodeReady(m.Name)
		}
		nextStatus = now.Add(jitter(m.rand, statusEvery))
	}
	f.mu.Lock()
	m.nextLease, m.nextStatus = nextLease, nextStatus
	f.mu.Unlock()
	next := nextLease
	if nextStatus.Before(next) {
		next = nextStatus
	}
	if !m.readyAt.IsZero() && m.readyAt.Before(next) {
		next = m.readyAt
	}
	return next, nil
}

func jitter(r *rand.Rand, d time.Duration) time.Duration {
	return d + time.Duration(jitterPart*r.Float64()*float64(d))
}

// register creates the Node, or takes over the one from before a restart: its
// labels and taints are then as others have made them.
func (f *Fleet) register(ctx context.Context, m *machine, now time.Time) error {
	nodes := f.beats.CoreV1().Nodes()
	node, known, err := f.createNode(ctx, m, now)
	if err == nil && known && node.Spec.ProviderID != m.ProviderID {
		// Another machine had this name and its Node was left behind.
		old := metav1.Preconditions{UID: &node.UID}
		if err = nodes.Delete(ctx, m.Name, metav1.DeleteOptions{Preconditions: &old}); err == nil || apierrors.IsNotFound(err) {
			node, known, err = f.createNode(ctx, m, now)
		}
	}
	if err != nil {
		return err
	}
	if node.Spec.ProviderID != m.ProviderID {
		return fmt.Errorf("the name is taken by the node of machine %s, which is not gone yet", node.Spec.ProviderID)
	}
	m.readyAt = time.Time{}
	if !known {
		m.readyAt = now.Add(f.cfg.NodeReady.Sample(m.rand))
	}
	m.lease = nil
	for _, p := range f.podsOn(m.Name) {
		f.lifeOf(m, p) // what it runs already counts before anything new is taken on
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m.registered, m.uid = true, node.UID
	m.nextLease = now
	m.nextStatus = now.Add(statusEvery)
	if known {
		m.nextStatus = now // its port has changed
	}
	return nil
}

// createNode returns the machine's Node, and whether it was there already.
func (f *Fleet) createNode(ctx context.Context, m *machine, now time.Time) (node *corev1.Node, known bool, err error) {
	nodes := f.beats.CoreV1().Nodes()
	node, err = nodes.Create(ctx, m.node(f.Port(), now), metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		node, err = nodes.Get(ctx, m.Name, metav1.GetOptions{})
		known = true
	}
	return node, known, err
}

// renew creates or renews the node's lease.
func (f *Fleet) renew(ctx context.Context, m *machine, now time.Time) error {
	leases := f.beats.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	micro := metav1.NewMicroTime(now)
	if m.lease == nil {
		lease, err := leases.Get(ctx, m.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			seconds := int32(leaseSeconds)
			lease, err = leases.Create(ctx, &coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Name: m.Name, OwnerReferences: []metav1.OwnerReference{
					{APIVersion: "v1", Kind: "Node", Name: m.Name, UID: m.uid}}},
				Spec: coordinationv1.LeaseSpec{HolderIdentity: &m.Name, LeaseDurationSeconds: &seconds, RenewTime: &micro},
			}, metav1.CreateOptions{})
		}
		if err != nil {
			return err
		}
		m.lease = lease
	}
	lease := m.lease.DeepCopy()
	lease.Spec.RenewTime = &micro
	lease, err := leases.Update(ctx, lease, metav1.UpdateOptions{})
	if err != nil {
		m.lease = nil // read it anew
		return err
	}
	lease.ManagedFields = nil
	m.lease = lease
	return nil
}

// report writes the node's status. Conditions are merged by type, as the real
// kubelet has them merged, so that those of others stay.
func (f *Fleet) report(ctx context.Context, m *machine, ready corev1.NodeCondition, now time.Time) error {
	node, err := f.nodeBy.Get(m.Name)
	if apierrors.IsNotFound(err) { // the cache may be behind the registration
		node, err = f.beats.CoreV1().Nodes().Get(ctx, m.Name, metav1.GetOptions{})
	}
	if err != nil {
		return err
	}
	status := m.status(f.Port())
	status.Conditions = conditions(node.Status.Conditions, ready, now)
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = f.beats.CoreV1().Nodes().Patch(ctx, m.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// nodeDeleted silences the kubelet of a Node that somebody deleted.
func (f *Fleet) nodeDeleted(obj any) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	node, ok := obj.(*corev1.Node)
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if m := f.machines[node.Name]; m != nil && m.registered && m.uid == node.UID {
		m.lost = true
	}
}
