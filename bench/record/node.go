package record

import (
	"github.com/awslabs/operatorpkg/status"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// NewNode is a node that a pool has bought, and its claim: up since born, and ready.
func NewNode(name string, pool *karpv1.NodePool, t *Type, o Offering, born metav1.Time) (*corev1.Node, *karpv1.NodeClaim) {
	// A claim's labels are the requirements that it was launched with, resolved; its node
	// has those of the kubelet and of Karpenter's life cycle besides.
	own := map[string]string{
		corev1.LabelInstanceTypeStable: t.Name, corev1.LabelTopologyZone: o.Zone,
		karpv1.CapacityTypeLabelKey: o.CapacityType, karpv1.NodePoolLabelKey: pool.Name,
	}
	labels := map[string]string{corev1.LabelHostname: name, karpv1.NodeRegisteredLabelKey: "true", karpv1.NodeInitializedLabelKey: "true"}
	for _, from := range []map[string]string{t.Labels, pool.Spec.Template.Labels} {
		for k, v := range from {
			own[k] = v
		}
	}
	for k, v := range own {
		labels[k] = v
	}
	id := "test:///" + o.Zone + "/" + name
	n := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: labels, CreationTimestamp: born},
		Spec:       corev1.NodeSpec{ProviderID: id, Taints: pool.Spec.Template.Spec.Taints},
		Status: corev1.NodeStatus{
			Capacity: t.Capacity, Allocatable: t.Allocatable,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastTransitionTime: born}},
		},
	}
	claim := &karpv1.NodeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "claim-" + name, UID: types.UID("claim-" + name), Labels: own, CreationTimestamp: born, Generation: 1},
		Spec: karpv1.NodeClaimSpec{
			NodeClassRef: pool.Spec.Template.Spec.NodeClassRef, Taints: pool.Spec.Template.Spec.Taints,
			ExpireAfter: karpv1.MustParseNillableDuration("Never"),
		},
		Status: karpv1.NodeClaimStatus{
			NodeName: name, ProviderID: id, Capacity: t.Capacity, Allocatable: t.Allocatable,
			Conditions: Conditions(born, karpv1.ConditionTypeLaunched, karpv1.ConditionTypeRegistered, karpv1.ConditionTypeInitialized, status.ConditionReady, karpv1.ConditionTypeConsolidatable),
		},
	}
	return n, claim
}

// Conditions are true since an instant.
func Conditions(since metav1.Time, types ...string) []status.Condition {
	var out []status.Condition
	for _, t := range types {
		out = append(out, status.Condition{Type: t, Status: metav1.ConditionTrue, Reason: t, LastTransitionTime: since, ObservedGeneration: 1})
	}
	return out
}

// Cost is what the cluster's nodes cost per hour. A node whose offering is not in the
// input costs nothing.
func (c *Cluster) Cost() USD {
	sum := USD(0)
	for _, n := range c.Nodes {
		sum += c.price(n)
	}
	return sum
}

func (c *Cluster) price(n *corev1.Node) USD {
	for i := range c.Types {
		if c.Types[i].Name != n.Labels[corev1.LabelInstanceTypeStable] {
			continue
		}
		for _, o := range c.Types[i].Offerings {
			if o.Zone == n.Labels[corev1.LabelTopologyZone] && o.CapacityType == n.Labels[karpv1.CapacityTypeLabelKey] {
				return o.Price
			}
		}
	}
	return 0
}
