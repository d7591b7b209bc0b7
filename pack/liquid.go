package pack

import (
	"cmp"
	"math"
	"slices"
)

// liquid is the linear program of what to buy if items could be poured: what groups
// of items need in each dimension must be covered by room of shapes that may hold
// them, whichever items that is. It has a row for each dimension of each group, and
// for given values the best way to fill a shape is plain: each dimension goes to the
// group to which it is worth most. Only items of which a node may hold few are put in
// whole, as stones, which have a row each. So it takes a fraction of what [master]
// takes, and tells nearly as much where items are many or small.
type liquid struct {
	*market
	simplex
	floats  arena[float64]
	numbers arena[int32]
	holds   []portion // of the column that is to enter
	groups  []flow
	rings   []ring
	stones  []stone
	stoneOf []int32   // of each item, −1 for none
	scale   []float64 // of each dimension
	room    []float64 // a row for each shape, as parts of scale
	cost    []float64 // of each shape
	stands  []stand
	stand   []int32 // of each shape

	free  []float64 // of the shape at hand, stones taken out
	taken []int32   // of the stones that the shape's stand lists
	left  []int32   // of each ring, what may be added
	near  []int     // the shapes that are looked at each time
}

// flow is a group of items that may use the same shapes, in the same dimensions.
type flow struct {
	of    int32   // their group in the sale
	uses  uint64  // of the dimensions that are rows
	item  int32   // one of them
	row   []int32 // of each dimension, −1 for what they do not use or has no row
	total []float64
	share float64 // of all that is wanted
	price []float64
}

// stand is a way in which shapes are open to groups.
type stand struct {
	kind   int32
	has    uint64 // the dimensions in which there is room
	groups []int32
	price  []float64 // of each dimension, to the group to which it is worth most
	taker  []int32   // the row of that group
	stones []int32   // that may be there, those first that are worth most beyond their room
	beyond []float64 // of each stone: that
	open   []int32   // all that may be there
}

func (x *liquid) roomOf(shape int) []float64 { return x.room[shape*x.dims : (shape+1)*x.dims] }

// solve runs until no shape is worth more than it costs.
func (x *liquid) solve() {
	if !x.begin() {
		return
	}
	x.near = x.near[:0]
	for range 8*len(x.basis) + 40 {
		x.setPrices()
		best := x.nearest()
		if best < 0 {
			best = x.survey()
		}
		if best < 0 {
			if !x.enterSurplus() {
				return
			}
			continue
		}
		x.holds = x.filled(best, x.holds[:0])
		c := column{shape: best, holds: x.holds}
		if !x.enter(&c, x.worthOf(&c)-x.cost[best]) {
			return
		}
	}
}

// nearest returns the shape that is worth most beyond what it costs, of those that
// came near to that when all were looked at; −1 if none is worth more.
func (x *liquid) nearest() int {
	best, gain := -1, nearlyWorth
	for _, s := range x.near {
		if g := x.worth(s)/x.cost[s] - 1; g > gain {
			best, gain = s, g
		}
	}
	return best
}

// survey is like nearest for all shapes, and finds those that come near.
func (x *liquid) survey() int {
	x.near = x.near[:0]
	best, gain := -1, nearlyWorth
	for s := range x.onSale {
		g := x.worth(s)/x.cost[s] - 1
		if g > gain {
			best, gain = s, g
		}
		if g > gain-nearby {
			x.near = append(x.near, s)
		}
	}
	return best
}

// nearlyWorth is how much more than it costs a shape may be worth in the end, as a
// part of that. Where prices grow with size, a node more than is needed costs as
// little more than that.
const nearlyWorth = 1e-6

// nearby is how much less than the best a shape may be worth to be looked at each time,
// as a part of what it costs.
const nearby = 0.1

// enterSurplus covers the row more than once that is worth least, if that is less
// than nothing.
func (x *liquid) enterSurplus() bool {
	least, at := -1e-9, -1
	for r, v := range x.value {
		if v < least {
			least, at = v, r
		}
	}
	return at >= 0 && x.enter(&column{shape: -1, holds: []portion{{int32(at), -1}}}, -least)
}

