package oracle

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Shrink makes a cluster smaller, object by object and field by field, as long as
// fails says that it still shows what is wrong. Pods for which keep is true stay,
// though not all that is in them.
func Shrink(o *Objects, keep func(*corev1.Pod) bool, fails func(*Objects) bool) *Objects {
	for {
		smaller := false
		try := func(c *Objects) bool {
			if fails(c) {
				o, smaller = c, true
				return true
			}
			return false
		}
		for i := len(o.Nodes) - 1; i >= 0; i-- {
			try(o.withoutNode(o.Nodes[i].Name))
		}
		for i := len(o.Pods) - 1; i >= 0; i-- {
			if !keep(o.Pods[i]) {
				c := o.Clone()
				c.Pods = slices.Delete(c.Pods, i, i+1)
				try(c)
			}
		}
		drop(&o, try, func(o *Objects) *[]*corev1.PersistentVolume { return &o.PersistentVolumes })
		drop(&o, try, func(o *Objects) *[]*corev1.PersistentVolumeClaim { return &o.PersistentVolumeClaims })
		drop(&o, try, func(o *Objects) *[]*resourcev1.ResourceClaim { return &o.ResourceClaims })
		drop(&o, try, func(o *Objects) *[]*resourcev1.ResourceSlice { return &o.ResourceSlices })
		shrinkRest(&o, try)
		for i := range o.Pods {
			for _, simpler := range simplerPods {
				for simplify(&o, try, func(o *Objects) **corev1.Pod { return &o.Pods[i] }, simpler) {
				}
			}
		}
		for i := range o.Nodes {
			for _, simpler := range simplerNodes {
				for simplify(&o, try, func(o *Objects) **corev1.Node { return &o.Nodes[i] }, simpler) {
				}
			}
		}
		if !smaller {
			return o
		}
	}
}

func (o *Objects) withoutNode(name string) *Objects {
	c := o.Clone()
	c.Nodes = slices.DeleteFunc(c.Nodes, func(n *corev1.Node) bool { return n.Name == name })
	c.Pods = slices.DeleteFunc(c.Pods, func(p *corev1.Pod) bool { return p.Spec.NodeName == name })
	return c
}

// drop leaves out one element of a list after the other.
func drop[T any](o **Objects, try func(*Objects) bool, list func(*Objects) *[]T) {
	for i := len(*list(*o)) - 1; i >= 0; i-- {
		c := (*o).Clone()
		*list(c) = slices.Delete(*list(c), i, i+1)
		try(c)
	}
}

func shrinkRest(o **Objects, try func(*Objects) bool) {
	for i := len((*o).CSINodes) - 1; i >= 0; i-- {
		c := (*o).Clone()
		c.CSINodes = slices.Delete(c.CSINodes, i, i+1)
		try(c)
	}
	for i := len((*o).VolumeAttachments) - 1; i >= 0; i-- {
		c := (*o).Clone()
		c.VolumeAttachments = slices.Delete(c.VolumeAttachments, i, i+1)
		try(c)
	}
	for i := len((*o).StorageClasses) - 1; i >= 0; i-- {
		c := (*o).Clone()
		c.StorageClasses = slices.Delete(c.StorageClasses, i, i+1)
		try(c)
	}
	for i := len((*o).Pools) - 1; i >= 0; i-- {
		c := (*o).Clone()
		c.Pools = slices.Delete(c.Pools, i, i+1)
		try(c)
	}
}

// simplify tries one change of one object.
func simplify[T interface {
	*corev1.Pod | *corev1.Node
	DeepCopy() T
}](o **Objects, try func(*Objects) bool, at func(*Objects) *T, change func(T) bool) bool {
	c := (*o).Clone()
	x := (*at(c)).DeepCopy()
	if !change(x) {
		return false
	}
	*at(c) = x
	return try(c)
}

// last cuts the last element off a list.
func last[T any](list *[]T) bool {
	if len(*list) == 0 {
		return false
	}
	*list = (*list)[:len(*list)-1]
	return true
}

