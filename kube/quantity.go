package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	podresources "k8s.io/component-helpers/resource"

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

// countable tells whether a container can ask for the resource.
func countable(name corev1.ResourceName) bool {
	switch name {
	case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return true
	}
	return strings.Contains(string(name), "/") || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// quantityProblems names the quantities of a pod that no API server would have
// taken; limits count where a request is missing.
func quantityProblems(p *corev1.Pod) []string {
	var out []string
	look := func(path string, list, instead corev1.ResourceList, known func(corev1.ResourceName) bool) {
		for name, q := range list {
			if _, ok := instead[name]; ok {
				continue
			}
			at := path + "[" + string(name) + "]: "
			v := amount(name, q)
			switch {
			case !known(name):
				out = append(out, at+"no resource that can be asked for here")
			case v < 0:
				out = append(out, at+q.String()+" is negative")
			case v >= maxAmount:
				out = append(out, at+q.String()+" is more than any node has")
			}
		}
	}
	both := func(path string, r *corev1.ResourceRequirements, known func(corev1.ResourceName) bool) {
		look(path+".requests", r.Requests, nil, known)
		look(path+".limits", r.Limits, r.Requests, known)
	}
	for i := range p.Spec.InitContainers {
		both("spec.initContainers["+p.Spec.InitContainers[i].Name+"].resources", &p.Spec.InitContainers[i].Resources, countable)
	}
	for i := range p.Spec.Containers {
		both("spec.containers["+p.Spec.Containers[i].Name+"].resources", &p.Spec.Containers[i].Resources, countable)
	}
	if p.Spec.Resources != nil {
		both("spec.resources", p.Spec.Resources, podresources.IsSupportedPodLevelResource)
	}
	look("spec.overhead", p.Spec.Overhead, nil, countable)
	slices.Sort(out)
	return out
}
