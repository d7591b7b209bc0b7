package kube

import (
	"context"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// reservedToleration lets a pod onto the node of a claim while that is reserved.
func reservedToleration(claim string) corev1.Toleration {
	t := cluster.ReservedTaint(claim)
	return corev1.Toleration{Key: t.Key, Operator: corev1.TolerationOpEqual, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)}
}

// isReserved tells such tolerations from those that people write.
func isReserved(t corev1.Toleration) bool {
	return t.Key == cluster.ReservedKey && (t.Operator == corev1.TolerationOpEqual || t.Operator == "") && t.Effect == corev1.TaintEffectNoSchedule
}

// withoutReserved is the pod as it was written, without the tolerations it was given
// since, and the values of those: pods that were alike stay so.
func withoutReserved(p *corev1.Pod) (_ *corev1.Pod, reserved []string) {
	if !slices.ContainsFunc(p.Spec.Tolerations, isReserved) {
		return p, nil
	}
	was := &corev1.Pod{ObjectMeta: p.ObjectMeta, Spec: p.Spec, Status: p.Status}
	was.Spec.Tolerations = nil
	for _, t := range p.Spec.Tolerations {
		if isReserved(t) {
			reserved = append(reserved, t.Value)
		} else {
			was.Spec.Tolerations = append(was.Spec.Tolerations, t)
		}
	}
	return was, reserved
}

var errChanged = errors.New("it has changed since it was planned for")

// tolerate adds a toleration to a pod, which is all that the API server lets anybody
// change of where it may go. The whole list has to be written, so it is read at the same
// revision.
func (c *Cluster) tolerate(ctx context.Context, f engine.Tolerate) (client.Object, error) {
	var now corev1.Pod
	if err := c.cache.Get(ctx, client.ObjectKey{Namespace: f.Namespace, Name: f.Name}, &now); err != nil {
		return nil, err
	}
	if now.UID != types.UID(f.UID) || now.ResourceVersion != f.Revision {
		return nil, apierrors.NewConflict(corev1.Resource("pods"), f.Name, errChanged)
	}
	return c.patch(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: f.Name}}, map[string]any{
		"metadata": map[string]any{"uid": f.UID, "resourceVersion": f.Revision},
		"spec":     map[string]any{"tolerations": append(slices.Clone(now.Spec.Tolerations), reservedToleration(f.Claim))},
	})
}
