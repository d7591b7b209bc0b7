package ullage

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// Plan is the answer as a plan.
func (a *Answer) Plan(s *Side, charge record.USD) *record.Plan {
	out := &record.Plan{Nodes: []record.Node{}, Unschedulable: []record.Unschedulable{}}
	prices := priceList(s.in.Types)
	for i, c := range a.plan.Creates {
		out.Nodes = append(out.Nodes, bought(fmt.Sprintf("ullage-%05d", i+1), c, prices))
	}
	labels := map[string]cluster.Labels{}
	for _, n := range s.in.Nodes {
		labels[n.Name] = n.Labels
	}
	out.Nodes = append(out.Nodes, placed(a.plan.Placements, labels)...)
	for _, u := range a.plan.Unplaced {
		reasons := []string{plan.Explain(u.Reasons)}
		for _, p := range u.Pods {
			out.Unschedulable = append(out.Unschedulable, record.Unschedulable{Pod: p.ID(), Reasons: reasons})
		}
	}
	slices.SortFunc(out.Unschedulable, func(x, y record.Unschedulable) int { return strings.Compare(x.Pod, y.Pod) })
	for _, p := range a.plan.Late {
		out.Late = append(out.Late, p.ID())
	}
	out.Price(charge)
	out.SetBound(record.USD(a.plan.Bound))
	return out
}

// priceList is what every offering costs.
func priceList(types []record.Type) map[cluster.OfferingID]record.USD {
	prices := map[cluster.OfferingID]record.USD{}
	for _, t := range types {
		for _, o := range t.Offerings {
			prices[cluster.OfferingID{InstanceType: t.Name, Zone: o.Zone, CapacityType: o.CapacityType}] = o.Price
		}
	}
	return prices
}

func bought(name string, c plan.Create, prices map[cluster.OfferingID]record.USD) record.Node {
	o := c.Offerings[0]
	n := record.Node{
		Name: name, Pool: c.Pool, InstanceType: o.InstanceType, Zone: o.Zone, CapacityType: o.CapacityType,
		Price: record.USD(c.Price), Pods: ids(c.Pods), Alternatives: []record.Alternative{},
	}
	for _, o := range c.Offerings[1:min(len(c.Offerings), 1+record.MaxAlternatives)] {
		n.Alternatives = append(n.Alternatives, record.Alternative{InstanceType: o.InstanceType, Zone: o.Zone, CapacityType: o.CapacityType, Price: prices[o]})
	}
	return n
}

// placed are the hosts that get pods; a host can have several placements, one for
// each class.
func placed(placements []plan.Placement, labels map[string]cluster.Labels) []record.Node {
	var out []record.Node
	index := map[string]int{}
	for _, p := range placements {
		i, known := index[p.Host]
		if !known {
			i = len(out)
			index[p.Host] = i
			l := labels[p.Host]
			out = append(out, record.Node{
				Name: p.Host, Pool: l[cluster.LabelNodePool], InstanceType: l[cluster.LabelInstanceType],
				Zone: l[cluster.LabelZone], CapacityType: l[cluster.LabelCapacityType],
				Existing: true, Alternatives: []record.Alternative{},
			})
		}
		out[i].Pods = append(out[i].Pods, ids(p.Pods)...)
	}
	for i := range out {
		slices.Sort(out[i].Pods)
	}
	return out
}

func ids(pods []*cluster.Pod) []string {
	out := make([]string, len(pods))
	for i, p := range pods {
		out[i] = p.ID()
	}
	slices.Sort(out)
	return out
}
