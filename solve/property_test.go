package solve_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// solver is what properties are about, so that each can also be shown to catch
// one that is broken.
type solver func(cluster.Input) (*cluster.Snapshot, *plan.Plan)

func solved(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap := cluster.NewSnapshot(in)
	return snap, solve.Solve(snap, solve.Options{})
}

// property says what is wrong with a solver on one cluster.
type property func(solver, cluster.Input) error

// checked: the plan is right in every respect that checkPlan knows.
func checked(s solver, in cluster.Input) error {
	snap, p := s(in)
	return checkPlan(snap, p, solve.Options{})
}

// orderless: the same records in another order give the same bytes.
func orderless(s solver, in cluster.Input) error {
	_, p := s(in)
	for seed := range uint64(3) {
		_, q := s(shuffled(in, seed))
		if err := same(p, q); err != nil {
			return err
		}
	}
	return nil
}

func shuffled(in cluster.Input, seed uint64) cluster.Input {
	r := rand.New(rand.NewPCG(seed, 3))
	in.Pods, in.Nodes, in.Claims = shuffle(r, in.Pods), shuffle(r, in.Nodes), shuffle(r, in.Claims)
	in.Pools, in.Daemons = shuffle(r, in.Pools), shuffle(r, in.Daemons)
	types := map[cluster.ClassRef][]cluster.InstanceType{}
	for ref, list := range in.Types {
		types[ref] = shuffle(r, list)
	}
	in.Types = types
	return in
}

