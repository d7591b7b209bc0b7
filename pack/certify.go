package pack

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// certifier makes a part of a proof. All of its amounts are integers, in units of
// the dimensions that matter.
type certifier struct {
	*bounder
	*sale

	dims   []int32 // of the problem
	extra  []int32 // the counted ones among them, which come last
	unit   []int64
	total  []int64   // of all that is held
	size   []int64   // a row for each item
	room   [][]int64 // of each of onSale
	prices [][]int64
	rows   []certRow
	tree   *caseTree
	lists  []Set // of each list of prices made for the mix, the items that it is for
}

// certRow is a row of the covering problem.
type certRow struct {
	values []int64
	need   int64
	most   []int64 // of each of onSale
	by     []int32 // of each of onSale
	// hostMost and hostBy are the same of each host.
	hostMost []int64
	hostBy   []int32
}

// addDims lays out sizes and rooms in units of what divides all sizes.
func (c *certifier) addDims(extra []int32) {
	c.extra = extra
	c.dims = append(c.dims, c.dense...)
	column := make([]int, len(c.sides.room))
	for i, at := range extra {
		column[at] = len(c.dense) + i + 1
		for d, index := range c.sides.index {
			if index == at {
				c.dims = append(c.dims, int32(d))
			}
		}
	}
	n := len(c.dims)
	c.unit, c.total, c.size = make([]int64, n), make([]int64, n), make([]int64, n*len(c.items))
	for i := range c.items {
		if c.held[i] == 0 || !c.within.Has(i) {
			continue
		}
		row := c.sizeOf(i)
		copy(row, c.row(c.grains, int32(i)))
		for _, x := range c.sides.needs.of(int32(i)) {
			if at := column[x.at]; at > 0 {
				row[at-1] = x.amount
			}
		}
		for d, v := range row {
			if c.unit[d] != 1 {
				c.unit[d] = gcd(c.unit[d], v)
			}
		}
	}
	for i := range c.items {
		row := c.sizeOf(i)
		for d, v := range row {
			if v > 0 && c.unit[d] > 1 {
				row[d] = v / c.unit[d]
			}
			c.total[d] = addSaturating(c.total[d], row[d], int64(c.held[i]))
		}
	}
	for d, g := range c.grain {
		c.unit[d] *= g
	}
	for _, s := range c.onSale {
		c.room = append(c.room, c.inUnits(c.row(c.shapeRows, s), func(at int32) int64 { return c.sides.room[at] }))
	}
}

func (c *certifier) sizeOf(i int) []int64 { return c.size[i*len(c.dims) : (i+1)*len(c.dims)] }

// inUnits returns room in units, as far as anything can use it.
func (c *certifier) inUnits(dense []int64, counted func(at int32) int64) []int64 {
	out := make([]int64, len(c.dims))
	for d := range out {
		v := int64(0)
		if d < len(c.dense) {
			v = dense[d]
		} else {
			v = counted(c.extra[d-len(c.dense)])
		}
		if v > 0 && c.unit[d] > 0 {
			out[d] = min(v/c.unit[d], c.total[d])
		}
	}
	return out
}

// hostRoom returns the room of a host in units.
func (c *certifier) hostRoom(h int) []int64 {
	return c.inUnits(c.row(c.hostRows, int32(h)), func(at int32) int64 {
		for _, a := range c.Hosts[h].Room {
			if c.sides.index[a.Dim] == at {
				return a.Value
			}
		}
		return c.sides.room[at]
	})
}

// addAmounts adds a row for each dimension: what is needed of it, by all items,
// and by those that may only be where others may be as well.
func (c *certifier) addAmounts() {
	none := int32(len(c.prices))
	c.prices = append(c.prices, make([]int64, len(c.dims)))
	groups := c.groups()
	for d := range c.dims {
		price := make([]int64, len(c.dims))
		price[d] = 1
		by := int32(len(c.prices))
		c.prices = append(c.prices, price)
		for _, set := range groups {
			r := certRow{values: make([]int64, len(c.items)), by: make([]int32, len(c.onSale)), most: make([]int64, len(c.onSale))}
			for i := range set.All {
				r.values[i] = c.sizeOf(i)[d]
			}
			for s := range c.onSale {
				if !c.sets[c.shapes[c.onSale[s]].kind].Meets(set) {
					r.by[s] = none
					continue
				}
				r.most[s], r.by[s] = c.room[s][d], by
			}
			c.addNeed(&r, []int32{by})
			c.rows = append(c.rows, r)
		}
	}
}

