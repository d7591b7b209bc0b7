package pack

import (
	"cmp"
	"math"
	"slices"
)

// master solves the linear program of what to buy: amounts of filled nodes, at
// least cost, so that every class is covered. A filled node is a shape with
// fractions of classes that it has room for. There are too many to list them: they
// are found when they are needed, as solutions of a [knapsack] (column generation).
// The dual solution is a value for each class.
//
// Values jump while the columns are few, so nodes are filled for values part of the
// way back to the best ones known to be safe: those at which no shape is worth more
// than it costs.
//
// Products are converted explicitly, so that no compiler fuses them with a sum:
// the result has to be the same on every architecture.
type master struct {
	*market
	classes []class
	scale   []float64 // of each dimension
	size    []float64 // a row for each class, as parts of scale
	room    []float64 // a row for each shape, as parts of scale
	cost    []float64 // of each shape
	may     [][]int32 // the classes that each shape may hold
	most    []float64 // a row for each shape: the most of each class that a node holds
	active  []int     // shapes that are looked at in each round
	idle    []int

	simplex // a row for each class

	knapsack *knapsack
	price    []float64 // a row for each shape: the prices in its knapsack
	worth    []float64 // of each shape, all of its room used
	offers   []column
	portions []portion

	safe  []float64 // the best values that are safe for active shapes
	lower float64   // what all classes are worth then
}

const (
	// backward is how far values are moved towards the safe ones.
	backward = 0.7
	// nearly is how much of its cost a shape must be worth for more than its best
	// filled node to be offered, and nearest how many such shapes there may be.
	nearly, nearest = 0.998, 12
	// fewShapes may all be active at the beginning, and half of them later on.
	fewShapes = 64
	// warmUp is after how many rounds only the best shapes stay active.
	warmUp = 4
)

// row is a row of a matrix whose rows are as wide as dims.
func (x *master) row(m []float64, i int) []float64 {
	return m[i*x.dims : (i+1)*x.dims : (i+1)*x.dims]
}

// mostOf returns the most of each class that a node of a shape holds.
func (x *master) mostOf(i int) []float64 { return x.most[i*len(x.classes) : (i+1)*len(x.classes)] }

// begin makes a basis of one column for each class: the shape that holds it for
// least when nothing else is on it.
func (x *master) begin() {
	n := len(x.classes)
	fit := make([]float64, n)
	for c := range n {
		x.basis[c].shape, fit[c], x.value[c] = -1, 1, 1e15
	}
	for i, may := range x.may {
		room := x.row(x.room, i)
		for _, c := range may {
			most := x.mostOf(i)[c]
			for d, v := range x.row(x.size, int(c)) {
				if v > 0 {
					most = math.Min(most, room[d]/v)
				}
			}
			if cost := x.cost[i] / most; cost < x.value[c] {
				x.basis[c].shape, fit[c], x.value[c] = i, most, cost
			}
		}
	}
	for c := range n {
		x.basis[c].holds = []portion{{int32(c), fit[c]}}
		x.inverse[c*n+c] = 1 / fit[c]
		x.amount[c] = x.classes[c].count / fit[c]
	}
	x.activate()
}

// activate chooses the shapes to begin with: all if they are few, else those that
// are in the basis and some of all sizes.
func (x *master) activate() {
	shapes := len(x.may)
	chosen := NewSet(shapes)
	for _, b := range x.basis {
		if b.shape >= 0 {
			chosen.Add(b.shape)
		}
	}
	step := 1 + (shapes-1)/fewShapes
	for i := range shapes {
		if i%step == 0 {
			chosen.Add(i)
		}
	}
	for i := range shapes {
		switch {
		case len(x.may[i]) == 0:
		case chosen.Has(i):
			x.active = append(x.active, i)
		default:
			x.idle = append(x.idle, i)
		}
	}
}

// solve runs until safe values are as near to the cost of the columns as that, or
// rounds are over.
func (x *master) solve(rounds int, tolerance float64) {
	x.begin()
	at := slices.Clone(x.value)
	back := 0.0
	for round := range rounds {
		if round%warmUp == warmUp-1 {
			x.cool()
		}
		x.fill(x.active, at)
		x.makeSafe(x.active, at)
		if x.lower >= x.objective()*(1-tolerance) {
			if !x.wake(tolerance) {
				return
			}
			continue
		}
		switch entered := x.enterAll(); {
		case entered > 0:
			back = backward
		case back == 0:
			if !x.wake(tolerance) {
				return
			}
		case back < 0.1:
			back = 0
		default:
			back = float64(back * 0.5)
		}
		for c := range at {
			at[c] = float64(back*x.safe[c]) + float64((1-back)*x.value[c])
		}
	}
	x.wake(tolerance)
}

