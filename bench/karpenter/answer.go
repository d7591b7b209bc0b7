package karpenter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"
	karpscheduling "sigs.k8s.io/karpenter/pkg/scheduling"

	"github.com/ullage-sh/ullage/bench/record"
)

// Plan is the answer as a plan, each claim bought as its cheapest offering.
// Karpenter leaves the choice among a claim's offerings to the cloud; of those
// with the lowest price, the first by type, zone and capacity type is taken.
func (a *Answer) Plan(charge record.USD) *record.Plan {
	p := &record.Plan{Nodes: []record.Node{}, Unschedulable: []record.Unschedulable{}}
	for _, n := range a.results.ExistingNodes {
		if len(n.Pods) > 0 {
			p.Nodes = append(p.Nodes, existing(n))
		}
	}
	for _, c := range a.results.NewNodeClaims {
		p.Nodes = append(p.Nodes, bought(c))
	}
	for pod, err := range a.results.PodErrors {
		p.Unschedulable = append(p.Unschedulable, record.Unschedulable{Pod: record.PodID(pod), Reasons: []string{err.Error()}})
	}
	slices.SortFunc(p.Unschedulable, func(x, y record.Unschedulable) int { return strings.Compare(x.Pod, y.Pod) })
	name(p.Nodes)
	p.Price(charge)
	return p
}

// name names new nodes. Claims come in no lasting order: they are sorted by what they
// are and hold.
func name(nodes []record.Node) {
	slices.SortFunc(nodes, func(x, y record.Node) int {
		return cmp.Or(
			strings.Compare(x.Name, y.Name),
			strings.Compare(x.InstanceType, y.InstanceType), strings.Compare(x.Zone, y.Zone), strings.Compare(x.CapacityType, y.CapacityType),
			slices.Compare(x.Pods, y.Pods))
	})
	n := 0
	for i := range nodes {
		if !nodes[i].Existing {
			n++
			nodes[i].Name = fmt.Sprintf("karpenter-%05d", n)
		}
	}
}

func existing(n *scheduling.ExistingNode) record.Node {
	labels := n.Labels()
	return record.Node{
		Name: n.Name(), Pool: labels[karpv1.NodePoolLabelKey], InstanceType: labels[corev1.LabelInstanceTypeStable],
		Zone: labels[corev1.LabelTopologyZone], CapacityType: labels[karpv1.CapacityTypeLabelKey],
		Existing: true, Pods: ids(n.Pods), Alternatives: []record.Alternative{},
	}
}

func bought(c *scheduling.NodeClaim) record.Node {
	var all []record.Alternative
	for _, t := range c.InstanceTypeOptions {
		for _, o := range t.Offerings {
			if o.Available && c.Requirements.IsCompatible(o.Requirements, karpscheduling.AllowUndefinedWellKnownLabels) {
				all = append(all, record.Alternative{InstanceType: t.Name, Zone: o.Zone(), CapacityType: o.CapacityType(), Price: record.FromDollars(o.Price)})
			}
		}
	}
	slices.SortFunc(all, func(x, y record.Alternative) int {
		return cmp.Or(
			cmp.Compare(x.Price, y.Price),
			strings.Compare(x.InstanceType, y.InstanceType), strings.Compare(x.Zone, y.Zone), strings.Compare(x.CapacityType, y.CapacityType))
	})
	n := record.Node{Pool: c.NodePoolName, Pods: ids(c.Pods), Alternatives: []record.Alternative{}}
	if len(all) > 0 { // a claim without an offering keeps its name empty, which the checker reports
		n.InstanceType, n.Zone, n.CapacityType, n.Price = all[0].InstanceType, all[0].Zone, all[0].CapacityType, all[0].Price
		n.Alternatives = append(n.Alternatives, all[1:min(len(all), 1+record.MaxAlternatives)]...)
	}
	return n
}

func ids(pods []*corev1.Pod) []string {
	out := make([]string, len(pods))
	for i, p := range pods {
		out[i] = record.PodID(p)
	}
	slices.Sort(out)
	return out
}
