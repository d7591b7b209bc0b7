package solve_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// TestCheckerCatches shows that checkPlan, on which most other tests rely, finds
// each kind of mistake.
func TestCheckerCatches(t *testing.T) {
	in := mustParse(t, `
		type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10 zones=a,b
		type xlarge cpu=4 mem=16Gi pods=58 price.on-demand=0.19 zones=a,b
		type small cpu=1 mem=4Gi pods=10 price.on-demand=0.01 class=cheap
		pool first weight=10
		pool second class=cheap
		pool capped weight=20 limit.nodes=1 taint=own:NoSchedule
		pool varied weight=30 taint=varied:NoSchedule require=type;min=2
		node n1 type=large pool=first
		node n2 type=large notready
		pods full 1 cpu=1500m node=n1
		pods tight 1 cpu=400m selector=topology.kubernetes.io/zone=a
		pods web 5 cpu=900m mem=1Gi
		pods own 3 cpu=1500m tolerate=own selector=karpenter.sh/nodepool=capped
		pods pick 1 cpu=1500m tolerate=varied selector=karpenter.sh/nodepool=varied
		pods huge 1 cpu=64
		pods odd 1 cpu=100m refused=x`)
	create := func(p *plan.Plan, pool string) *plan.Create {
		return &p.Creates[slices.IndexFunc(p.Creates, func(c plan.Create) bool { return c.Pool == pool })]
	}
	unplaced := func(p *plan.Plan, owner string) *plan.Unplaced {
		return &p.Unplaced[slices.IndexFunc(p.Unplaced, func(u plan.Unplaced) bool { return u.Pods[0].Owner.Name == owner })]
	}
	for _, x := range []struct {
		want  string
		spoil func(*plan.Plan)
	}{
		{"is in the plan 0 times", func(p *plan.Plan) { create(p, "first").Pods = create(p, "first").Pods[1:] }},
		{"is in the plan 2 times", func(p *plan.Plan) {
			p.Placements = append(p.Placements, plan.Placement{Host: "n1", Pods: create(p, "first").Pods[:1]})
		}},
		{"no pods", func(p *plan.Plan) { create(p, "first").Pods = nil }},
		{"takes no pods", func(p *plan.Plan) { p.Placements[0].Host = "n2" }},
		{"takes no pods", func(p *plan.Plan) { p.Placements[0].Host = "nowhere" }},
		{"does not admit", func(p *plan.Plan) { swap(&p.Placements[0].Pods, &unplaced(p, "odd").Pods) }},
		{"host n1 is overcommitted", func(p *plan.Plan) { swap(&p.Placements[0].Pods, &unplaced(p, "huge").Pods) }},
		{"does not hold its pods", func(p *plan.Plan) {
			c := create(p, "first")
			c.Pods = append(slices.Clone(c.Pods), unplaced(p, "huge").Pods...)
		}},
		{"does not hold its pods", func(p *plan.Plan) { // its taint is not tolerated
			create(p, "capped").Pods = append(slices.Clone(create(p, "capped").Pods), create(p, "first").Pods[0])
		}},
		{"twice", func(p *plan.Plan) {
			c := create(p, "first")
			c.Offerings = append(slices.Clone(c.Offerings), c.Offerings[0])
		}},
		{"cheaper than one before", func(p *plan.Plan) {
			c := create(p, "varied")
			c.Offerings = slices.Clone(c.Offerings)
			slices.Reverse(c.Offerings)
		}},
		{"alternatives of", func(p *plan.Plan) { c := create(p, "first"); c.Offerings = c.Offerings[:1] }},
		{"minValues is 2", func(p *plan.Plan) { c := create(p, "varied"); c.Offerings = c.Offerings[:2] }},
		{`pool "other" cannot be used`, func(p *plan.Plan) { create(p, "first").Pool = "other" }},
		{"the offering's are", func(p *plan.Plan) { create(p, "first").Price++ }},
		{"the offering's are", func(p *plan.Plan) { create(p, "first").Imputed = true }},
		{"requests", func(p *plan.Plan) { create(p, "first").Requests = nil }},
		{"has more weight", func(p *plan.Plan) {
			c := create(p, "first")
			pods := c.Pods
			c.Pods = pods[1:]
			p.Creates = append(p.Creates, plan.Create{
				Pool: "second", Price: 10_000, Pods: pods[:1], Requests: pods[0].Demand.Requests,
				Offerings: []cluster.OfferingID{{InstanceType: "small", Zone: "a", CapacityType: cluster.OnDemand}},
			})
		}},
		{"pool capped: nodes is 2, the limit 1", func(p *plan.Plan) {
			c := *create(p, "capped")
			c.Pods = unplaced(p, "own").Pods[:1]
			unplaced(p, "own").Pods = unplaced(p, "own").Pods[1:]
			p.Creates = append(p.Creates, c)
		}},
		{"is unplaced and fits on host n1", func(p *plan.Plan) {
			p.Unplaced = append(p.Unplaced, plan.Unplaced{Pods: p.Placements[0].Pods})
			p.Placements = nil
		}},
		{"could be bought for it", func(p *plan.Plan) {
			c := create(p, "varied")
			p.Unplaced = append(p.Unplaced, plan.Unplaced{Pods: c.Pods})
			c.Pods = nil
		}},
		{"fits on the new", func(p *plan.Plan) {
			c := create(p, "first")
			p.Unplaced = append(p.Unplaced, plan.Unplaced{Pods: c.Pods[:1]})
			c.Pods = c.Pods[1:]
		}},
		{"reasons for", func(p *plan.Plan) { unplaced(p, "huge").Reasons = nil }},
		{"new nodes cost", func(p *plan.Plan) { p.CreateCost-- }},
		{"cost is", func(p *plan.Plan) { p.Cost = p.CreateCost }},
		{"are charged", func(p *plan.Plan) { p.Charges = 1 }},
		{"bound", func(p *plan.Plan) { p.Bound = p.CreateCost + 1 }},
	} {
		snap := cluster.NewSnapshot(in)
		p := solve.Solve(snap, solve.Options{})
		if err := checkPlan(snap, p, solve.Options{}); err != nil {
			t.Fatalf("the plan is wrong before it is broken: %v", err)
		}
		x.spoil(p)
		if err := checkPlan(snap, p, solve.Options{}); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("want %q, got %v", x.want, err)
		}
	}
}

func swap[T any](a, b *T) { *a, *b = *b, *a }
