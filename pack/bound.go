package pack

import (
	"cmp"
	"math"
	"slices"
)

// bounder proves lower bounds of what new nodes for the placed pods cost, if the
// hosts' room could go to any of these pods.
type bounder struct {
	*layout
	placed []int32 // pods of each item with a place, on hosts and on new nodes
	bought []int32 // those on new nodes
	spills bool    // a item was bought for below its first tier
	usable []Set   // of each kind, the items that may use it
}

// bound returns the best of a few valid bounds.
func (s *state) bound() int64 {
	b := bounder{layout: s.layout, placed: make([]int32, len(s.items)), bought: make([]int32, len(s.items))}
	for i := range s.groups {
		g := &s.groups[i]
		for _, t := range s.takesOf(g) {
			b.bought[t.item] += t.count * g.copies
			b.spills = b.spills || s.firstTier(t.item) != s.shapeKinds.list[s.shapes[g.shape].kind].tier
		}
	}
	if len(s.groups) == 0 {
		return 0
	}
	copy(b.placed, b.bought)
	for _, takes := range s.onHost {
		for _, t := range takes {
			b.placed[t.item] += t.count
		}
	}
	b.addUsable()
	least := max(b.byTariff(), b.byClass())
	// Every cost is a sum of prices, so a multiple of what divides them all.
	step := int64(0)
	for i := range s.shapes {
		step = gcd(step, s.priceOf(int32(i)))
	}
	if step > 1 {
		least = (least + step - 1) / step * step
	}
	return least
}

// addUsable finds which items may use shapes of each kind in the plans that
// are bounded.
func (b *bounder) addUsable() {
	for i := range b.shapeKinds.list {
		k := &b.shapeKinds.list[i]
		set := slices.Clone(k.items)
		if !b.spills {
			set.and(b.tiers[k.tier].buyable)
			for t := range k.tier {
				set.andNot(b.tiers[t].buyable)
			}
		}
		b.usable = append(b.usable, set)
	}
}

// byTariff bounds by resource prices: new nodes must be worth what the pods are
// worth beyond what the hosts can hold.
func (b *bounder) byTariff() int64 {
	m := newMarket(b.layout, 0, int32(len(b.shapes)), b.usable, b.bought, b.placed)
	c := newCertificate(newTariff(m))
	if c == nil {
		return 0
	}
	total := wide{}
	for item, n := range b.placed {
		total = total.plus(mul(c.podWorth[item], uint64(n)))
	}
	total = total.minus(b.absorbed(c))
	v, ok := total.dividedUp(c.shift)
	if !ok {
		return 0
	}
	return v
}

// byClass bounds by what single items ownCost for themselves: the pods that the
// hosts could not hold even if they were given to this item alone. Items that
// have no shape in common add up.
func (b *bounder) byClass() int64 {
	// The largest pods ownCost the dearest node; the largest items most nodes.
	const largest, most = 32, 4
	var order []int32
	for c, n := range b.bought {
		if n > 0 {
			order = append(order, int32(c))
		}
	}
	exact := slices.Clone(order)
	slices.SortStableFunc(exact, func(x, y int32) int { return -cmp.Compare(b.bought[x], b.bought[y]) })
	exact = exact[:min(len(exact), most)]
	var own []ownCost
	for _, c := range order[:min(len(order), largest)] {
		if !slices.Contains(exact, c) {
			own = b.addOwn(own, c, false)
		}
	}
	for _, c := range exact {
		own = b.addOwn(own, c, true)
	}
	slices.SortStableFunc(own, func(x, y ownCost) int { return -cmp.Compare(x.cost, y.cost) })
	dearest := apart(own)
	slices.SortStableFunc(own, func(x, y ownCost) int { return cmp.Compare(x.kinds.count(), y.kinds.count()) })
	return max(dearest, apart(own))
}

// apart adds up own in order, those left out that share a kind with one before.
func apart(own []ownCost) int64 {
	if len(own) == 0 {
		return 0
	}
	sum, taken := int64(0), make(Set, len(own[0].kinds))
	for _, x := range own {
		if !taken.meets(x.kinds) {
			taken.or(x.kinds)
			sum += x.cost
		}
	}
	return sum
}

// ownCost is the least that new nodes for one item cost, which must be of these
// kinds.
type ownCost struct {
	cost  int64
	kinds Set
}

