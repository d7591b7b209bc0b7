package kube

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ullage-sh/ullage/cluster"
)

// maxAmount is what larger quantities are cut to: large enough to fit nowhere
// (8 PiB, or nine billion cores), small enough for all of a node's pods to be added
// up.
const maxAmount = int64(1) << 53

// amount is a quantity in the unit of cluster.Amount, rounded up as the scheduler
// does.
func amount(name corev1.ResourceName, q resource.Quantity) int64 {
	limit := maxAmount
	if name == corev1.ResourceCPU {
		limit /= 1000
	}
	switch {
	case q.Cmp(*resource.NewQuantity(limit, resource.DecimalSI)) > 0:
		return maxAmount
	case q.Cmp(*resource.NewQuantity(-limit, resource.DecimalSI)) < 0:
		return -maxAmount
	case name == corev1.ResourceCPU:
		return q.MilliValue()
	}
	return q.Value()
}

func resources(list corev1.ResourceList) cluster.Resources {
	m := make(map[string]int64, len(list))
	for name, q := range list {
		m[string(name)] = amount(name, q)
	}
	return cluster.NewResources(m)
}

func resourceList(r cluster.Resources) corev1.ResourceList {
	list := make(corev1.ResourceList, len(r))
	for _, a := range r {
		list[corev1.ResourceName(a.Name)] = quantity(a)
	}
	return list
}

func quantity(a cluster.Amount) resource.Quantity {
	switch a.Name {
	case cluster.CPU:
		return *resource.NewMilliQuantity(a.Value, resource.DecimalSI)
	case cluster.Memory, cluster.EphemeralStorage:
		return *resource.NewQuantity(a.Value, resource.BinarySI)
	}
	return *resource.NewQuantity(a.Value, resource.DecimalSI)
}
