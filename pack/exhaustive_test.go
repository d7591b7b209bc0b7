package pack_test

import (
	"slices"

	"github.com/ullage-sh/ullage/pack"
)

// result is how good a packing is, what is compared first first.
type result struct {
	left  int   // things without a place
	tiers int   // by how many tiers things are below the first that could hold them
	cost  int64 // the objective
}

func (a result) less(b result) bool {
	if a.left != b.left {
		return a.left < b.left
	}
	if a.tiers != b.tiers {
		return a.tiers < b.tiers
	}
	return a.cost < b.cost
}

// resultOf is how good a packing is.
func resultOf(p *pack.Problem, out *pack.Packing) result {
	r := result{cost: out.Objective}
	for _, n := range out.Left {
		r.left += int(n)
	}
	for _, b := range out.Bought {
		for _, t := range b.Takes {
			r.tiers += int(b.Copies) * int(t.Count) * int(p.Shapes[b.Shape].Tier-firstTier(p, t.Item))
		}
	}
	return r
}

// firstTier is the first tier of which a shape holds one of an item, quotas aside.
func firstTier(p *pack.Problem, item int32) int32 {
	first := int32(1 << 30)
	one := []pack.Take{{Item: item, Count: 1}}
	for i := range p.Shapes {
		s := &p.Shapes[i]
		if holdsOn(p, s.Room, s.Kind, nil, one) == nil && (s.Variety == nil || leavesVariety(p, s.Variety, one)) {
			first = min(first, s.Tier)
		}
	}
	return first
}

// best finds how good the best packing is, by putting every thing everywhere. It
// is meant to be read, not to be fast: up to six or seven things it ends.
func best(p *pack.Problem) result {
	e := exhaustive{p: p, best: result{left: 1 << 30}}
	for i := range p.Items {
		for range p.Items[i].Count {
			e.things = append(e.things, int32(i))
		}
	}
	e.bins = make([][]pack.Take, len(p.Hosts))
	e.put(0, 0)
	return e.best
}

type exhaustive struct {
	p      *pack.Problem
	things []int32
	bins   [][]pack.Take // hosts, then new nodes
	best   result
}

func (e *exhaustive) put(i, left int) {
	if i == len(e.things) {
		for h := range e.p.Hosts {
			x := &e.p.Hosts[h]
			if len(e.bins[h]) > 0 && holdsOn(e.p, x.Room, x.Kind, x.Holds, e.bins[h]) != nil {
				return
			}
		}
		e.buy(len(e.p.Hosts), slices.Clone(e.p.Quotas), result{left: left})
		return
	}
	one := pack.Take{Item: e.things[i], Count: 1}
	for j := range e.bins {
		e.bins[j] = append(e.bins[j], one)
		e.put(i+1, left)
		e.bins[j] = e.bins[j][:len(e.bins[j])-1]
	}
	e.bins = append(e.bins, []pack.Take{one})
	e.put(i+1, left)
	e.bins = e.bins[:len(e.bins)-1]
	e.put(i+1, left+1)
}

// buy buys a shape for each new node from j on, in every way.
func (e *exhaustive) buy(j int, quotas []int64, r result) {
	if !r.less(e.best) {
		return
	}
	if j == len(e.bins) {
		e.best = r
		return
	}
	for i := range e.p.Shapes {
		s := &e.p.Shapes[i]
		if slices.ContainsFunc(s.Uses, func(u pack.Use) bool { return quotas[u.Quota] < 0 || quotas[u.Quota] < u.Amount }) {
			continue
		}
		if holdsOn(e.p, s.Room, s.Kind, nil, e.bins[j]) != nil || (s.Variety != nil && !leavesVariety(e.p, s.Variety, e.bins[j])) {
			continue
		}
		next := result{r.left, r.tiers, r.cost + s.Price + e.p.NodeCharge}
		for _, t := range e.bins[j] {
			next.tiers += int(s.Tier - firstTier(e.p, t.Item))
		}
		rest := slices.Clone(quotas)
		for _, u := range s.Uses {
			rest[u.Quota] -= u.Amount
		}
		e.buy(j+1, rest, next)
	}
}
