package replay

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/lab/oracle"
	"github.com/ullage-sh/ullage/solve"
)

// FromBench makes a case of what is measured side by side with Karpenter: the same
// objects, and the options with which our side plans.
func FromBench(in *record.Input) (*Case, error) {
	pool := kube.NodePool(in.NodePool)
	if pool.Invalid != "" {
		return nil, fmt.Errorf("NodePool %s: %s", pool.Name, pool.Invalid)
	}
	c := &Case{Name: in.Case, Options: solve.Options{NodeCharge: engine.NodeCharge}}
	if in.Preferences == record.Respect {
		c.Options.PreferencePrice = solve.Respect
	}
	o := &oracle.Objects{Pools: []*cluster.Pool{pool}, Nodes: in.Nodes}
	o.Pods = append(append(o.Pods, in.Running...), in.Pods...)
	seen := map[string]bool{}
	for _, p := range o.Pods {
		if !seen[p.Namespace] {
			seen[p.Namespace] = true
			o.Namespaces = append(o.Namespaces, &corev1.Namespace{})
			o.Namespaces[len(o.Namespaces)-1].Name = p.Namespace
		}
	}
	for _, t := range in.Types {
		o.Types = append(o.Types, instanceType(t))
	}
	c.Objects = o
	return c, nil
}

func instanceType(t record.Type) cluster.InstanceType {
	out := cluster.InstanceType{Name: t.Name, Labels: t.Labels, Capacity: amounts(t.Capacity), Allocatable: amounts(t.Allocatable)}
	for _, o := range t.Offerings {
		out.Offerings = append(out.Offerings, cluster.Offering{Zone: o.Zone, CapacityType: o.CapacityType, Price: cluster.Money(o.Price), Imputed: o.Imputed, Available: true})
	}
	return out
}

func amounts(list corev1.ResourceList) cluster.Resources {
	m := map[string]int64{}
	for name, q := range list {
		m[string(name)] = q.Value()
		if name == corev1.ResourceCPU {
			m[string(name)] = q.MilliValue()
		}
	}
	return cluster.NewResources(m)
}
