package pack

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// market is what is wanted and what is for sale, in the dimensions that matter for
// the price. Amounts are whole units: no node can be filled but to a multiple of
// what divides all sizes, so room is rounded down to that, and cut to what is
// wanted in all.
type market struct {
	*layout
	*sale
	demand []int32 // of each item
	wanted []int32 // the items with demand

	dims  int     // the layout's rows, and then
	extra []int32 // counted dimensions
	apart []int32 // items that need many nodes each: they are looked at alone
	unit  []int64 // of each dimension, 0 where nobody needs any
	total []int64 // wanted in each dimension, in units
	sizes []int64 // a row for each item with demand, in units
}

const (
	// mostExtra bounds the counted dimensions that get a price.
	mostExtra = 8
	// fewUsers of a counted dimension can do without a price for it.
	fewUsers = 4
	// mostApart bounds the items that are looked at alone.
	mostApart = 24
)

func newMarket(l *layout, s *sale, demand []int32) *market {
	m := &market{}
	m.begin(l, s, demand)
	m.addExtra()
	m.addUnits()
	return m
}

// begin makes it the market for a demand, in the slices of the one that it was.
func (m *market) begin(l *layout, s *sale, demand []int32) {
	*m = market{
		layout: l, sale: s, demand: demand, dims: len(l.dense),
		wanted: m.wanted[:0], extra: m.extra[:0], apart: m.apart[:0], unit: m.unit, total: m.total,
	}
	for i, n := range demand {
		if n > 0 {
			m.wanted = append(m.wanted, int32(i))
		}
	}
}

// addExtra chooses the counted dimensions that need most nodes for themselves, of
// those that many items use. Where few do, it is enough to look at each alone.
func (m *market) addExtra() {
	if len(m.sides.needs.list) == 0 && len(m.sides.roles.list) == 0 {
		return
	}
	nodes, users := make([]float64, len(m.sides.room)), make([]int, len(m.sides.room))
	for _, i := range m.wanted {
		n := m.demand[i]
		for _, x := range m.sides.needs.of(i) {
			if room := m.sides.room[x.at]; room >= x.amount {
				need := float64(float64(n) * (float64(x.amount) / float64(room)))
				nodes[x.at] += need
				users[x.at]++
			}
		}
	}
	for at, n := range users {
		if n <= fewUsers {
			nodes[at] = 0
		}
	}
	alone := make([]float64, len(m.items)) // nodes that an item needs
	for _, i := range m.wanted {
		shared := slices.ContainsFunc(m.sides.needs.of(i), func(x need) bool { return nodes[x.at] > 0 })
		if most := m.sides.alone[i]; 0 < most && most <= fewOnNode && !shared {
			alone[i] = float64(m.demand[i]) / float64(most)
		}
	}
	m.extra = largest(nodes, mostExtra)
	m.dims += len(m.extra)
	m.apart = largest(alone, mostApart)
}

// largest returns the places of the largest values from 2 on, at most that many, in
// order.
func largest(values []float64, most int) []int32 {
	var out []int32
	for i, v := range values {
		if v >= 2 {
			out = append(out, int32(i))
		}
	}
	slices.SortStableFunc(out, func(a, b int32) int { return -cmp.Compare(values[a], values[b]) })
	out = out[:min(len(out), most)]
	slices.Sort(out)
	return out
}

// addUnits lays out sizes in units: the greatest common divisors of all that is
// wanted.
func (m *market) addUnits() {
	m.unit, m.total = zeros(m.unit, m.dims), zeros(m.total, m.dims)
	m.sizes = m.grains
	if len(m.extra) > 0 {
		m.addColumns()
	}
	coarser := false // some unit is more than a grain
	for _, i := range m.wanted {
		for d, v := range m.sizeOf(i) {
			if v > 0 && m.unit[d] != 1 {
				m.unit[d] = gcd(m.unit[d], v)
			}
		}
	}
	for _, u := range m.unit {
		coarser = coarser || u > 1
	}
	if coarser {
		sizes := make([]int64, len(m.sizes))
		for _, i := range m.wanted {
			row := sizes[int(i)*m.dims : (int(i)+1)*m.dims]
			for d, v := range m.sizeOf(i) {
				row[d] = v / max(m.unit[d], 1)
			}
		}
		m.sizes = sizes
	}
	for _, i := range m.wanted {
		for d, v := range m.sizeOf(i) {
			m.total[d] = addSaturating(m.total[d], v, int64(m.demand[i]))
		}
	}
	for d, g := range m.grain {
		m.unit[d] *= g
	}
}

// addColumns lays out sizes with the counted dimensions that have a price.
func (m *market) addColumns() {
	m.sizes = make([]int64, len(m.items)*m.dims)
	column := make([]int, len(m.sides.room)) // from 1
	for i, at := range m.extra {
		column[at] = len(m.dense) + i + 1
	}
	for _, i := range m.wanted {
		row := m.sizeOf(i)
		copy(row, m.row(m.grains, i))
		for _, x := range m.sides.needs.of(i) {
			if c := column[x.at]; c > 0 {
				row[c-1] = x.amount
			}
		}
	}
}

// sizeOf returns the size of an item, in units.
func (m *market) sizeOf(item int32) []int64 {
	return m.sizes[int(item)*m.dims : (int(item)+1)*m.dims : (int(item)+1)*m.dims]
}

// unitRoom appends the room of a shape, in units.
func (m *market) unitRoom(rows []int64, shape int32) []int64 {
	for c, v := range m.row(m.shapeRows, shape) {
		rows = append(rows, m.inUnits(c, v))
	}
	for i, at := range m.extra {
		rows = append(rows, m.inUnits(len(m.dense)+i, m.sides.room[at]))
	}
	return rows
}

func (m *market) inUnits(d int, v int64) int64 {
	if v <= 0 || m.unit[d] == 0 {
		return 0
	}
	return min(v/m.unit[d], m.total[d])
}

// costOf is what a shape costs, in micro-USD per hour; more than nothing, or it would
// be bought without end.
func (m *market) costOf(shape int32) float64 { return math.Max(float64(m.priceOf(shape)), 1e-3) }

// addSaturating returns sum + n·v, or the largest int64 where that is more; n and sum
// are not negative.
func addSaturating(sum, v, n int64) int64 {
	if v <= 0 {
		return sum + v*n
	}
	high, low := bits.Mul64(uint64(v), uint64(n))
	if high > 0 || low > uint64(math.MaxInt64-sum) {
		return math.MaxInt64
	}
	return sum + int64(low)
}

func gcd(a, b int64) int64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
