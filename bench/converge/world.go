package converge

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/sim/schedule"
)

// every is how long it is from one step to the next.
const every = 10 * time.Minute

// world is a cluster that changes.
type world struct {
	*record.Cluster
	provision func(*cluster.Snapshot) *plan.Plan
	reserves  bool // new nodes are kept for the pods that they were bought for
	bred      int
	evicted   int
	waiting   []*corev1.Pod // that have no place
}

func newWorld(c *record.Cluster, side Side) *world {
	d := *c
	d.Nodes, d.Claims, d.Pods = slices.Clone(c.Nodes), slices.Clone(c.Claims), slices.Clone(c.Pods)
	return &world{Cluster: &d, provision: side.provision, reserves: side.reserves}
}

// apply carries decisions out: what is bought comes, what goes loses its pods, and these
// find places, or get nodes.
func (w *world) apply(decisions []*record.Decision) error {
	w.wait()
	gone, meant := map[string]bool{}, map[string]string{}
	for _, d := range decisions {
		for i := range d.Plan.Nodes {
			n := &d.Plan.Nodes[i]
			if n.Existing {
				continue
			}
			name, err := w.buy(n)
			if err != nil {
				return err
			}
			for _, id := range n.Pods {
				if w.reserves {
					meant[id] = name
				}
			}
		}
		for _, name := range d.Gone {
			gone[name] = true
		}
	}
	w.Nodes = slices.DeleteFunc(w.Nodes, func(n *corev1.Node) bool { return gone[n.Name] })
	w.Claims = slices.DeleteFunc(w.Claims, func(c *karpv1.NodeClaim) bool { return gone[c.Status.NodeName] })
	w.Pods = slices.DeleteFunc(w.Pods, func(p *corev1.Pod) bool {
		if gone[p.Spec.NodeName] && record.ComesBack(p) {
			w.waiting = append(w.waiting, unbound(p))
			w.evicted++
		}
		return gone[p.Spec.NodeName]
	})
	if err := w.schedule(meant); err != nil || len(w.waiting) == 0 {
		return err
	}
	if err := w.supply(); err != nil {
		return err
	}
	return w.schedule(nil)
}

// wait lets the time pass to the next step.
func (w *world) wait() { w.Now = metav1.NewTime(w.Now.Add(every)) }

// unbound is a pod as its controller makes it anew.
func unbound(p *corev1.Pod) *corev1.Pod {
	p = p.DeepCopy()
	p.Spec.NodeName = ""
	p.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}}}
	return p
}

// buy adds a node as a plan names it.
func (w *world) buy(n *record.Node) (name string, err error) {
	pool := slices.IndexFunc(w.NodePools, func(p *karpv1.NodePool) bool { return p.Name == n.Pool })
	t := slices.IndexFunc(w.Types, func(t record.Type) bool { return t.Name == n.InstanceType })
	if pool < 0 || t < 0 {
		return "", fmt.Errorf("a %s of pool %q is to be bought: there is no such type or pool", n.InstanceType, n.Pool)
	}
	w.bred++
	name = fmt.Sprintf("new-%03d", w.bred)
	node, claim := record.NewNode(name, w.NodePools[pool], &w.Types[t], record.Offering{Zone: n.Zone, CapacityType: n.CapacityType}, w.Now)
	w.Nodes, w.Claims = append(w.Nodes, node), append(w.Claims, claim)
	return name, nil
}

// schedule puts pods that wait on nodes as the kube-scheduler does. Those that are meant
// for a node that is reserved for them come first, and go there.
func (w *world) schedule(meant map[string]string) error {
	if len(w.waiting) == 0 {
		return nil
	}
	all := *w.Cluster
	all.Pods = slices.Concat(w.Pods, w.waiting)
	in, err := ullage.Records(&all)
	if err != nil {
		return err
	}
	s := schedule.NewCache(rand.New(rand.NewPCG(w.Seed, uint64(w.bred))))
	for _, n := range in.Nodes {
		s.SetNode(n)
	}
	for _, p := range in.Pods[:len(w.Pods)] {
		s.SetPod(p)
	}
	where := map[string]string{} // by UID
	come := in.Pods[len(w.Pods):]
	for _, p := range come {
		if name := meant[p.ID()]; name != "" && s.PlaceOn(p, name) {
			where[p.UID] = name
		}
	}
	for _, p := range come {
		if where[p.UID] == "" {
			where[p.UID] = s.Place(p)
		}
	}
	w.settle(where)
	return nil
}

// settle notes where pods have been placed.
func (w *world) settle(where map[string]string) {
	touched := map[string]bool{}
	w.waiting = slices.DeleteFunc(w.waiting, func(p *corev1.Pod) bool {
		name := where[string(p.UID)]
		if name == "" {
			return false
		}
		p.Spec.NodeName = name
		p.Status = corev1.PodStatus{Phase: corev1.PodRunning, StartTime: &w.Now, Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: corev1.ConditionTrue},
		}}
		w.Pods = append(w.Pods, p)
		touched[name] = true
		return true
	})
	for i, c := range w.Claims {
		if touched[c.Status.NodeName] {
			w.Claims[i] = c.DeepCopy()
			w.Claims[i].Status.LastPodEventTime = w.Now
		}
	}
}

// supply buys nodes for pods that have no place.
func (w *world) supply() error {
	all := *w.Cluster
	all.Pods = slices.Concat(w.Pods, w.waiting)
	in, err := ullage.Records(&all)
	if err != nil {
		return err
	}
	p := w.provision(cluster.NewSnapshot(in))
	for _, c := range p.Creates {
		o := c.Offerings[0]
		if _, err := w.buy(&record.Node{Pool: c.Pool, InstanceType: o.InstanceType, Zone: o.Zone, CapacityType: o.CapacityType}); err != nil {
			return err
		}
	}
	return nil
}
