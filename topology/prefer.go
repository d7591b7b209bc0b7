package topology

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Preferred is places that a class would rather have.
type Preferred struct {
	Weight int32
	Places
}

// soft is a preference over the domains of a topology.
type soft struct {
	group  int32
	weight int32
	// apart from the group, near it, or else spread with it by skew.
	apart, near bool
	skew        int32
}

// softWeight is what a spread that is ScheduleAnyway weighs: Kubernetes gives it no
// weight, and its score in the scheduler is about that of a preference of this.
const softWeight = 50

// softsOf lists the preferences of a class over a topology, if they may cost
// anything.
func (a *assigner) softsOf(class int32, key string) []soft {
	if a.classes[class].PreferencePrice <= 0 {
		return nil
	}
	c := &a.snap.Classes[class]
	var out []soft
	for i, p := range c.Demand.Preferences {
		if p.Near != nil && p.Near.Key == key {
			out = append(out, soft{group: c.Preferences[i], weight: p.Weight, apart: p.Apart, near: !p.Apart})
		}
	}
	for i := range c.Demand.Spreads {
		if s := &c.Demand.Spreads[i]; s.Key == key && s.Soft && len(s.Pods.Labels) > 0 {
			out = append(out, soft{group: c.Spreads[i], weight: softWeight, skew: s.MaxSkew})
		}
	}
	return out
}

// please deals the pods of a hand to the domains that they like best, each worth
// its preferences less what the domain costs beyond the cheapest.
func (x *dealing) please(h *hand, room []int32) []int32 {
	given := make([]int32, x.n)
	worth := make([]int64, x.n)
	before := make([]int64, x.n)
	spreads := slices.ContainsFunc(h.softs, func(s soft) bool { return !s.apart && !s.near })
	step := int32(1)
	for left := h.pods; left > 0; {
		best := int32(-1)
		for _, at := range x.rank {
			if given[at] >= room[at] {
				continue
			}
			worth[at] = x.worth(h, at, given)
			if best < 0 || worth[at] > worth[best] || worth[at] == worth[best] && len(h.softs) > 0 && given[at] < given[best] {
				best = at
			}
		}
		if best < 0 {
			break
		}
		if !spreads && slices.Equal(worth, before) {
			step *= 2 // nothing changes any more
		} else {
			step = 1
		}
		copy(before, worth)
		n := min(step, left, room[best]-given[best])
		given[best] += n
		left -= n
	}
	return given
}

// worth is what one more pod of a hand in a domain is worth, in micro-USD per hour.
func (x *dealing) worth(h *hand, at int32, given []int32) int64 {
	weight := int32(0)
	c := &x.snap.Classes[h.class]
	count := func(group, domain int32) int32 {
		n := x.onHosts(group)[domain] + x.row(x.dealt, group)[domain]
		if c.In(group) {
			n += given[domain]
		}
		return n
	}
	for _, s := range h.softs {
		n := count(s.group, at)
		switch {
		case s.apart && n == 0, s.near && n > 0:
			weight += s.weight
		case !s.apart && !s.near:
			least := n
			for d := range int32(x.n) {
				if !x.list[x.in(h.places, x.domains, d)].empty() {
					least = min(least, count(s.group, d))
				}
			}
			if n-least < s.skew {
				weight += s.weight
			}
		}
	}
	places := &x.list[x.in(h.places, x.domains, at)]
	for i := range x.classes[h.class].Preferred {
		if t := &x.classes[h.class].Preferred[i]; meets(places.Hosts, t.Hosts) || meets(places.Offerings, t.Offerings) {
			weight += t.Weight
		}
	}
	price := x.classes[h.class].PreferencePrice
	return int64(weight)*price/100 - (x.share[at]-x.share[x.rank[0]])*x.typical(h.class)/1000
}

// typical is the price of the cheapest offering that holds a pod of a class.
func (a *assigner) typical(class int32) int64 {
	if v := a.prices[class]; v != 0 {
		return v
	}
	price, _ := a.rates(a.snap.Classes[class].Requests, a.classes[class].Places)
	a.prices[class] = max(price, 1)
	return a.prices[class]
}

// rates returns the price of the cheapest offering among places that holds one pod,
// and the least price per pod if nodes are filled with such pods; 0 if none does.
func (a *assigner) rates(want cluster.Vector, p Places) (one, each int64) {
	for i := range p.Offerings.All {
		o := &a.snap.Offerings[i]
		fit := int64(1) << 30
		for d, v := range want {
			if v > 0 {
				fit = min(fit, max(o.Free[d], 0)/v)
			}
		}
		if fit == 0 {
			continue
		}
		if price := int64(o.Price); one == 0 || price < one {
			one = price
		}
		if rate := int64(o.Price) / fit; each == 0 || rate < each {
			each = rate
		}
	}
	return one, each
}

// favour binds portions to the places that they prefer, heaviest preference first,
// where that is not too dear and leaves room.
func (a *assigner) favour() {
	for i := range a.portions {
		p := &a.portions[i]
		c := &a.classes[p.class]
		if c.PreferencePrice <= 0 || len(c.Preferred) == 0 {
			continue
		}
		terms := slices.Clone(c.Preferred)
		slices.SortStableFunc(terms, func(x, y Preferred) int { return -cmp.Compare(x.Weight, y.Weight) })
		for _, t := range terms {
			now := a.list[p.places]
			cut := Places{meet(now.Hosts, t.Hosts), meet(now.Offerings, t.Offerings)}
			if a.capacity(p.class, p.pods, a.id(cut)) >= p.pods && a.worthIt(p.class, t.Weight, now, cut) {
				p.places = a.id(cut)
			}
		}
	}
}

// worthIt tells whether binding a class to the places of cut costs no more per node
// and hour than a preference of that weight may.
func (a *assigner) worthIt(class, weight int32, now, cut Places) bool {
	c := &a.classes[class]
	if c.PreferencePrice >= Respect {
		return true
	}
	want := a.snap.Classes[class].Requests
	_, before := a.rates(want, now)
	_, after := a.rates(want, cut)
	if before == 0 || after <= before {
		return true
	}
	return (after-before)*a.typical(class)/before <= int64(weight)*c.PreferencePrice/100
}

// Respect is a price for preferences that is beyond all that nodes cost.
const Respect = int64(1_000_000_000)

// alone tells whether a class's pods may have nodes of their own for a preference
// of that weight.
func (a *assigner) alone(class, weight int32) bool {
	c := &a.classes[class]
	if c.PreferencePrice >= Respect {
		return true
	}
	one, each := a.rates(a.snap.Classes[class].Requests, c.Places)
	return one-each <= int64(weight)*c.PreferencePrice/100
}