// mostGroups bounds the sets of items that get rows of their own.
const mostGroups = 6

// groups returns sets of items that are worth a row of their own: all of them,
// and those that fit nowhere but in the kinds of shapes that some item may use.
func (c *certifier) groups() []Set {
	all := NewSet(len(c.items))
	kinds := make([]Set, c.numbers) // that the items of each group of the sale may use
	var order []int32               // the groups that something of is held
	for i := range c.items {
		if c.held[i] == 0 || !c.within.Has(i) {
			continue
		}
		all.Add(i)
		if kinds[c.group[i]] != nil {
			continue
		}
		may := NewSet(len(c.sets))
		for k, set := range c.sets {
			if set != nil && set.Has(i) {
				may.Add(k)
			}
		}
		kinds[c.group[i]] = may
		order = append(order, c.group[i])
	}
	out := []Set{all}
	for n, g := range order {
		if n > 4*mostGroups || len(out) >= mostGroups {
			break
		}
		set := NewSet(len(c.items))
		for j := range all.All {
			if kinds[g].Contains(kinds[c.group[j]]) {
				set.Add(j)
			}
		}
		if !contains(out, set) {
			out = append(out, set)
		}
	}
	return out
}

func contains(list []Set, set Set) bool {
	for _, x := range list {
		if x.Contains(set) && set.Contains(x) {
			return true
		}
	}
	return false
}

// addValues adds a row in which items are worth what the cheapest mix of shapes
// says.
func (c *certifier) addValues(demand []int32, e effort) {
	m := newMarket(c.layout, c.sale, demand)
	c.addDims(append(slices.Clone(m.extra), m.cramped()...))
	x := newMaster(m, e.classes)
	x.solve(e.rounds, e.tolerance)
	x.fill(append(x.active, x.idle...), x.safe)
	scale := c.valueScale(x.lower, x.cost, demand)
	r := certRow{values: make([]int64, len(c.items)), by: make([]int32, len(c.onSale))}
	first := len(c.prices)
	c.choosePrices(x, scale, &r)
	c.valueItems(x, scale, first, &r)
	c.absorb(&r, first)
	c.lower(&r, c.opt.Steps*lowering)
	excess := map[[2]int32][]extraWorth{}
	for i, s := range c.onSale {
		key := [2]int32{c.shapes[s].kind, r.by[i]}
		extra, ok := excess[key]
		if !ok {
			extra = c.excess(&r, r.by[i], c.sets[c.shapes[s].kind])
			excess[key] = extra
		}
		r.most = append(r.most, c.mostOn(c.room[i], c.prices[r.by[i]], extra, c.row(c.shapeRows, s), &times{c.sides.alone, c.sides.counted}))
	}
	c.rows = append(c.rows, r)
	c.addWhole(x, scale)
}

// addRow adds a row whose lists of prices begin with that one.
func (c *certifier) addRow(r certRow, first int) {
	c.absorb(&r, first)
	c.rows = append(c.rows, r)
}

// absorb finds out what hosts leave of a row for new nodes, by its lists of prices,
// which begin with that one.
func (c *certifier) absorb(r *certRow, first int) {
	var lists []int32
	for p := first; p < len(c.prices); p++ {
		lists = append(lists, int32(p))
	}
	c.addNeed(r, lists)
}

// valueScale returns by what micro-USD are multiplied to become values: a power of
// two that keeps all sums below 2⁵⁸. Worth is that of what is wanted.
func (c *certifier) valueScale(worth float64, cost []float64, demand []int32) float64 {
	sum := 1 + worth
	bought, held := 1.0, 1.0
	for i, n := range c.held {
		if c.within.Has(i) {
			held += float64(n)
			bought += float64(demand[i])
		}
	}
	// Those on hosts have not been counted: allow for a thousand times their share.
	sum *= held / bought
	for _, v := range cost {
		sum += v
	}
	return math.Ldexp(1, 57-bits.Len64(uint64(sum)))
}

