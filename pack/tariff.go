package pack

import (
	"cmp"
	"math"
	"slices"
)

// tariff is what a market says: what each item is worth, what each shape could be
// worth at most, and how much of what to buy.
type tariff struct {
	// worth of one of each item, in sixteenths of a micro-USD per hour. Everything
	// that can be bought for is worth something, so that none is forgotten because
	// it needs only what there is too much of.
	worth []int64
	// room is what the room of each shape is worth if all of it is used well, in the
	// same unit.
	room []int64
	// price is a row for each shape: what a unit in each row's dimension is worth on
	// a node of that shape, in sixteenths of a micro-USD.
	price []float64
	// planned is how many nodes of each shape are part of the cheapest mix.
	planned []float64
	// home is for each shape that is planned the items that the mix puts there.
	home []Set
	// patterns are nodes to be bought as they are; none where items are too different.
	patterns []pattern
	// rare are the items that may be worth more than the room they take; nil for none.
	rare Set
	// fine: no class was of several sizes.
	fine bool
}

// pattern is a node that is planned a number of times.
type pattern struct {
	shape   int32
	planned float64
	holds   []portionOf
}

// portionOf is how many of some items, all of one size, a pattern holds.
type portionOf struct {
	items []int32
	count int32
}

// effort is how well a linear program is solved.
type effort struct {
	classes, rounds int
	tolerance       float64
}

// newTariff solves a market.
func newTariff(m *market, e effort) *tariff {
	x := newMaster(m, e.classes)
	x.solve(e.rounds, e.tolerance)
	x.fill(append(x.active, x.idle...), x.safe)
	t := &tariff{}
	t.clear(m)
	for i, s := range m.onSale {
		t.rate(m, s, x.worth[i], x.row(x.price, i), x.scale)
	}
	t.plan(x)
	t.findRare(x)
	x.itemWorth(t.worth)
	t.fine = x.fine()
	if t.fine && x.nodes() > float64(len(x.classes)) {
		x.solveWhole()
		t.addPatterns(x)
	}
	return t
}

// clear makes it a tariff by which nothing is worth anything.
func (t *tariff) clear(m *market) {
	*t = tariff{
		worth: zeros(t.worth, len(m.items)), room: zeros(t.room, len(m.shapes)), price: zeros(t.price, len(m.shapes)*len(m.dense)),
		planned: zeros(t.planned, len(m.shapes)), home: zeros(t.home, len(m.shapes)),
	}
}

// rate notes what a shape is worth and, in micro-USD for a part of scale, what room in
// each dimension is worth there.
func (t *tariff) rate(m *market, shape int32, worth float64, price, scale []float64) {
	t.room[shape] = int64(worth*16) + 1
	for c := range m.dense {
		if m.unit[c] > 0 {
			t.price[int(shape)*len(m.dense)+c] = price[c] / float64(scale[c]*float64(m.unit[c])) * 16
		}
	}
}

// fine tells whether no class is of several sizes.
func (x *master) fine() bool {
	return !slices.ContainsFunc(x.classes, func(c class) bool { return !c.uniform })
}

// nodes is how many nodes are planned. Where they are far more than the classes, little
// is lost by buying whole numbers of each column.
func (x *master) nodes() float64 {
	nodes := 0.0
	for i, b := range x.basis {
		if b.shape >= 0 {
			nodes += x.amount[i]
		}
	}
	return nodes
}

// addPatterns notes the nodes that a solution in whole numbers buys.
func (t *tariff) addPatterns(x *master) {
	for i, b := range x.basis {
		if b.shape < 0 || x.amount[i] < 1 {
			continue
		}
		p := pattern{shape: x.onSale[b.shape], planned: x.amount[i]}
		for _, a := range b.holds {
			p.holds = append(p.holds, portionOf{x.classes[a.class].items, int32(a.amount + 0.5)})
		}
		t.patterns = append(t.patterns, p)
	}
	slices.SortStableFunc(t.patterns, func(a, b pattern) int {
		return -cmp.Compare(a.planned*x.costOf(a.shape), b.planned*x.costOf(b.shape))
	})
}

// plan notes what the basis of the solution buys, and which items belong there.
func (t *tariff) plan(x *master) {
	for i, b := range x.basis {
		if b.shape < 0 || x.amount[i] <= 1e-9 {
			continue
		}
		s := x.onSale[b.shape]
		t.planned[s] += x.amount[i]
		if t.home[s] == nil {
			t.home[s] = NewSet(len(x.items))
		}
		set := x.sets[x.shapes[s].kind]
		for _, a := range b.holds {
			for _, item := range x.classes[a.class].items {
				if set.Has(int(item)) { // a class may be of several groups
					t.home[s].Add(int(item))
				}
			}
		}
	}
}

// findRare finds the items of which few fit on a node, whatever its room, or that
// take of a counted dimension with a price.
func (t *tariff) findRare(x *master) {
	add := func(item int32) {
		if t.rare == nil {
			t.rare = NewSet(len(x.items))
		}
		t.rare.Add(int(item))
	}
	for c := range x.classes {
		items := x.classes[c].items
		rare := x.classes[c].uniform
		for d := len(x.dense); d < x.dims; d++ {
			rare = rare || x.classes[c].size[d] > 0
		}
		for _, item := range items {
			if rare {
				add(item)
			}
		}
	}
}

// decisive is how many shapes may decide what items of a class are worth; far more
// than there are dimensions repeat each other.
const decisive = 12

// itemWorth computes what each item is worth at safe prices: the least that its
// size is worth on any shape that may hold its class.
func (x *master) itemWorth(out []int64) {
	factor := make([]float64, len(x.may))
	for i := range factor {
		factor[i] = min(1, x.cost[i]/max(x.worth[i], 1e-9))
	}
	at := func(i int, size []float64) float64 {
		w := 0.0
		for d, p := range x.row(x.price, i) {
			w += float64(size[d] * p)
		}
		return float64(w * factor[i])
	}
	rows := make([][]rated, len(x.classes))
	for i, may := range x.may {
		for _, c := range may {
			rows[c] = append(rows[c], rated{i, at(i, x.row(x.size, int(c)))})
		}
	}
	size := make([]float64, x.dims)
	for c := range rows {
		slices.SortStableFunc(rows[c], func(a, b rated) int { return cmp.Compare(a.worth, b.worth) })
		rows[c] = rows[c][:min(len(rows[c]), decisive)]
		for _, item := range x.classes[c].items {
			w := math.Inf(1)
			for d, v := range x.sizeOf(item) {
				size[d] = float64(v) / x.scale[d]
			}
			for _, r := range rows[c] {
				w = min(w, at(r.shape, size))
			}
			if x.classes[c].uniform {
				w = x.safe[c] // its whole numbers may be worth more than the room they take
			}
			if math.IsInf(w, 1) {
				w = 0
			}
			out[item] = int64(w*16) + 1
		}
	}
}

// rated is what a class is worth on a shape.
type rated struct {
	shape int
	worth float64
}
