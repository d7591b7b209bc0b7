package manifest

import (
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/ullage-sh/ullage/cluster"
)

// claimDevices makes the ResourceClaims of a pod from their templates, as a controller
// would. Without its template a claim is never made, and the pod waits.
func (c *Collector) claimDevices(p *cluster.Pod, spec *corev1.PodSpec) {
	for i := range spec.ResourceClaims {
		use := &spec.ResourceClaims[i]
		if use.ResourceClaimTemplateName == nil || p.Claims[i] != cluster.NotMade {
			continue
		}
		template, ok := c.kept["ResourceClaimTemplate "+p.Namespace+"/"+*use.ResourceClaimTemplateName].object.(*resourcev1.ResourceClaimTemplate)
		if !ok {
			continue
		}
		claim := &resourcev1.ResourceClaim{Spec: template.Spec.Spec}
		claim.Namespace, claim.Name = p.Namespace, p.Name+"-"+use.Name
		claim.OwnerReferences = []metav1.OwnerReference{{Kind: "Pod", UID: types.UID(p.UID), Controller: ptr.To(true)}}
		claim.SetGroupVersionKind(resourcev1.SchemeGroupVersion.WithKind("ResourceClaim"))
		if _, there := c.kept[nameOf(claim)]; !there {
			c.kept[nameOf(claim)] = held{object: claim}
		}
		p.Claims[i] = claim.Name
	}
}