func shuffle[T any](r *rand.Rand, list []T) []T {
	list = slices.Clone(list)
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// same tells where two plans differ, in text, alternatives or pods.
func same(p, q *plan.Plan) error {
	if p.Text() != q.Text() {
		return fmt.Errorf("plans differ:\n%s\n%s", p.Text(), q.Text())
	}
	if full(p) != full(q) {
		return fmt.Errorf("plans differ:\n%s\n%s", full(p), full(q))
	}
	return nil
}

// full writes everything that is in a plan.
func full(p *plan.Plan) string {
	var b strings.Builder
	list := func(pods []*cluster.Pod) {
		for _, q := range pods {
			b.WriteString(" " + q.ID())
		}
	}
	for _, c := range p.Creates {
		fmt.Fprint(&b, "\n", c.Pool, c.Offerings, c.Price, c.Imputed, c.Requests)
		list(c.Pods)
	}
	for _, x := range p.Placements {
		fmt.Fprint(&b, "\n", x.Host)
		list(x.Pods)
	}
	for _, u := range p.Unplaced {
		fmt.Fprint(&b, "\n", u.Reasons)
		list(u.Pods)
	}
	fmt.Fprint(&b, "\n", p.Cost, p.CreateCost, p.Bound)
	return b.String()
}

// unrelated: a node that takes no pods and belongs to nobody changes nothing but
// the count of nodes that were ruled out.
func unrelated(s solver, in cluster.Input) error {
	_, p := s(in)
	in.Nodes = append(slices.Clone(in.Nodes), &cluster.Node{
		Name: "aaa", Ready: false, Labels: cluster.Labels{cluster.LabelZone: "a", cluster.LabelArch: "amd64"},
		Allocatable: cluster.NewResources(map[string]int64{cluster.CPU: 64000, cluster.Memory: 256 << 30, cluster.Pods: 100}),
	})
	_, q := s(in)
	for _, x := range []*plan.Plan{p, q} {
		for i := range x.Unplaced {
			x.Unplaced[i].Reasons = nil
		}
	}
	return same(p, q)
}

// settled: once a plan has been carried out there is nothing more to buy.
func settled(s solver, in cluster.Input) error {
	_, p := s(in)
	_, q := s(applied(in, p, true))
	if len(q.Creates) > 0 {
		return fmt.Errorf("bought again:\n%s\nafter\n%s", q.Text(), p.Text())
	}
	return nil
}

// promised: while the nodes of a plan boot and its pods still wait for them,
// there is nothing more to buy and nobody is moved.
func promised(s solver, in cluster.Input) error {
	_, p := s(in)
	_, q := s(applied(in, p, false))
	left := map[*cluster.Pod]bool{}
	for _, u := range p.Unplaced {
		for _, pod := range u.Pods {
			left[pod] = true
		}
	}
	for _, x := range q.Placements { // a node that is coming may hold what its pool could not buy for
		for _, pod := range x.Pods {
			if !left[pod] {
				return fmt.Errorf("%s is moved:\n%s\nafter\n%s", pod.ID(), q.Text(), p.Text())
			}
		}
	}
	if len(q.Creates) > 0 {
		return fmt.Errorf("bought again:\n%s\nafter\n%s", q.Text(), p.Text())
	}
	return nil
}

// optimal: bound ≤ least possible cost ≤ cost.
func optimal(s solver, in cluster.Input) error {
	snap, p := s(in)
	least := cheapest(snap, p)
	if p.Bound > least {
		return fmt.Errorf("bound %s, but %s is possible:\n%s", p.Bound, least, p.Text())
	}
	if p.CreateCost < least {
		return fmt.Errorf("cost %s, but the least possible is %s:\n%s", p.CreateCost, least, p.Text())
	}
	return nil
}

var properties = []struct {
	name   string
	scale  scale
	holds  property
	mutant solver
}{
	{"checked", anything, checked, overcommitting},
	{"orderless", anything, orderless, inOrderOfInput},
	{"unrelated", anything, unrelated, ignoringClosed},
	{"settled", anything, settled, forgettingLimits},
	{"promised", anything, promised, forgettingPromises},
	{"busy", busy, checked, overcommitting},
	{"bounded", tiny, optimal, boastingBound},
	{"costed", tiny, optimal, hidingCost},
	{"shapes", shapely, checked, overcommitting},
	{"shapes orderless", shapely, orderless, inOrderOfInput},
	{"shapes bounded", tinyShapely, optimal, boastingBound},
	{"members", shapely, members, trustingLuck},
}

func TestProperties(t *testing.T) {
	for _, p := range properties {
		t.Run(p.name, rapid.MakeCheck(func(t *rapid.T) {
			script := drawScript(t, p.scale)
			if err := p.holds(solved, mustParse(t, script)); err != nil {
				t.Fatalf("%v\n%s", err, script)
			}
		}))
	}
}

// TestPropertiesCatchMutants shows that each property fails on a solver that is
// broken in the way it is there to find.
func TestPropertiesCatchMutants(t *testing.T) {
	in := mustParse(t, `
		type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10 zones=a,b
		type xlarge cpu=4 mem=16Gi pods=58 price.on-demand=0.19 zones=a,b
		pool default limit.cpu=8
		node n1 type=large pool=default
		node n2 type=large notready
		pods full 1 cpu=2 node=n1
		pods web 6 cpu=900m mem=1Gi
		pods api 4 cpu=1100m mem=1Gi`)
	open := mustParse(t, `
		type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10
		pool default
		pods web 3 cpu=900m mem=1Gi`)
	grouped := mustParse(t, `
		type large cpu=2 mem=8Gi pods=29 price.on-demand=0.10 zones=a,b
		type xlarge cpu=4 mem=16Gi pods=58 price.on-demand=0.19 zones=a,b
		pool workers shape=group
		pods web 6 cpu=900m mem=1Gi`)
	for _, p := range properties {
		in := in
		switch {
		case p.scale == tiny || p.scale == tinyShapely:
			in = open
		case p.name == "members":
			in = grouped
		}
		if err := p.holds(solved, in); err != nil {
			t.Errorf("%s: the real solver: %v", p.name, err)
		}
		if err := p.holds(p.mutant, in); err == nil {
			t.Errorf("%s: the broken solver passes", p.name)
		} else {
			t.Logf("%s: caught: %s", p.name, strings.SplitN(err.Error(), "\n", 2)[0])
		}
	}
}

// TestBoundHoldsForOtherPlans: a bound is about all plans, not about the one it
// comes with. Other options give other plans for the same pods.
func TestBoundHoldsForOtherPlans(t *testing.T) {
	for _, x := range samples {
		for seed := range uint64(2) {
			snap := x.build(seed)
			options := []solve.Options{{}, {Steps: 1}, {NodeCharge: cluster.USD / 20}, {NodeCharge: 10 * cluster.USD}}
			var plans []*plan.Plan
			for _, opt := range options {
				p := solve.Solve(snap, opt)
				if err := checkPlan(snap, p, opt); err != nil {
					t.Errorf("%s %d: %v", x.name, seed, err)
				}
				plans = append(plans, p)
			}
			for i, p := range plans {
				for _, q := range plans {
					if costs := q.CreateCost + options[i].NodeCharge*cluster.Money(len(q.Creates)); p.Bound > costs {
						t.Errorf("%s %d: a bound says %s, a plan costs %s", x.name, seed, p.Bound, costs)
					}
				}
			}
		}
	}
}

// overcommitting moves a pod onto the first host, however full it is.
func overcommitting(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap, p := solved(in)
	c := &p.Creates[0]
	p.Placements = append(p.Placements, plan.Placement{Host: snap.Hosts[0].Name, Pods: c.Pods[:1]})
	c.Pods = c.Pods[1:]
	return snap, p
}

// inOrderOfInput lists new nodes in the order in which their pods were given.
func inOrderOfInput(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap, p := solved(in)
	slices.SortStableFunc(p.Creates, func(a, b plan.Create) int {
		return slices.Index(in.Pods, a.Pods[0]) - slices.Index(in.Pods, b.Pods[0])
	})
	return snap, p
}

// ignoringClosed puts pods on nodes that take none.
func ignoringClosed(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap := cluster.NewSnapshot(in)
	for i := range snap.Hosts {
		snap.Hosts[i].Closed = ""
	}
	return snap, solve.Solve(snap, solve.Options{})
}

// forgettingLimits counts only what it buys itself against the pools' limits.
func forgettingLimits(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap := cluster.NewSnapshot(in)
	for i := range snap.Pools {
		snap.Pools[i].Used = nil
	}
	return snap, solve.Solve(snap, solve.Options{})
}

// forgettingPromises plans as if every pod had only just come.
func forgettingPromises(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	in.Promised = nil
	return solved(in)
}

// boastingBound claims that nothing cheaper than almost its own cost exists.
func boastingBound(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap, p := solved(in)
	p.Bound = p.CreateCost + 1
	return snap, p
}

// hidingCost forgets what the last node costs.
func hidingCost(in cluster.Input) (*cluster.Snapshot, *plan.Plan) {
	snap, p := solved(in)
	p.CreateCost -= p.Creates[len(p.Creates)-1].Price
	return snap, p
}
