package karpenter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/karpenter/pkg/controllers/disruption"
	"sigs.k8s.io/karpenter/pkg/controllers/provisioning/scheduling"

	"github.com/ullage-sh/ullage/bench/record"
)

// names are the methods as they are written down, by reason where they have no other.
var names = map[string]string{"drifted": "drift"}

// Decide asks Karpenter's methods in its own order, as its controller does, and
// returns the first command that one comes to. Consolidation is validated after
// fifteen seconds, in which nothing happens.
func (y *Yard) Decide(ctx context.Context) (*record.Decision, error) {
	ctx = y.context(ctx)
	for _, m := range disruption.NewMethods(y.clock, y.state, y.store, y.provisioner, y.market, silence{}, y.queue) {
		command, err := y.ask(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("asking Karpenter for nodes that are %s: %w", strings.ToLower(string(m.Reason())), err)
		}
		if command != nil {
			return decision(m, command), nil
		}
	}
	return &record.Decision{Plan: &record.Plan{}}, nil
}

// ask lets one method compute its command; nil for none.
func (y *Yard) ask(ctx context.Context, m disruption.Method) (*disruption.Command, error) {
	candidates, totals, err := disruption.GetCandidatesWithTotals(ctx, y.state, y.store, silence{}, y.clock, y.market, m.ShouldDisrupt, m.Class(), y.queue, y.cost)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	if scores, is := m.(disruption.NodePoolTotalsSetter); is {
		scores.SetNodePoolTotals(totals)
	}
	budgets, err := disruption.BuildDisruptionBudgetMapping(ctx, y.state, y.clock, y.store, y.market, silence{}, m.Reason())
	if err != nil {
		return nil, err
	}
	commands, err := m.ComputeCommands(ctx, budgets, candidates...)
	if err != nil {
		return nil, err
	}
	for i := range commands {
		if commands[i].Decision() != disruption.NoOpDecision {
			return &commands[i], nil
		}
	}
	return nil, nil
}

// Placed is where a simulation has put the pods that have to move.
func Placed(results scheduling.Results) *record.Plan {
	return (&Answer{results: results}).Plan(0)
}

// decision writes a command down, each claim bought as its cheapest offering.
func decision(m disruption.Method, c *disruption.Command) *record.Decision {
	method := cmp.Or(m.ConsolidationType(), strings.ToLower(string(m.Reason())))
	d := &record.Decision{
		Method: cmp.Or(names[method], method),
		Gone:   c.SourceNodeNames(), Plan: &record.Plan{Nodes: []record.Node{}, Unschedulable: []record.Unschedulable{}},
	}
	slices.Sort(d.Gone)
	for _, n := range c.Results.ExistingNodes {
		if len(n.Pods) > 0 {
			d.Plan.Nodes = append(d.Plan.Nodes, existing(n))
		}
	}
	for _, r := range c.Replacements {
		d.Plan.Nodes = append(d.Plan.Nodes, bought(r.NodeClaim))
	}
	name(d.Plan.Nodes)
	d.Plan.Price(0)
	return d
}
