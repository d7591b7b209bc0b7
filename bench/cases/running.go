package cases

import (
	"time"

	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

// testClass is the node class of Karpenter's own tests: its core knows no cloud.
var testClass = karpv1.NodeClassReference{Group: "karpenter.test.sh", Kind: "TestNodeClass", Name: "default"}

// now is when clusters that run are looked at, long after their nodes came.
var now = metav1.NewTime(created.Add(24 * time.Hour))

// running is a cluster in the making.
type running struct {
	*world
	c *record.Cluster
}

func newRunning(name string, seed uint64) *running {
	return &running{world: newWorld(name, name, seed), c: &record.Cluster{Case: name, Seed: seed, Now: now}}
}

// pool adds a NodePool that gives back whatever is not worth its price, at once and
// without limits, unless change says otherwise.
func (r *running) pool(name string, change func(*karpv1.NodePool)) *karpv1.NodePool {
	np := newPool(&testClass)
	np.Name, np.UID = name, r.uid()
	np.Spec.Template.Labels = map[string]string{}
	np.Spec.Disruption.ConsolidateAfter = karpv1.MustParseNillableDuration("0s")
	np.Spec.Disruption.Budgets = []karpv1.Budget{{Nodes: "100%"}}
	np.Status.Conditions = conditions(karpv1.ConditionTypeValidationSucceeded, karpv1.ConditionTypeNodeClassReady, status.ConditionReady)
	if change != nil {
		change(np)
	}
	r.c.NodePools = append(r.c.NodePools, np)
	return np
}

// node adds a node that a pool has bought, and its claim.
func (r *running) node(name string, pool *karpv1.NodePool, t record.Type, o record.Offering) (*corev1.Node, *karpv1.NodeClaim) {
	labels := map[string]string{
		corev1.LabelHostname: name, corev1.LabelInstanceTypeStable: t.Name, corev1.LabelTopologyZone: o.Zone,
		karpv1.CapacityTypeLabelKey: o.CapacityType, karpv1.NodePoolLabelKey: pool.Name,
		karpv1.NodeRegisteredLabelKey: "true", karpv1.NodeInitializedLabelKey: "true",
	}
	for _, from := range []map[string]string{t.Labels, pool.Spec.Template.Labels} {
		for k, v := range from {
			labels[k] = v
		}
	}
	id := "test:///" + o.Zone + "/" + name
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: r.uid(), Labels: labels, CreationTimestamp: created},
		Spec:       corev1.NodeSpec{ProviderID: id, Taints: pool.Spec.Template.Spec.Taints},
		Status: corev1.NodeStatus{
			Capacity: t.Capacity, Allocatable: t.Allocatable,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: created}},
		},
	}
	// A claim's labels are the requirements that it was launched with, resolved.
	own := map[string]string{}
	for k, v := range labels {
		if k != corev1.LabelHostname && k != karpv1.NodeRegisteredLabelKey && k != karpv1.NodeInitializedLabelKey {
			own[k] = v
		}
	}
	claim := &karpv1.NodeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "claim-" + name, UID: r.uid(), Labels: own, CreationTimestamp: created, Generation: 1},
		Spec: karpv1.NodeClaimSpec{
			NodeClassRef: pool.Spec.Template.Spec.NodeClassRef, Taints: pool.Spec.Template.Spec.Taints,
			ExpireAfter: karpv1.MustParseNillableDuration("Never"),
		},
		Status: karpv1.NodeClaimStatus{
			NodeName: name, ProviderID: id, Capacity: t.Capacity, Allocatable: t.Allocatable,
			Conditions: conditions(karpv1.ConditionTypeLaunched, karpv1.ConditionTypeRegistered, karpv1.ConditionTypeInitialized, status.ConditionReady, karpv1.ConditionTypeConsolidatable),
		},
	}
	r.c.Nodes, r.c.Claims = append(r.c.Nodes, n), append(r.c.Claims, claim)
	return n, claim
}

// conditions are true since the beginning.
func conditions(types ...string) []status.Condition {
	var out []status.Condition
	for _, t := range types {
		out = append(out, status.Condition{Type: t, Status: metav1.ConditionTrue, Reason: t, LastTransitionTime: created, ObservedGeneration: 1})
	}
	return out
}

// runs adds a pod of a ReplicaSet to a node.
func (r *running) runs(name, app string, labels map[string]string, q requests, n *corev1.Node, change func(*corev1.PodSpec)) *corev1.Pod {
	p := r.pod(name, labels, q, change)
	p.Spec.NodeName = n.Name
	yes := true
	p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: app, UID: "00000000-0000-4000-8000-000000000002", Controller: &yes}}
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, StartTime: &created,
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: created},
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: created},
		},
	}
	r.c.Pods = append(r.c.Pods, p)
	return p
}
