package solve_test

import (
	"math"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// cheapest is the least that new nodes for the placed pods of a plan can cost,
// found by trying every way to put them onto hosts and new nodes. Each pod keeps
// to the pools of the highest weight that can hold it, unless the plan has one
// that does not, because of limits. Limits themselves and minValues it does not
// know; up to six or seven pods it ends.
func cheapest(snap *cluster.Snapshot, p *plan.Plan) cluster.Money {
	e := exhaustive{snap: snap, best: math.MaxInt64}
	for _, x := range p.Creates {
		e.pods = append(e.pods, x.Pods...)
		pool := slices.IndexFunc(snap.Pools, func(q cluster.PoolState) bool { return q.Name == x.Pool })
		for _, pod := range x.Pods {
			e.spills = e.spills || e.weight(pod) != snap.Pools[pool].Weight
		}
	}
	for _, x := range p.Placements {
		e.pods = append(e.pods, x.Pods...)
	}
	for i := range snap.Hosts {
		if snap.Hosts[i].Closed == "" {
			e.bins = append(e.bins, bin{host: &snap.Hosts[i]})
		}
	}
	e.try(0)
	return e.best
}

type exhaustive struct {
	snap   *cluster.Snapshot
	pods   []*cluster.Pod
	bins   []bin
	best   cluster.Money
	spills bool // weights do not count
}

// bin is a host or, with host nil, a new node of a kind yet to be chosen.
type bin struct {
	host *cluster.Host
	pods []*cluster.Pod
}

// try puts the pods from i on into every bin there is and into a new one.
func (e *exhaustive) try(i int) {
	if i == len(e.pods) {
		cost := cluster.Money(0)
		for _, b := range e.bins {
			c := e.price(b)
			if c == math.MaxInt64 {
				return
			}
			cost += c
		}
		e.best = min(e.best, cost)
		return
	}
	for j := range e.bins {
		e.bins[j].pods = append(e.bins[j].pods, e.pods[i])
		if e.price(e.bins[j]) != math.MaxInt64 {
			e.try(i + 1)
		}
		e.bins[j].pods = e.bins[j].pods[:len(e.bins[j].pods)-1]
	}
	e.bins = append(e.bins, bin{pods: []*cluster.Pod{e.pods[i]}})
	e.try(i + 1)
	e.bins = e.bins[:len(e.bins)-1]
}

// price is what a bin costs, MaxInt64 if nothing holds its pods.
func (e *exhaustive) price(b bin) cluster.Money {
	sum := make(cluster.Vector, len(e.snap.Resources))
	for _, p := range b.pods {
		sum.Add(e.vector(p))
	}
	if b.host != nil {
		if len(b.pods) == 0 || (sum.Fits(b.host.Free) && admits(b.pods, b.host.Label, b.host.Taints)) {
			return 0
		}
		return math.MaxInt64
	}
	best := cluster.Money(math.MaxInt64)
	for i := range e.snap.Offerings {
		o := &e.snap.Offerings[i]
		pool := e.snap.Pools[o.Pool]
		if o.Price < best && !slices.ContainsFunc(b.pods, func(p *cluster.Pod) bool { return !runs(pool.Pool, p) }) && sum.Fits(o.Free) && admits(b.pods, o.Label, pool.Taints) &&
			(e.spills || !slices.ContainsFunc(b.pods, func(p *cluster.Pod) bool { return e.weight(p) != pool.Weight })) {
			best = o.Price
		}
	}
	return best
}

// weight is the highest weight of a pool that can hold p.
func (e *exhaustive) weight(p *cluster.Pod) int32 {
	best := int32(-1)
	for i := range e.snap.Offerings {
		o := &e.snap.Offerings[i]
		pool := e.snap.Pools[o.Pool]
		if pool.Weight > best && runs(pool.Pool, p) && e.vector(p).Fits(o.Free) && p.Demand.Admits(o.Label, pool.Taints) {
			best = pool.Weight
		}
	}
	return best
}

func (e *exhaustive) vector(p *cluster.Pod) cluster.Vector {
	v := make(cluster.Vector, len(e.snap.Resources))
	for i, name := range e.snap.Resources {
		v[i] = p.Demand.Requests.Get(name)
	}
	return v
}

func admits(pods []*cluster.Pod, labels cluster.Lookup, taints []cluster.Taint) bool {
	return !slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return !p.Demand.Admits(labels, taints) })
}
