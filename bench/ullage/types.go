package ullage

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/cluster"
)

func instanceType(t record.Type) (cluster.InstanceType, error) {
	out := cluster.InstanceType{Name: t.Name, Labels: t.Labels, Capacity: resources(t.Capacity), Allocatable: resources(t.Allocatable)}
	if back := list(out.Allocatable); !record.SameResources(back, t.Allocatable) {
		return out, fmt.Errorf("instance type %s: Ullage gives pods %v, the input %v", t.Name, back, t.Allocatable)
	}
	for _, o := range t.Offerings {
		out.Offerings = append(out.Offerings, cluster.Offering{
			Zone: o.Zone, CapacityType: o.CapacityType, Price: cluster.Money(o.Price), Imputed: o.Imputed, Available: true,
		})
	}
	return out, nil
}

func resources(list corev1.ResourceList) cluster.Resources {
	m := make(map[string]int64, len(list))
	for name, q := range list {
		if name == corev1.ResourceCPU {
			m[string(name)] = q.MilliValue()
		} else {
			m[string(name)] = q.Value()
		}
	}
	return cluster.NewResources(m)
}

// list is the inverse of resources: it shows what rounding has changed.
func list(r cluster.Resources) corev1.ResourceList {
	out := make(corev1.ResourceList, len(r))
	for _, a := range r {
		if a.Name == cluster.CPU {
			out[corev1.ResourceCPU] = *resource.NewMilliQuantity(a.Value, resource.DecimalSI)
		} else {
			out[corev1.ResourceName(a.Name)] = *resource.NewQuantity(a.Value, resource.DecimalSI)
		}
	}
	return out
}