// begin covers each row by the shape that has the room for least.
func (x *liquid) begin() bool {
	for i := range x.groups {
		g := &x.groups[i]
		for d, r := range g.row {
			if r < 0 {
				continue
			}
			best, fit, value := -1, 1.0, math.Inf(1)
			for s := range x.onSale {
				if v := x.roomOf(s)[d]; v > 0 && x.cost[s]/v < value && slices.Contains(x.stands[x.stand[s]].groups, int32(i)) {
					best, fit, value = s, v, x.cost[s]/v
				}
			}
			x.cover(r, best, fit, value, g.total[d])
		}
	}
	for i := range x.stones {
		c := &x.stones[i]
		best, fit, value := -1, 1.0, math.Inf(1)
		for s := range x.onSale {
			v := float64(c.fitOf(x.roomOf(s), x.rings[c.ring].most))
			if v > 0 && x.cost[s]/v < value && slices.Contains(x.stands[x.stand[s]].open, int32(i)) {
				best, fit, value = s, v, x.cost[s]/v
			}
		}
		x.cover(c.row, best, fit, value, c.count)
	}
	return len(x.basis) > 0
}

// cover covers a row, of which so much is wanted, by a shape on which so much of it
// fits at that value; −1 is what no shape holds.
func (x *liquid) cover(row int32, shape int, fit, value, wanted float64) {
	if shape < 0 {
		value = 0
	}
	x.value[row] = value
	b := &x.basis[row]
	b.shape, b.holds = shape, append(b.holds[:0], portion{row, fit})
	x.inverse[int(row)*len(x.basis)+int(row)] = 1 / fit
	x.amount[row] = wanted / fit
}

// setPrices finds what a unit of each dimension is worth in shapes of each stand, and
// which stones are worth more than the room they take.
func (x *liquid) setPrices() {
	for i := range x.stands {
		st := &x.stands[i]
		for d := range st.price {
			st.price[d], st.taker[d] = 0, -1
			for _, g := range st.groups {
				if r := x.groups[g].row[d]; r >= 0 && x.value[r] > st.price[d] {
					st.price[d], st.taker[d] = x.value[r], r
				}
			}
		}
		st.stones = st.stones[:0]
		for _, i := range st.open {
			c := &x.stones[i]
			beyond := x.value[c.row]
			for d, v := range c.size {
				beyond -= float64(v * st.price[d])
			}
			if st.beyond[i] = beyond; beyond > 1e-7*x.value[c.row] {
				st.stones = append(st.stones, i)
			}
		}
		slices.SortStableFunc(st.stones, func(a, b int32) int { return -cmp.Compare(st.beyond[a], st.beyond[b]) })
	}
}

// worth is what a shape is worth, filled in the best way that is plain to see: with
// the stones that are worth most beyond their room, and poured full.
func (x *liquid) worth(shape int) float64 {
	st, w := &x.stands[x.stand[shape]], 0.0
	for d, p := range st.price {
		w += float64(p * x.roomOf(shape)[d])
	}
	if len(st.stones) == 0 {
		return w
	}
	copy(x.free, x.roomOf(shape))
	for i := range x.rings {
		x.left[i] = x.rings[i].most
	}
	for at, i := range st.stones {
		c := &x.stones[i]
		n := c.fitOf(x.free, x.left[c.ring])
		x.taken[at] = n
		if n == 0 {
			continue
		}
		x.left[c.ring] -= n
		for d, v := range c.size {
			x.free[d] -= float64(float64(n) * v)
		}
		w += float64(float64(n) * st.beyond[i])
	}
	return w
}

// filled appends what makes a shape worth that.
func (x *liquid) filled(shape int, out []portion) []portion {
	st := &x.stands[x.stand[shape]]
	copy(x.free, x.roomOf(shape))
	if x.worth(shape); len(st.stones) > 0 {
		for at, i := range st.stones {
			if n := x.taken[at]; n > 0 {
				out = append(out, portion{x.stones[i].row, float64(n)})
			}
		}
	}
	for d, r := range st.taker {
		if v := x.free[d]; r >= 0 && v > 0 {
			out = append(out, portion{r, v})
		}
	}
	return out
}

// setGroupPrices finds what a unit of each dimension is worth to each group: for one
// that has no row the least that others pay for it wherever it may go.
func (x *liquid) setGroupPrices() {
	for i := range x.groups {
		g := &x.groups[i]
		for d, r := range g.row {
			if r >= 0 {
				g.price[d] = max(x.value[r], 0)
				continue
			}
			g.price[d] = math.Inf(1)
			for j := range x.stands {
				if slices.Contains(x.stands[j].groups, int32(i)) {
					g.price[d] = min(g.price[d], x.stands[j].price[d])
				}
			}
			if math.IsInf(g.price[d], 1) {
				g.price[d] = 0
			}
		}
	}
}
