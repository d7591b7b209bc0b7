package lab

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/provider/simulated"
)

// forgetNode deletes the node of a machine that is gone, as the controller of AWS's cloud
// does it in a cluster on EKS. Those of NodePools are Ullage's to delete.
func forgetNode(ctx context.Context, c client.Client, m simulated.Machine) error {
	var n corev1.Node
	if err := c.Get(ctx, client.ObjectKey{Name: m.Name}, &n); err != nil {
		return client.IgnoreNotFound(err)
	}
	if n.Spec.ProviderID != m.ProviderID || n.Labels[karpv1.NodePoolLabelKey] != "" {
		return nil
	}
	return client.IgnoreNotFound(c.Delete(ctx, &n))
}