// cool makes idle all but the shapes that were worth most for their cost in the
// last round and those in the basis.
func (x *master) cool() {
	if len(x.active) <= fewShapes/2 {
		return
	}
	inBasis := NewSet(len(x.may))
	for _, b := range x.basis {
		if b.shape >= 0 {
			inBasis.Add(b.shape)
		}
	}
	slices.SortFunc(x.active, func(a, b int) int {
		return cmp.Or(-cmp.Compare(x.worth[a]/x.cost[a], x.worth[b]/x.cost[b]), cmp.Compare(a, b))
	})
	kept := x.active[:fewShapes/2]
	for _, i := range x.active[fewShapes/2:] {
		if inBasis.Has(i) {
			kept = append(kept, i)
		} else {
			x.idle = append(x.idle, i)
		}
	}
	x.active = kept
	x.lower = 0
}

// fill solves the knapsacks of some shapes at the given values and notes the
// columns that would lower the cost.
func (x *master) fill(shapes []int, value []float64) {
	x.offers, x.portions = x.offers[:0], x.portions[:0]
	near := 0
	for _, i := range shapes {
		k := x.knapsack
		k.solve(x.row(x.room, i), value, x.mostOf(i), x.may[i])
		copy(x.row(x.price, i), k.price)
		x.worth[i] = k.worth
		from := len(x.portions)
		x.portions = k.filled(x.portions)
		x.note(i, from)
		if x.worth[i] < nearly*x.cost[i] || near == nearest {
			continue
		}
		near++
		for _, c := range x.may[i] {
			from := len(x.portions)
			x.portions = k.filledWith(c, x.portions)
			x.note(i, from)
		}
	}
}

// note makes an offer of the portions from that index on if it lowers the cost.
func (x *master) note(shape, from int) {
	c := column{shape: shape, holds: x.portions[from:len(x.portions):len(x.portions)]}
	if c.gain = x.gainOf(&c) / x.cost[shape]; len(c.holds) == 0 || c.gain <= 1e-8 {
		x.portions = x.portions[:from]
		return
	}
	x.offers = append(x.offers, c)
}

// gainOf is by how much a column is worth more than it costs.
func (x *master) gainOf(c *column) float64 { return x.worthOf(c) - x.cost[c.shape] }

// makeSafe finds values at which none of the shapes is worth more than it costs,
// from the prices in their knapsacks at other values, and keeps them if they are
// the best so far.
func (x *master) makeSafe(shapes []int, value []float64) {
	safe := x.image // free outside of enter
	if sum := x.safeValues(shapes, value, safe); sum > x.lower {
		x.lower = sum
		copy(x.safe, safe)
	}
}

func (x *master) safeValues(shapes []int, value, out []float64) float64 {
	for c := range out {
		out[c] = math.Inf(1)
	}
	for _, i := range shapes {
		if x.worth[i] <= 0 {
			continue
		}
		f, price := x.cost[i]/x.worth[i], x.row(x.price, i)
		for _, c := range x.may[i] {
			w := 0.0
			for d, v := range x.row(x.size, int(c)) {
				w += float64(v * price[d])
			}
			// What a class is worth beyond its room is part of what the shape is.
			out[c] = min(out[c], float64(max(w, value[c])*f))
		}
	}
	sum := 0.0
	for c, v := range out {
		if math.IsInf(v, 1) {
			out[c] = 0
			continue
		}
		sum += float64(v * x.classes[c].count)
	}
	return sum
}

// wake makes active those idle shapes that are worth more than they cost at the
// best safe values; false if there are none.
func (x *master) wake(tolerance float64) bool {
	x.fill(x.idle, x.safe)
	slices.SortStableFunc(x.idle, func(a, b int) int {
		return -cmp.Compare(x.worth[a]/x.cost[a], x.worth[b]/x.cost[b])
	})
	n := 0
	for n < len(x.idle) && n < fewShapes/4 && x.worth[x.idle[n]] > x.cost[x.idle[n]]*(1+tolerance/2) {
		n++
	}
	x.active = append(x.active, x.idle[:n]...)
	x.idle = x.idle[n:]
	if n > 0 {
		x.lower = 0
	}
	return n > 0
}

func (x *master) objective() float64 {
	sum := 0.0
	for c, v := range x.value {
		sum += float64(v * x.classes[c].count)
	}
	return sum
}

// enterAll takes the offers into the basis that still lower the cost, most gain
// for its cost first, and returns how many did.
func (x *master) enterAll() int {
	order := make([]int32, len(x.offers))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(-cmp.Compare(x.offers[a].gain, x.offers[b].gain), cmp.Compare(a, b))
	})
	entered := 0
	for _, i := range order {
		if entered > len(x.classes) {
			break
		}
		c := &x.offers[i]
		if gain := x.gainOf(c); gain > 1e-8*x.cost[c.shape] && x.enter(c, gain) {
			entered++
		}
	}
	// A class that is worth less than nothing is covered more than once.
	for c, v := range x.value {
		surplus := column{shape: -1, holds: []portion{{int32(c), -1}}}
		if v < -1e-6 && x.enter(&surplus, -v) {
			entered++
		}
	}
	return entered
}