// first cuts the first element off a list.
func first[T any](list *[]T) bool {
	if len(*list) == 0 {
		return false
	}
	*list = (*list)[1:]
	return true
}

// unset sets what is not zero to zero.
func unset[T comparable](x *T) bool {
	var zero T
	was := *x
	*x = zero
	return was != zero
}

// simplerPods are changes that make a pod simpler; each says whether there was
// anything to change.
var simplerPods = []func(*corev1.Pod) bool{
	func(p *corev1.Pod) bool { return last(&p.Spec.Volumes) },
	func(p *corev1.Pod) bool { return first(&p.Spec.Volumes) },
	func(p *corev1.Pod) bool { return last(&p.Spec.TopologySpreadConstraints) },
	func(p *corev1.Pod) bool { return first(&p.Spec.TopologySpreadConstraints) },
	func(p *corev1.Pod) bool { return last(&p.Spec.Tolerations) },
	func(p *corev1.Pod) bool { return last(&p.Spec.InitContainers) },
	func(p *corev1.Pod) bool { return len(p.Spec.Containers) > 1 && last(&p.Spec.Containers) },
	func(p *corev1.Pod) bool { return unset(&p.Spec.Affinity) },
	func(p *corev1.Pod) bool { return p.Spec.Affinity != nil && unset(&p.Spec.Affinity.NodeAffinity) },
	func(p *corev1.Pod) bool { return p.Spec.Affinity != nil && unset(&p.Spec.Affinity.PodAffinity) },
	func(p *corev1.Pod) bool { return p.Spec.Affinity != nil && unset(&p.Spec.Affinity.PodAntiAffinity) },
	func(p *corev1.Pod) bool { return unset(&p.Spec.Resources) },
	func(p *corev1.Pod) bool { return unset(&p.Spec.Priority) },
	func(p *corev1.Pod) bool { return unset(&p.Spec.HostNetwork) },
	func(p *corev1.Pod) bool { return clearMap(&p.Spec.Overhead) },
	func(p *corev1.Pod) bool { return clearMap(&p.Spec.NodeSelector) },
	func(p *corev1.Pod) bool { return clearMap(&p.Labels) },
	func(p *corev1.Pod) bool { return last(&p.OwnerReferences) },
	func(p *corev1.Pod) bool { return last(&p.Status.ContainerStatuses) },
	func(p *corev1.Pod) bool {
		for i := range p.Spec.Containers {
			if last(&p.Spec.Containers[i].Ports) {
				return true
			}
		}
		return false
	},
	func(p *corev1.Pod) bool {
		for i := range p.Spec.Containers {
			for name := range p.Spec.Containers[i].Resources.Requests {
				delete(p.Spec.Containers[i].Resources.Requests, name)
				return true
			}
		}
		return false
	},
	func(p *corev1.Pod) bool {
		a := p.Spec.Affinity
		return a != nil && a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 1 && last(&a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
	},
	func(p *corev1.Pod) bool {
		a := p.Spec.Affinity
		return a != nil && a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 1 && last(&a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
	},
	func(p *corev1.Pod) bool { return unset(&p.DeletionTimestamp) },
}

var simplerNodes = []func(*corev1.Node) bool{
	func(n *corev1.Node) bool { return last(&n.Spec.Taints) },
	func(n *corev1.Node) bool { return first(&n.Spec.Taints) },
	func(n *corev1.Node) bool { return unset(&n.Spec.Unschedulable) },
	func(n *corev1.Node) bool { return clearMap(&n.Status.Capacity) },
	func(n *corev1.Node) bool { return clearMap(&n.Labels) },
	func(n *corev1.Node) bool { return dropLabel(&n.ObjectMeta) },
}

func clearMap[K comparable, V any, M ~map[K]V](m *M) bool {
	if len(*m) == 0 {
		return false
	}
	*m = nil
	return true
}

// dropLabel drops the first label by name that has no alias, or an alias.
func dropLabel(m *metav1.ObjectMeta) bool {
	for _, key := range [...]string{"rack", "disk", "generation"} {
		if _, ok := m.Labels[key]; ok {
			delete(m.Labels, key)
			return true
		}
	}
	return false
}
