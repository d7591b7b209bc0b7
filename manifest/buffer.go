package manifest

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	autoscalingv1beta1 "sigs.k8s.io/karpenter/pkg/apis/autoscaling/v1beta1"
)

// buffer files a CapacityBuffer, and a pod that waits for each of its chunks: room that
// is to be kept free is bought, or found, as room for pods is.
func (c *Collector) buffer(out *Objects, o *autoscalingv1beta1.CapacityBuffer) {
	o.UID = types.UID(c.uid(o))
	b := c.convert.CapacityBuffer(o, func(kind, name string) (metav1.Object, error) {
		if found := c.kept[kind+" "+o.Namespace+"/"+name].object; found != nil {
			return found, nil
		}
		return nil, nil
	})
	switch {
	case b == nil:
		c.note("CapacityBuffer %s/%s is another autoscaler's: its strategy is %s", o.Namespace, o.Name, *o.Spec.ProvisioningStrategy)
		return
	case b.Problem.Reason != "":
		c.note("CapacityBuffer %s is not planned for: %s", b.ID(), b.Problem.Message)
	}
	out.Buffers = append(out.Buffers, b)
	out.Pods = append(out.Pods, b.Pods(1)...)
}
