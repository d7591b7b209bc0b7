package view

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// Score holds what a cluster costs against the least that its pods could cost.
type Score struct {
	Nodes int   // bought ones
	Price Price // of those
	// Bound is proven: no set of nodes that the pools may buy holds the same pods
	// for less, the nodes that nobody bought given.
	Bound cluster.Money
}

// NewScore scores the cluster of in: all pods on bought nodes are put back in the
// queue, the nodes taken away, and the solver asked what the least cost is. It
// takes as long as a plan for all pods.
func NewScore(in cluster.Input) Score {
	var s Score
	bought := map[string]bool{} // provider ids
	for _, c := range in.Claims {
		s.Nodes++
		price, imputed, _ := cluster.Price(in.Types[c.Class], cluster.OfferingID{
			InstanceType: c.Labels[cluster.LabelInstanceType], Zone: c.Labels[cluster.LabelZone], CapacityType: c.Labels[cluster.LabelCapacityType],
		})
		s.Price = s.Price.Plus(priceOf(price, imputed))
		bought[c.ProviderID] = true
	}
	gone := map[string]bool{} // node names
	rest := in
	rest.Claims, rest.Nodes, rest.Pods, rest.Promised = nil, nil, nil, nil
	for _, n := range in.Nodes {
		if n.ProviderID != "" && bought[n.ProviderID] {
			gone[n.Name] = true
		} else {
			rest.Nodes = append(rest.Nodes, n)
		}
	}
	for _, p := range in.Pods {
		switch {
		case !gone[p.Node]:
			rest.Pods = append(rest.Pods, p)
		case p.Occupies():
			waiting := *p
			waiting.Node, waiting.UnschedulableSince, waiting.Nominated = "", 1, ""
			rest.Pods = append(rest.Pods, &waiting)
		}
	}
	s.Bound = solve.Solve(cluster.NewSnapshot(rest), solve.Options{}).Bound
	return s
}

// Gap is how far the price is above the bound, as a fraction; 0 when there is
// nothing to pay for.
func (s Score) Gap() float64 {
	if s.Bound <= 0 {
		return 0
	}
	return float64(s.Price.PerHour)/float64(s.Bound) - 1
}
