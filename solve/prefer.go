package solve

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/topology"
)

// Respect is a price of preferences that lets them cost whatever it takes, as
// Karpenter does when it respects them.
const Respect = cluster.Money(topology.Respect)

// taintWeight is what keeping off a PreferNoSchedule taint weighs.
const taintWeight = 100

// preferencePrice is what a preference of a class of weight 100 may cost per node
// and hour: as the pods say, or where they say nothing as [problem.poolPrice] does.
func (p *problem) preferencePrice(c *cluster.Class, q *profile) int64 {
	if c.Demand.PreferencePrice != nil {
		return int64(*c.Demand.PreferencePrice)
	}
	return q.price
}

// poolPrice is the price of preferences that the first pool gives which admits a
// profile and gives any, or that of the options.
func (p *problem) poolPrice(q *profile) int64 {
	for i := range p.snap.Pools {
		price := p.snap.Pools[i].PreferencePrice
		for o := p.pools[i].first; price != nil && o < p.pools[i].end; o++ {
			if q.offerings.Has(int(o)) {
				return int64(*price)
			}
		}
	}
	return int64(p.opt.PreferencePrice)
}

// addPreferred finds the places that a profile prefers.
func (p *problem) addPreferred(q *profile) {
	d := q.class.Demand
	for _, x := range d.Preferences {
		if x.Near == nil {
			q.prefer(x.Weight, p.matchingAll(p.hosts, x.Node), p.matchingAll(p.offerings, x.Node))
		}
	}
	hosts, offerings := p.hosts.preferred(d.Tolerations), p.offerings.preferred(d.Tolerations)
	if hosts != nil || offerings != nil {
		q.prefer(taintWeight, hosts, offerings)
	}
}

// prefer adds a preference; nil is all places.
func (q *profile) prefer(weight int32, hosts, offerings pack.Set) {
	if hosts == nil {
		hosts = q.hosts
	}
	if offerings == nil {
		offerings = q.offerings
	}
	q.preferred = append(q.preferred, topology.Preferred{
		Weight: weight, Places: topology.Places{Hosts: hosts, Offerings: offerings},
	})
}

func (p *problem) matchingAll(s *side, t cluster.Term) pack.Set {
	set := pack.FullSet(s.n)
	for _, r := range t {
		set.And(s.matching(r))
	}
	return set
}

// preferred returns the places without a PreferNoSchedule taint that is not
// tolerated, nil where there are no others.
func (s *side) preferred(tolerations []cluster.Toleration) pack.Set {
	var bad []int32
	for i, taints := range s.lists {
		if slices.ContainsFunc(taints, func(t cluster.Taint) bool {
			return t.Effect == cluster.PreferNoSchedule &&
				!slices.ContainsFunc(tolerations, func(x cluster.Toleration) bool { return x.Tolerates(t) })
		}) {
			bad = append(bad, int32(i))
		}
	}
	if bad == nil {
		return nil
	}
	set := pack.FullSet(s.n)
	for i, list := range s.taints {
		if slices.Contains(bad, list) {
			set.Remove(i)
		}
	}
	return set
}

// relax gives up preferences where pods are left over that might fit without: those
// of the classes left over first, then all. It tells whether there was anything to
// give up.
func (a *answer) relax(relaxed []bool) bool {
	some := false
	for c, n := range a.left {
		if n > 0 && a.profile[c] >= 0 && !relaxed[c] && a.prefers(c) {
			relaxed[c], some = true, true
		}
	}
	if some {
		return true
	}
	for c := range relaxed {
		if !relaxed[c] && a.profile[c] >= 0 && a.prefers(c) {
			relaxed[c], some = true, true
		}
	}
	return some
}

// leftOver counts the pods without a place that are not refused.
func (a *answer) leftOver() int {
	sum := 0
	for c, n := range a.left {
		if a.profile[c] >= 0 {
			sum += int(n)
		}
	}
	return sum
}

// prefers tells whether a class has preferences that may cost something.
func (p *problem) prefers(c int) bool {
	x, q := &p.snap.Classes[c], &p.profiles[p.profile[c]]
	soft := slices.ContainsFunc(x.Demand.Spreads, func(s cluster.TopologySpread) bool { return s.Soft })
	return p.preferencePrice(x, q) > 0 && (soft || len(x.Demand.Preferences) > 0 || len(q.preferred) > 0)
}