// choosePrices turns the prices that the mix has for each shape into few lists of
// whole numbers, and chooses one for each shape: one made for another will do if
// the room is worth no more than it costs.
func (c *certifier) choosePrices(x *master, scale float64, r *certRow) {
	first := len(c.prices)
	c.lists = c.lists[:0]
	for _, i := range x.byRate() {
		may := c.fitting(c.sets[c.shapes[c.onSale[i]].kind], c.row(c.shapeRows, c.onSale[i]))
		found := -1
		for p := first; p < len(c.prices) && found < 0; p++ {
			if c.lists[p-first].Contains(may) && float64(c.worthOf(c.room[i], c.prices[p])) <= float64(x.cost[i]*scale) {
				found = p
			}
		}
		if found < 0 {
			factor := scale
			if x.worth[i] > 0 {
				factor = float64(scale * (x.cost[i] / x.worth[i]))
			}
			price := make([]int64, len(c.dims))
			for d := range x.unit {
				if c.unit[d] > 0 && x.unit[d] > 0 {
					price[d] = int64(max(0, float64(x.price[i*x.dims+d]*factor)/x.scale[d]*(float64(c.unit[d])/float64(x.unit[d]))))
				}
			}
			found = len(c.prices)
			c.prices = append(c.prices, price)
			c.lists = append(c.lists, may)
		}
		r.by[i] = int32(found)
	}
}

// worthOf is what an amount in each dimension is worth.
func (c *certifier) worthOf(amount, price []int64) int64 {
	sum := int64(0)
	for d, v := range amount {
		sum = addSaturating(sum, price[d], v)
	}
	return sum
}

// valueItems gives each item the least that its size is worth by a list of prices
// that is used for a shape which may hold it. A class of items of one size keeps its
// own value: where few of it fit, that may be more than the room is worth.
func (c *certifier) valueItems(x *master, scale float64, first int, r *certRow) {
	c.valueBySize(first, r)
	for i := range x.classes {
		for _, item := range x.classes[i].items {
			if x.classes[i].uniform {
				r.values[item] = int64(float64(x.safe[i] * scale))
			}
		}
	}
}

// valueBySize gives each item the least that its size is worth by a list of prices,
// from first on, that is for it.
func (c *certifier) valueBySize(first int, r *certRow) {
	for i := range c.within.All {
		if c.held[i] == 0 {
			continue
		}
		least := int64(math.MaxInt64)
		for p, set := range c.lists {
			if set.Has(i) {
				least = min(least, c.worthOf(c.sizeOf(i), c.prices[first+p]))
			}
		}
		if least < math.MaxInt64 { // else it is for hosts only
			r.values[i] = least
		}
	}
}

// extraWorth is by how much an item is worth more than its size.
type extraWorth struct {
	item  int32
	worth int64
}

// excess lists the items of a set that are worth more than their size by a list of
// prices, those of the same size next to each other.
func (c *certifier) excess(r *certRow, by int32, set Set) []extraWorth {
	var out []extraWorth
	for i := range set.All {
		if v := r.values[i]; v > 0 {
			if w := c.worthOf(c.sizeOf(i), c.prices[by]); v > w {
				out = append(out, extraWorth{int32(i), v - w})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y extraWorth) int { return cmp.Compare(c.alike[x.item], c.alike[y.item]) })
	return out
}

// mostOn bounds the value of what a place holds: what its room is worth, and what
// items are worth beyond that, as often as they fit alone, those of the same size
// together.
func (c *certifier) mostOn(room, price []int64, extra []extraWorth, dense []int64, most *times) int64 {
	sum := c.worthOf(room, price)
	for i := 0; i < len(extra); {
		size := c.row(c.layout.size, extra[i].item)
		each, dearest, first := int64(0), int64(0), c.alike[extra[i].item]
		for ; i < len(extra) && c.alike[extra[i].item] == first; i++ {
			x := extra[i]
			n := howMany(dense, size, min(c.held[x.item], most.alone[x.item]))
			each = addSaturating(each, x.worth, int64(n))
			dearest = max(dearest, x.worth)
		}
		if dearest > 0 {
			together := addSaturating(0, dearest, int64(howMany(dense, size, most.counted[first])))
			sum = addSaturating(sum, min(each, together), 1)
		}
	}
	return sum
}

// byRate returns the market's shapes, those first that are worth most for their
// cost.
func (x *master) byRate() []int {
	order := make([]int, len(x.cost))
	for i := range order {
		order[i] = i
	}
	sortBy(order, func(i int) float64 { return -x.worth[i] / x.cost[i] })
	return order
}
