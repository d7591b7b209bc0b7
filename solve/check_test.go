package solve_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// checkPlan checks a plan against the snapshot it answers. It works everything
// out anew from the records, with none of the solver's code, and returns all
// that is wrong.
func checkPlan(snap *cluster.Snapshot, p *plan.Plan, opt solve.Options) error {
	c := checker{snap: snap, plan: p, opt: opt, free: map[string]cluster.Vector{}, used: map[int]cluster.Resources{}}
	if c.opt.MaxAlternatives == 0 {
		c.opt.MaxAlternatives = 60
	}
	for i := range snap.Pools {
		c.used[i] = snap.Pools[i].Used
	}
	c.everyPodOnce()
	c.placements()
	for i := range p.Creates {
		c.create(&p.Creates[i])
	}
	c.limits()
	c.unplaced()
	c.costs()
	return errors.Join(c.wrong...)
}

type checker struct {
	snap  *cluster.Snapshot
	plan  *plan.Plan
	opt   solve.Options
	wrong []error
	free  map[string]cluster.Vector // of open hosts, after the plan
	nodes []node                    // new
	used  map[int]cluster.Resources // of each pool, after the plan
}

// node is a new node with what is left on it.
type node struct {
	offering *cluster.PoolOffering
	free     cluster.Vector
}

func (c *checker) failf(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Errorf(format, args...))
}

// vector lays out what a pod asks for.
func (c *checker) vector(r cluster.Resources) cluster.Vector {
	v := make(cluster.Vector, len(c.snap.Resources))
	for i, name := range c.snap.Resources {
		v[i] = r.Get(name)
	}
	return v
}

// everyPodOnce: each waiting pod is somewhere in the plan, and nothing else is.
func (c *checker) everyPodOnce() {
	seen := map[*cluster.Pod]int{}
	for _, x := range c.plan.Creates {
		if len(x.Pods) == 0 {
			c.failf("create %s: no pods", x.Offerings[0])
		}
		for _, p := range x.Pods {
			seen[p]++
		}
	}
	for _, x := range c.plan.Placements {
		for _, p := range x.Pods {
			seen[p]++
		}
	}
	for _, x := range c.plan.Unplaced {
		for _, p := range x.Pods {
			seen[p]++
		}
	}
	waiting := 0
	for _, class := range c.snap.Classes {
		for _, p := range class.Pods {
			waiting++
			if seen[p] != 1 {
				c.failf("pod %s is in the plan %d times", p.ID(), seen[p])
			}
		}
	}
	if len(seen) != waiting {
		c.failf("%d pods in the plan, %d wait", len(seen), waiting)
	}
}

// put takes a pod's requests off free and tells whether there was room. As the
// scheduler does, it looks only at what the pod asks for.
func (c *checker) put(p *cluster.Pod, free cluster.Vector) bool {
	want := c.vector(p.Demand.Requests)
	ok := want.Fits(free)
	free.Sub(want)
	return ok
}

func (c *checker) placements() {
	host := map[string]*cluster.Host{}
	for i := range c.snap.Hosts {
		h := &c.snap.Hosts[i]
		host[h.Name] = h
		if h.Closed == "" {
			c.free[h.Name] = slices.Clone(h.Free)
		}
	}
	for _, x := range c.plan.Placements {
		h := host[x.Host]
		if h == nil || h.Closed != "" {
			c.failf("host %s takes no pods", x.Host)
			continue
		}
		for _, p := range x.Pods {
			if len(p.Demand.Refused) > 0 || !p.Demand.Admits(h.Label, h.Taints) {
				c.failf("host %s does not admit %s", x.Host, p.ID())
			}
			if !c.put(p, c.free[h.Name]) {
				c.failf("host %s is overcommitted by %s", x.Host, p.ID())
			}
		}
	}
}

// create checks one new node: every alternative holds the pods, the first is the
// best, none is missing.
func (c *checker) create(x *plan.Create) {
	listed := map[cluster.OfferingID]bool{}
	for _, id := range x.Offerings {
		if listed[id] {
			c.failf("create %s: alternative %s twice", x.Offerings[0], id)
		}
		listed[id] = true
	}
	pool := slices.IndexFunc(c.snap.Pools, func(p cluster.PoolState) bool { return p.Name == x.Pool })
	if pool < 0 || c.snap.Pools[pool].Closed() != "" {
		c.failf("create %s: pool %q cannot be used", x.Offerings[0], x.Pool)
		return
	}
	holding := c.holding(pool, x.Pods)
	byID := map[cluster.OfferingID]*cluster.PoolOffering{}
	for _, o := range holding {
		byID[o.ID] = o
	}
	last := cluster.Money(0)
	for i, id := range x.Offerings {
		o := byID[id]
		if o == nil {
			c.failf("create %s: alternative %s does not hold its pods", x.Offerings[0], id)
			continue
		}
		// A chance to be reclaimed within a month makes an offering that much dearer.
		risky := o.Price + o.Price/1000*cluster.Money(o.ReclaimPPM)*720/1000
		if i > 1 && risky < last && len(c.snap.Pools[pool].Limits) == 0 {
			c.failf("create %s: alternative %s is cheaper than one before", x.Offerings[0], id)
		}
		last = risky
	}
	first := byID[x.Offerings[0]]
	if first == nil {
		return
	}
	c.alternatives(x, pool, holding)
	c.chosen(x, pool, first)
}

