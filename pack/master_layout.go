package pack

import (
	"math"
	"slices"
)

// newMaster lays out the linear program of a market.
func newMaster(m *market, classes int) *master {
	x := &master{market: m, classes: m.classify(classes)}
	x.scale = make([]float64, m.dims)
	for d, v := range m.total {
		x.scale[d] = float64(max(v, 1))
	}
	for i := range x.classes {
		for d, v := range x.classes[i].size {
			x.size = append(x.size, v/x.scale[d])
		}
	}
	x.addShapes()
	x.addMay()
	x.addMost()
	n := len(x.classes)
	x.knapsack = newKnapsack(m.dims, x.size)
	x.simplex = newSimplex(n)
	x.safe = make([]float64, n)
	return x
}

func (x *master) addShapes() {
	x.price, x.worth = make([]float64, len(x.onSale)*x.dims), make([]float64, len(x.onSale))
	var row []int64
	for _, s := range x.onSale {
		row = x.unitRoom(row[:0], s)
		for d, v := range row {
			x.room = append(x.room, float64(v)/x.scale[d])
		}
		x.cost = append(x.cost, x.costOf(s))
	}
}

// addMay finds which classes each shape may hold: those whose mean fits. A class
// whose mean fits nowhere is taken for its smallest part.
func (x *master) addMay() {
	byKind := make([][]int32, len(x.sets))
	for c := range x.classes {
		for k, set := range x.sets {
			if set != nil && set.Has(int(x.classes[c].items[0])) {
				byKind[k] = append(byKind[k], int32(c))
			}
		}
	}
	x.may = make([][]int32, len(x.onSale))
	held := NewSet(len(x.classes))
	for i, s := range x.onSale {
		for _, c := range byKind[x.shapes[s].kind] {
			if fitsIn(x.row(x.size, int(c)), x.row(x.room, i)) {
				x.may[i] = append(x.may[i], c)
				held.Add(int(c))
			}
		}
	}
	for c := range x.classes {
		if held.Has(c) {
			continue
		}
		least := x.row(x.size, c)
		for _, item := range x.classes[c].items {
			for d, v := range x.sizeOf(item) {
				least[d] = math.Min(least[d], float64(v)/x.scale[d])
			}
		}
		for i, s := range x.onSale {
			if slices.Contains(byKind[x.shapes[s].kind], int32(c)) && fitsIn(least, x.row(x.room, i)) {
				x.may[i] = append(x.may[i], int32(c))
			}
		}
	}
}

// fewOnNode is up to how many of an item on a node it matters that they are whole.
const fewOnNode = 8

// addMost finds how many of a class a node can hold: a whole number, where the
// class is uniform and few of it fit. For others there is no bound.
func (x *master) addMost() {
	x.most = make([]float64, len(x.onSale)*len(x.classes))
	for i, s := range x.onSale {
		room := x.layout.row(x.shapeRows, s)
		for _, c := range x.may[i] {
			most := math.Inf(1)
			if x.classes[c].uniform {
				item := x.classes[c].items[0]
				alone := x.sides.counted[item]
				if len(x.classes[c].items) == 1 {
					alone = x.sides.alone[item]
				}
				alone = min(alone, fewOnNode+1)
				if n := howMany(room, x.layout.row(x.layout.size, item), alone); n <= fewOnNode {
					most = float64(n)
				}
			}
			x.most[i*len(x.classes)+int(c)] = most
		}
	}
}

func fitsIn(size, room []float64) bool {
	for d, v := range size {
		if v > room[d] {
			return false
		}
	}
	return true
}
