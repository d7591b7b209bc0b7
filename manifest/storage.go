package manifest

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/ullage-sh/ullage/cluster"
)

// ebs is the provisioner that a StorageClass is assumed to have where the input has
// none at all.
const ebs = "ebs.csi.aws.com"

// claim keeps a claim that a controller would make, unless it is in the input. owner
// is the UID of the pod that it is made for and goes with, "" for none.
func (c *Collector) claim(namespace, name string, spec corev1.PersistentVolumeClaimSpec, owner string) {
	claim := &corev1.PersistentVolumeClaim{Spec: spec}
	if owner != "" {
		claim.OwnerReferences = []metav1.OwnerReference{{Kind: "Pod", UID: types.UID(owner), Controller: ptr.To(true)}}
	}
	claim.Namespace, claim.Name = namespace, name
	claim.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"))
	if _, there := c.kept[nameOf(claim)]; !there {
		c.kept[nameOf(claim)] = held{object: claim}
	}
}

// ephemeral keeps the claims of the generic ephemeral volumes of a pod.
func (c *Collector) ephemeral(p *cluster.Pod, spec *corev1.PodSpec) {
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil {
			c.claim(p.Namespace, p.Name+"-"+v.Name, v.Ephemeral.VolumeClaimTemplate.Spec, p.UID)
		}
	}
}

// settleStorage does for claims that no cluster has seen what one would do before
// the scheduler looks: a claim that names no class gets the default one. loose are
// those claims.
func (c *Collector) settleStorage(out *Objects, loose []*cluster.PersistentVolumeClaim) {
	classes := map[string]*cluster.StorageClass{}
	fallback := ""
	for _, s := range out.StorageClasses {
		classes[s.Name] = s
		if s.Default && (fallback == "" || s.Name < fallback) {
			fallback = s.Name
		}
	}
	none := len(out.StorageClasses) == 0
	assumed, immediate := map[string]bool{}, map[string]bool{}
	for _, claim := range loose {
		if claim.StorageClass == "" {
			claim.StorageClass = fallback
		}
		switch class := classes[claim.StorageClass]; {
		case class == nil && none:
			assumed[claim.StorageClass] = true
		case class != nil && !class.WaitForConsumer:
			immediate[class.Name] = true
			claim.StorageClass = class.Name + asIfWaiting
		}
	}
	for _, name := range slices.Sorted(maps.Keys(assumed)) {
		out.StorageClasses = append(out.StorageClasses, &cluster.StorageClass{Name: name, Provisioner: ebs, WaitForConsumer: true})
	}
	if len(assumed) > 0 {
		c.note("no StorageClass in the input: volumes%s are taken to be made by %s where their pods run", named(assumed), ebs)
	}
	for _, name := range slices.Sorted(maps.Keys(immediate)) {
		waits := *classes[name]
		waits.Name, waits.WaitForConsumer = name+asIfWaiting, true
		out.StorageClasses = append(out.StorageClasses, &waits)
		c.note("StorageClass %s makes volumes before their pods are scheduled, in zones that nobody knows yet: planned as if the pods chose", name)
	}
}

// asIfWaiting marks the twin of a StorageClass that waits for the first consumer. No
// real class can be called that.
const asIfWaiting = " (as if it waited for its consumer)"

func named(set map[string]bool) string {
	names := slices.Sorted(maps.Keys(set))
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	if len(names) == 0 {
		return ""
	}
	return " of class " + strings.Join(names, ", ")
}