// holding returns the offerings of a pool that hold pods together.
func (c *checker) holding(pool int, pods []*cluster.Pod) []*cluster.PoolOffering {
	sum := make(cluster.Vector, len(c.snap.Resources))
	for _, p := range pods {
		sum.Add(c.vector(p.Demand.Requests))
	}
	var out []*cluster.PoolOffering
	for i := range c.snap.Offerings {
		o := &c.snap.Offerings[i]
		if o.Pool != pool || !sum.Fits(o.Free) || slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return !runs(c.snap.Pools[pool].Pool, p) }) {
			continue
		}
		if !slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return !p.Demand.Admits(o.Label, c.snap.Pools[pool].Taints) }) {
			out = append(out, o)
		}
	}
	return out
}

func (c *checker) alternatives(x *plan.Create, pool int, holding []*cluster.PoolOffering) {
	p := c.snap.Pools[pool]
	if p.Shape != cluster.Free {
		if len(x.Offerings) != 1 {
			c.failf("create %s: %d alternatives, but the cloud chooses", x.Offerings[0], len(x.Offerings))
		}
		return
	}
	if len(p.Limits) == 0 && len(x.Offerings) < min(len(holding), c.opt.MaxAlternatives) {
		c.failf("create %s: %d alternatives of %d that hold its pods", x.Offerings[0], len(x.Offerings), len(holding))
	}
	needed := false
	for _, r := range p.Requirements {
		values := map[string]bool{}
		for _, o := range holding {
			if v, ok := o.Label(r.Key); ok && slices.Contains(x.Offerings, o.ID) {
				values[v] = true
			}
		}
		needed = needed || r.MinValues > 0
		if len(values) < r.MinValues {
			c.failf("create %s: %d values of %s, minValues is %d", x.Offerings[0], len(values), r.Key, r.MinValues)
		}
	}
	if !needed && len(x.Offerings) > c.opt.MaxAlternatives {
		c.failf("create %s: %d alternatives, at most %d wanted", x.Offerings[0], len(x.Offerings), c.opt.MaxAlternatives)
	}
}

// chosen checks what is said of a node, and that no pool of higher weight could
// have held a pod of it.
func (c *checker) chosen(x *plan.Create, pool int, first *cluster.PoolOffering) {
	if x.Price != first.Price || x.Imputed != first.Imputed {
		c.failf("create %s: price %s imputed %v, the offering's are %s %v", first.ID, x.Price, x.Imputed, first.Price, first.Imputed)
	}
	n := node{first, slices.Clone(first.Free)}
	requests := make(cluster.Vector, len(c.snap.Resources))
	requests.Add(first.Allocatable)
	requests.Sub(first.Free)
	for _, p := range x.Pods {
		if len(p.Demand.Refused) > 0 {
			c.failf("create %s: %s is refused", first.ID, p.ID())
		}
		if !c.put(p, n.free) {
			c.failf("create %s is overcommitted by %s", first.ID, p.ID())
		}
		requests.Add(c.vector(p.Demand.Requests))
		c.weight(x, pool, p)
	}
	if got := c.vector(x.Requests); !slices.Equal(got, requests) {
		c.failf("create %s: requests %v, want %v", first.ID, got, requests)
	}
	c.nodes = append(c.nodes, n)
	c.used[pool] = c.used[pool].Plus(first.Type.Capacity).Plus(cluster.Resources{{Name: cluster.NodesLimit, Value: 1}})
}

// weight: a pod is on a pool of lower weight only if limits or minValues keep it
// off all higher ones.
func (c *checker) weight(x *plan.Create, pool int, p *cluster.Pod) {
	for i := range c.snap.Pools {
		h := c.snap.Pools[i]
		if h.Weight > c.snap.Pools[pool].Weight && h.Closed() == "" && len(h.Limits) == 0 && !hasMinValues(h.Pool) && len(c.holding(i, []*cluster.Pod{p})) > 0 {
			c.failf("create %s: pool %s has more weight and holds %s", x.Offerings[0], h.Name, p.ID())
		}
	}
}

func hasMinValues(p *cluster.Pool) bool {
	return slices.ContainsFunc(p.Requirements, func(r cluster.Requirement) bool { return r.MinValues > 0 })
}

