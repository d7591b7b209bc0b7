package ullage

import (
	"fmt"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// Records converts a cluster that runs, as the watches of the operator do.
func Records(c *record.Cluster) (cluster.Input, error) {
	var converter kube.Converter
	in := cluster.Input{Pods: converter.Pods(c.Pods), Types: map[cluster.ClassRef][]cluster.InstanceType{}}
	for _, np := range c.NodePools {
		p := kube.NodePool(np)
		if p.Invalid != "" {
			return in, fmt.Errorf("NodePool %s: %s", p.Name, p.Invalid)
		}
		in.Pools = append(in.Pools, p)
		if in.Types[p.Class] != nil {
			continue
		}
		for _, t := range c.Types {
			it, err := instanceType(t)
			if err != nil {
				return in, err
			}
			in.Types[p.Class] = append(in.Types[p.Class], it)
		}
	}
	for _, n := range c.Nodes {
		in.Nodes = append(in.Nodes, kube.Node(n))
	}
	for _, nc := range c.Claims {
		in.Claims = append(in.Claims, kube.NodeClaim(nc))
	}
	for _, b := range c.Budgets {
		in.Budgets = append(in.Budgets, kube.PodDisruptionBudget(b))
	}
	return in, nil
}

// Repack is one pass over records as the operator makes it, with the bound or without.
func Repack(in cluster.Input, c *record.Cluster, bound bool, charge record.USD) *plan.Repacking {
	o := repack.Options{Solve: solve.Options{NodeCharge: cluster.Money(charge)}}
	if !bound {
		o.BoundSteps = -1
	}
	return repack.Repack(repack.Input{Input: in, Now: cluster.Instant(c.Now.UnixNano())}, o)
}

// Decisions are the actions of a pass: each is possible when those before it are done.
func Decisions(c *record.Cluster, actions []plan.Action) []*record.Decision {
	prices, labels := priceList(c.Types), map[string]cluster.Labels{}
	for _, n := range c.Nodes {
		labels[n.Name] = n.Labels
	}
	out := make([]*record.Decision, len(actions))
	bred := 0
	for i, a := range actions {
		p := &record.Plan{Nodes: placed(a.Moves, labels), Unschedulable: []record.Unschedulable{}}
		for _, n := range a.Creates {
			bred++
			p.Nodes = append(p.Nodes, bought(fmt.Sprintf("ullage-%05d", bred), n, prices))
		}
		p.Price(0)
		out[i] = &record.Decision{Method: "repack", Gone: a.Hosts, Plan: p}
	}
	return out
}
