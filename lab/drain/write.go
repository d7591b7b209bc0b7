package drain

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// keepOff lets no new pods come to a node, and no traffic of load balancers, or lets them
// come again. The wish is forgotten when the node is as it should be, or gone.
func (n *Nodes) keepOff(ctx context.Context, name string, cordoned bool) error {
	found, err := n.nodes.Get(name)
	if apierrors.IsNotFound(err) {
		n.settled(name, cordoned)
		return nil
	}
	if err != nil {
		return err
	}
	_, labelled := found.Labels[corev1.LabelNodeExcludeBalancers]
	if found.Spec.Unschedulable == cordoned && labelled == cordoned {
		n.settled(name, cordoned)
		return nil
	}
	label := "null"
	if cordoned {
		label = `"true"`
	}
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%s}},"spec":{"unschedulable":%v}}`, corev1.LabelNodeExcludeBalancers, label, cordoned)
	_, err = n.client.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if gone(err) {
		return nil
	}
	return err
}

// settled forgets that a node was to be cordoned, or not.
func (n *Nodes) settled(name string, cordoned bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if w := n.wishes[name]; w != nil && w.cordoned != nil && *w.cordoned == cordoned {
		w.cordoned = nil
	}
}

// ask asks a pod to leave: by an eviction, which a disruption budget may refuse for now,
// or by deleting it.
func (n *Nodes) ask(ctx context.Context, p *corev1.Pod, force bool) error {
	same := metav1.NewUIDPreconditions(string(p.UID))
	if force {
		err := n.client.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{Preconditions: same})
		if gone(err) || apierrors.IsConflict(err) {
			return nil
		}
		return err
	}
	err := n.client.PolicyV1().Evictions(p.Namespace).Evict(ctx, &policyv1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name}, DeleteOptions: &metav1.DeleteOptions{Preconditions: same},
	})
	if gone(err) || apierrors.IsConflict(err) || apierrors.IsTooManyRequests(err) {
		return nil
	}
	return err
}