// limits hold, and where no minValues ask for more they hold whichever
// alternative is launched.
func (c *checker) limits() {
	most := map[int]cluster.Resources{}
	for i := range c.snap.Pools {
		most[i] = c.snap.Pools[i].Used
	}
	bought := map[int]bool{}
	for _, x := range c.plan.Creates {
		pool := slices.IndexFunc(c.snap.Pools, func(p cluster.PoolState) bool { return p.Name == x.Pool })
		if pool < 0 {
			continue
		}
		bought[pool] = true
		largest := cluster.Resources{{Name: cluster.NodesLimit, Value: 1}}
		for i := range c.snap.Offerings {
			if o := &c.snap.Offerings[i]; o.Pool == pool && slices.Contains(x.Offerings, o.ID) {
				largest = largest.Max(o.Type.Capacity)
			}
		}
		most[pool] = most[pool].Plus(largest)
	}
	for i := range c.snap.Pools {
		for _, l := range c.snap.Pools[i].Limits {
			if got := c.used[i].Get(l.Name); bought[i] && got > l.Value {
				c.failf("pool %s: %s is %d, the limit %d", c.snap.Pools[i].Name, l.Name, got, l.Value)
			}
			if got := most[i].Get(l.Name); bought[i] && !hasMinValues(c.snap.Pools[i].Pool) && got > l.Value {
				c.failf("pool %s: %s may become %d, the limit is %d", c.snap.Pools[i].Name, l.Name, got, l.Value)
			}
		}
	}
}

// unplaced: no pod left out has room anywhere, and its reasons account for every
// host and offering.
func (c *checker) unplaced() {
	for _, u := range c.plan.Unplaced {
		if len(u.Pods) == 0 {
			c.failf("an unplaced class without pods")
			continue
		}
		p := u.Pods[0]
		if len(p.Demand.Refused) > 0 {
			continue
		}
		hosts, offerings := 0, 0
		for _, r := range u.Reasons {
			hosts += r.Hosts
			offerings += r.Offerings
		}
		if hosts != len(c.snap.Hosts) || offerings != len(c.snap.Offerings) {
			c.failf("%s: reasons for %d hosts of %d and %d offerings of %d", p.ID(), hosts, len(c.snap.Hosts), offerings, len(c.snap.Offerings))
		}
		want := c.vector(p.Demand.Requests)
		for i := range c.snap.Hosts {
			if h := &c.snap.Hosts[i]; h.Closed == "" && p.Demand.Admits(h.Label, h.Taints) && want.Fits(c.free[h.Name]) {
				c.failf("%s is unplaced and fits on host %s", p.ID(), h.Name)
			}
		}
		for _, n := range c.nodes {
			if !hasMinValues(c.snap.Pools[n.offering.Pool].Pool) && p.Demand.Admits(n.offering.Label, c.snap.Pools[n.offering.Pool].Taints) && want.Fits(n.free) {
				c.failf("%s is unplaced and fits on the new %s", p.ID(), n.offering.ID)
			}
		}
		for i := range c.snap.Pools {
			c.buyable(i, p)
		}
	}
}

// buyable: no node can be bought for a pod left out.
func (c *checker) buyable(pool int, p *cluster.Pod) {
	s := c.snap.Pools[pool]
	holding := c.holding(pool, []*cluster.Pod{p})
	for _, r := range s.Requirements {
		values := map[string]bool{}
		for _, o := range holding {
			if v, ok := o.Label(r.Key); ok {
				values[v] = true
			}
		}
		if len(values) < r.MinValues {
			return
		}
	}
	for _, o := range holding {
		after := c.used[pool].Plus(o.Type.Capacity).Plus(cluster.Resources{{Name: cluster.NodesLimit, Value: 1}})
		over := slices.ContainsFunc(s.Limits, func(l cluster.Amount) bool { return after.Get(l.Name) > l.Value })
		if !over && s.Closed() == "" {
			c.failf("%s is unplaced and %s of pool %s could be bought for it", p.ID(), o.ID, s.Name)
			return
		}
	}
}

func (c *checker) costs() {
	sum := cluster.Money(0)
	for _, x := range c.plan.Creates {
		sum += x.Price
	}
	if c.plan.CreateCost != sum {
		c.failf("new nodes cost %s, their prices are %s", c.plan.CreateCost, sum)
	}
	for i := range c.snap.Hosts {
		if c.snap.Hosts[i].Pool >= 0 {
			sum += c.snap.Hosts[i].Price
		}
	}
	if c.plan.Cost != sum {
		c.failf("cost is %s, want %s", c.plan.Cost, sum)
	}
	if charges := c.opt.NodeCharge * cluster.Money(len(c.plan.Creates)); c.plan.Charges != charges {
		c.failf("%d new nodes are charged %s, want %s", len(c.plan.Creates), c.plan.Charges, charges)
	}
	if c.plan.Bound < 0 || c.plan.Bound > c.plan.CreateCost+c.plan.Charges {
		c.failf("bound %s, new nodes cost %s and are charged %s", c.plan.Bound, c.plan.CreateCost, c.plan.Charges)
	}
}
