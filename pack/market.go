package pack

import (
	"math"
)

// market is what resources are priced in: items with demand and the shapes
// that may serve them. Its amounts are whole units: no node can be filled but to
// a multiple of what divides all requests, so room is rounded down to that, and
// cut to the demand there is.
type market struct {
	*layout
	onSale      []int32 // shapes that may be bought
	usable      []Set   // of each kind, the items that may use it; nil where it is not on sale
	demand      []int32 // pods of each item
	ceiling     []int32 // the most pods of each item that could land on new nodes
	unit        []int64 // of each dimension
	unitRequest []int64 // a row for each item, in units
	unitRoom    []int64 // a row for each shape on sale, in units
	total       []int64 // the most that any node is used for, in units
}

// newMarket lays out the market of the shapes from first to end for a demand.
func newMarket(p *layout, first, end int32, usable []Set, demand, ceiling []int32) *market {
	m := &market{layout: p, usable: usable, demand: demand, ceiling: ceiling}
	for s := first; s < end; s++ {
		m.onSale = append(m.onSale, s)
	}
	m.addUnits()
	for _, s := range m.onSale {
		m.unitRoom = m.inUnits(m.unitRoom, p.row(p.shapeRows, s))
	}
	return m
}

// addUnits finds the greatest common divisor of the requests in each dimension.
func (m *market) addUnits() {
	m.unit = make([]int64, len(m.dense))
	m.total = make([]int64, len(m.dense))
	for c, n := range m.ceiling {
		if n == 0 {
			continue
		}
		for d, v := range m.row(m.size, int32(c)) {
			m.unit[d] = gcd(m.unit[d], v)
		}
	}
	m.unitRequest = make([]int64, len(m.size))
	for c, n := range m.ceiling {
		if n == 0 {
			continue
		}
		row := m.row(m.unitRequest, int32(c))
		for d, v := range m.row(m.size, int32(c)) {
			if v > 0 {
				row[d] = v / m.unit[d]
				m.total[d] = addSaturating(m.total[d], row[d], int64(n))
			}
		}
	}
}

// inUnits appends a row of room in units.
func (m *market) inUnits(rows, free []int64) []int64 {
	for d, v := range free {
		switch {
		case v <= 0 || m.unit[d] == 0:
			rows = append(rows, 0)
		default:
			rows = append(rows, min(v/m.unit[d], m.total[d]))
		}
	}
	return rows
}

// addSaturating returns sum + n·v, or the largest int64 where that is more.
func addSaturating(sum, v, n int64) int64 {
	if n > 0 && v > (math.MaxInt64-sum)/n {
		return math.MaxInt64
	}
	return sum + v*n
}

func gcd(a, b int64) int64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}