// addOwn appends what item own: at least one node, or with exact as many as
// all of its pods take.
func (b *bounder) addOwn(own []ownCost, item int32, exact bool) []ownCost {
	n := int64(b.placed[item])
	for h, kind := range b.hostKind {
		if kind >= 0 && b.hostKinds.list[kind].items.Has(int(item)) {
			n -= int64(howMany(b.row(b.hostRows, int32(h)), b.row(b.size, item), b.placed[item]))
		}
	}
	if n <= 0 {
		return own
	}
	x := ownCost{kinds: NewSet(len(b.shapeKinds.list))}
	for k := range b.shapeKinds.list {
		if b.usable[k].Has(int(item)) {
			x.kinds.Add(k)
		}
	}
	parcels := b.parcels(item, int32(n), 0, int32(len(b.shapes)), b.usable)
	x.cost = parcels[len(parcels)-1].price
	if exact {
		x.cost = coverBound(int32(n), parcels)
	}
	return append(own, x)
}

// coverBound is the least cost of parcels for n pods, or when that takes long a
// bound of it.
func coverBound(n int32, parcels []parcel) int64 {
	if n <= mostExact {
		cost, _ := cover(n, parcels)
		return cost
	}
	best := densest(parcels)
	return (int64(n)*best.price + int64(best.pods) - 1) / int64(best.pods)
}

// absorbed is the most that pods on hosts can be worth: what all room is worth,
// and no more than the pods that fit on some host.
func (b *bounder) absorbed(c *certificate) wide {
	return b.hostRoom(c).min(b.hostPods(c))
}

// hostPods is what the pods are worth that fit on some host, each item alone.
func (b *bounder) hostPods(c *certificate) wide {
	total := wide{}
	for item, n := range b.placed {
		fit := int32(0)
		for h := 0; h < len(b.hostKind) && fit < n; h++ {
			if kind := b.hostKind[h]; kind >= 0 && b.hostKinds.list[kind].items.Has(item) {
				fit += howMany(b.row(b.hostRows, int32(h)), b.row(b.size, int32(item)), n-fit)
			}
		}
		total = total.plus(mul(c.podWorth[item], uint64(fit)))
	}
	return total
}

// hostRoom is what the room of all hosts is worth.
func (b *bounder) hostRoom(c *certificate) wide {
	total := wide{}
	exact := len(b.hostKind)*len(b.items) <= 1_000_000
	worth := make([]*hostWorth, len(b.hostKinds.list))
	var units []int64
	for h, kind := range b.hostKind {
		if kind < 0 {
			continue
		}
		if worth[kind] == nil {
			worth[kind] = b.hostWorth(c, kind)
		}
		free := b.row(b.hostRows, int32(h))
		units = c.inUnits(units[:0], free)
		most := worth[kind].most(units)
		if exact {
			most = most.min(b.pods(c, kind, free))
		}
		total = total.plus(most)
	}
	return total
}

// hostWorth is what a unit of room on hosts of a kind can be worth at most:
// beside what groups pay for it, the worth of a item for each unit it takes,
// whatever else it takes.
type hostWorth struct {
	room  []uint64 // by dimension; the room is worth their sum over dimensions
	alone []uint64 // by dimension; the room is worth no more than any of these
}

// unknown is the worth alone of a dimension that some item does not ask for.
const unknown = math.MaxUint64

func (b *bounder) hostWorth(c *certificate, kind int32) *hostWorth {
	w := &hostWorth{make([]uint64, len(b.dense)), make([]uint64, len(b.dense))}
	for item := range b.hostKinds.list[kind].items.all {
		if c.podWorth[item] == 0 || b.placed[item] == 0 {
			continue
		}
		for d, v := range c.row(c.unitRequest, int32(item)) {
			w.room[d] = max(w.room[d], c.unitWorth[int(c.group[item])*len(b.dense)+d])
			if v == 0 {
				w.alone[d] = unknown
				continue
			}
			w.alone[d] = max(w.alone[d], (c.podWorth[item]+uint64(v)-1)/uint64(v))
		}
	}
	return w
}

// most is the most that pods can be worth in room given in units.
func (w *hostWorth) most(room []int64) wide {
	sum := wide{}
	for d, v := range room {
		sum = sum.plus(mul(w.room[d], uint64(v)))
	}
	for d, v := range room {
		if w.alone[d] != unknown {
			sum = sum.min(mul(w.alone[d], uint64(v)))
		}
	}
	return sum
}

// pods is what the pods are worth that fit into free, each item alone.
func (b *bounder) pods(c *certificate, kind int32, free []int64) wide {
	sum := wide{}
	for item := range b.hostKinds.list[kind].items.all {
		if n := b.placed[item]; n > 0 {
			sum = sum.plus(mul(c.podWorth[item], uint64(howMany(free, b.row(b.size, int32(item)), n))))
		}
	}
	return sum
}
