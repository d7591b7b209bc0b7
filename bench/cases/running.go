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
	n, claim := record.NewNode(name, pool, &t, o, created)
	n.UID, claim.UID = r.uid(), r.uid()
	r.c.Nodes, r.c.Claims = append(r.c.Nodes, n), append(r.c.Claims, claim)
	return n, claim
}

// conditions are true since the beginning.
func conditions(types ...string) []status.Condition { return record.Conditions(created, types...) }

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
