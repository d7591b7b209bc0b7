package solve

import (
	"cmp"
	"math"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// bounder proves lower bounds of what new nodes for the placed pods cost, if the
// hosts' room could go to any of these pods.
type bounder struct {
	*problem
	placed []int32  // pods of each class with a place, on hosts and on new nodes
	bought []int32  // those on new nodes
	spills bool     // a class was bought for below its first tier
	usable []bitset // of each kind, the classes that may use it
}

// bound returns the best of a few valid bounds.
func (s *state) bound() cluster.Money {
	b := bounder{problem: s.problem, placed: make([]int32, len(s.classes)), bought: make([]int32, len(s.classes))}
	for i := range s.groups {
		g := &s.groups[i]
		for _, t := range s.takesOf(g) {
			b.bought[t.class] += t.count * g.copies
			b.spills = b.spills || s.firstTier(t.class) != s.shapeKinds.list[s.shapes[g.shape].kind].tier
		}
	}
	if len(s.groups) == 0 {
		return 0
	}
	copy(b.placed, b.bought)
	for _, p := range s.placed {
		b.placed[p.class] += p.count
	}
	b.addUsable()
	least := max(b.byTariff(), b.byClass())
	// Every cost is a sum of prices, so a multiple of what divides them all.
	step := int64(0)
	for i := range s.shapes {
		step = gcd(step, int64(s.shapes[i].price))
	}
	if step > 1 {
		least = cluster.Money((int64(least) + step - 1) / step * step)
	}
	return least
}

// addUsable finds which classes may use shapes of each kind in the plans that
// are bounded.
func (b *bounder) addUsable() {
	for i := range b.shapeKinds.list {
		k := &b.shapeKinds.list[i]
		set := slices.Clone(k.classes)
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
func (b *bounder) byTariff() cluster.Money {
	m := newMarket(b.problem, 0, int32(len(b.shapes)), b.usable, b.bought, b.placed)
	c := newCertificate(newTariff(m))
	if c == nil {
		return 0
	}
	total := wide{}
	for class, n := range b.placed {
		total = total.plus(mul(c.podWorth[class], uint64(n)))
	}
	total = total.minus(b.absorbed(c))
	v, ok := total.dividedUp(c.shift)
	if !ok {
		return 0
	}
	return cluster.Money(v)
}

// byClass bounds by what single classes need for themselves: the pods that the
// hosts could not hold even if they were given to this class alone. Classes that
// have no shape in common add up.
func (b *bounder) byClass() cluster.Money {
	// The largest pods need the dearest node; the largest classes most nodes.
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
	var needs []need
	for _, c := range order[:min(len(order), largest)] {
		if !slices.Contains(exact, c) {
			needs = b.addNeed(needs, c, false)
		}
	}
	for _, c := range exact {
		needs = b.addNeed(needs, c, true)
	}
	slices.SortStableFunc(needs, func(x, y need) int { return -cmp.Compare(x.cost, y.cost) })
	dearest := apart(needs)
	slices.SortStableFunc(needs, func(x, y need) int { return cmp.Compare(x.kinds.count(), y.kinds.count()) })
	return max(dearest, apart(needs))
}

// apart adds up needs in order, those left out that share a kind with one before.
func apart(needs []need) cluster.Money {
	if len(needs) == 0 {
		return 0
	}
	sum, taken := cluster.Money(0), make(bitset, len(needs[0].kinds))
	for _, x := range needs {
		if !taken.meets(x.kinds) {
			taken.or(x.kinds)
			sum += x.cost
		}
	}
	return sum
}

// need is the least that new nodes for one class cost, which must be of these
// kinds.
type need struct {
	cost  cluster.Money
	kinds bitset
}

// addNeed appends what class needs: at least one node, or with exact as many as
// all of its pods take.
func (b *bounder) addNeed(needs []need, class int32, exact bool) []need {
	n := int64(b.placed[class])
	for h, kind := range b.hostKind {
		if kind >= 0 && b.hostKinds.list[kind].classes.has(int(class)) {
			n -= int64(howMany(b.row(b.hostFree, int32(h)), b.row(b.request, class), b.placed[class]))
		}
	}
	if n <= 0 {
		return needs
	}
	x := need{kinds: newBitset(len(b.shapeKinds.list))}
	for k := range b.shapeKinds.list {
		if b.usable[k].has(int(class)) {
			x.kinds.add(k)
		}
	}
	parcels := b.parcels(class, int32(n), 0, int32(len(b.shapes)), b.usable, 0)
	x.cost = parcels[len(parcels)-1].price
	if exact {
		x.cost = coverBound(int32(n), parcels)
	}
	return append(needs, x)
}

// coverBound is the least cost of parcels for n pods, or when that takes long a
// bound of it.
func coverBound(n int32, parcels []parcel) cluster.Money {
	if n <= mostExact {
		cost, _ := cover(n, parcels)
		return cost
	}
	best := densest(parcels)
	return cluster.Money((int64(n)*int64(best.price) + int64(best.pods) - 1) / int64(best.pods))
}

// absorbed is the most that pods on hosts can be worth: what all room is worth,
// and no more than the pods that fit on some host.
func (b *bounder) absorbed(c *certificate) wide {
	return b.hostRoom(c).min(b.hostPods(c))
}

// hostPods is what the pods are worth that fit on some host, each class alone.
func (b *bounder) hostPods(c *certificate) wide {
	total := wide{}
	for class, n := range b.placed {
		fit := int32(0)
		for h := 0; h < len(b.hostKind) && fit < n; h++ {
			if kind := b.hostKind[h]; kind >= 0 && b.hostKinds.list[kind].classes.has(class) {
				fit += howMany(b.row(b.hostFree, int32(h)), b.row(b.request, int32(class)), n-fit)
			}
		}
		total = total.plus(mul(c.podWorth[class], uint64(fit)))
	}
	return total
}

// hostRoom is what the room of all hosts is worth.
func (b *bounder) hostRoom(c *certificate) wide {
	total := wide{}
	exact := len(b.hostKind)*len(b.classes) <= 1_000_000
	worth := make([]*hostWorth, len(b.hostKinds.list))
	var units []int64
	for h, kind := range b.hostKind {
		if kind < 0 {
			continue
		}
		if worth[kind] == nil {
			worth[kind] = b.hostWorth(c, kind)
		}
		free := b.row(b.hostFree, int32(h))
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
// beside what groups pay for it, the worth of a class for each unit it takes,
// whatever else it takes.
type hostWorth struct {
	room  []uint64 // by dimension; the room is worth their sum over dimensions
	alone []uint64 // by dimension; the room is worth no more than any of these
}

// unknown is the worth alone of a dimension that some class does not ask for.
const unknown = math.MaxUint64

func (b *bounder) hostWorth(c *certificate, kind int32) *hostWorth {
	w := &hostWorth{make([]uint64, len(b.dims)), make([]uint64, len(b.dims))}
	for class := range b.hostKinds.list[kind].classes.all {
		if c.podWorth[class] == 0 || b.placed[class] == 0 {
			continue
		}
		for d, v := range c.row(c.unitRequest, int32(class)) {
			w.room[d] = max(w.room[d], c.unitWorth[int(c.group[class])*len(b.dims)+d])
			if v == 0 {
				w.alone[d] = unknown
				continue
			}
			w.alone[d] = max(w.alone[d], (c.podWorth[class]+uint64(v)-1)/uint64(v))
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

// pods is what the pods are worth that fit into free, each class alone.
func (b *bounder) pods(c *certificate, kind int32, free []int64) wide {
	sum := wide{}
	for class := range b.hostKinds.list[kind].classes.all {
		if n := b.placed[class]; n > 0 {
			sum = sum.plus(mul(c.podWorth[class], uint64(howMany(free, b.row(b.request, int32(class)), n))))
		}
	}
	return sum
}
