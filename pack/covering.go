package pack

import (
	"math"
)

// covering solves a tariff's linear program by the revised simplex method on its
// dual: choose amounts of shapes, at least cost, so that the demand of each
// group in each dimension is covered. A shape has many columns, one for each way
// to give its room to groups; the cheapest is found when it is needed.
//
// Products are converted explicitly, so that no compiler fuses them with a sum:
// the result has to be the same on every architecture.
type covering struct {
	*tariff
	rows  int
	rowOf []int32   // of a group in a dimension, −1 without demand there
	scale []float64 // of each dimension: the whole demand, in units
	need  []float64 // of each row, as a part of scale
	room  []float64 // a row for each shape, as a part of scale
	cost  []float64 // of each shape
	limit []float64 // of each row: the most that its price can be

	basis  []float64 // inverse of the basis, rows × rows
	amount []float64 // of each basic column
	dual   []float64 // price of each row
	best   []float64 // for each kind and dimension the highest price
	bestAt []int32   // and the row that pays it, −1 for none
	column []float64 // that enters the basis
	image  []float64 // of it under the inverse
}

const tolerance = 1e-10

func newCovering(t *tariff) *covering {
	c := &covering{tariff: t}
	c.addRows()
	c.addColumns()
	n := c.rows
	c.basis, c.amount = make([]float64, n*n), make([]float64, n)
	c.dual, c.column, c.image = make([]float64, n), make([]float64, n), make([]float64, n)
	c.best = make([]float64, len(t.admits)*len(t.dense))
	c.bestAt = make([]int32, len(c.best))
	return c
}

func (c *covering) addRows() {
	dims := len(c.dense)
	demand := make([]float64, c.groups*dims)
	c.scale = make([]float64, dims)
	for item, n := range c.demand {
		g := c.group[item]
		if g < 0 {
			continue
		}
		for d, v := range c.row(c.unitRequest, int32(item)) {
			demand[int(g)*dims+d] += float64(float64(v) * float64(n))
			c.scale[d] += float64(float64(v) * float64(n))
		}
	}
	c.rowOf = make([]int32, len(demand))
	for i, v := range demand {
		c.rowOf[i] = -1
		if v > 0 {
			c.rowOf[i] = int32(c.rows)
			c.rows++
			c.need = append(c.need, v/c.scale[i%dims])
		}
	}
}

func (c *covering) addColumns() {
	c.limit = make([]float64, c.rows)
	for i, s := range c.onSale {
		// What costs nothing would be bought without end.
		price := math.Max(float64(c.priceOf(s)), 1e-3)
		c.cost = append(c.cost, price)
		for d, v := range c.row(c.unitRoom, int32(i)) {
			part := 0.0
			if c.scale[d] > 0 {
				part = float64(v) / c.scale[d]
			}
			c.room = append(c.room, part)
			for _, g := range c.admits[c.shapes[s].kind] {
				r := c.rowOf[int(g)*len(c.dense)+d]
				if r >= 0 && part > 0 && (c.limit[r] == 0 || price/part < c.limit[r]) {
					c.limit[r] = price / part
				}
			}
		}
	}
}

// solve returns the price per hour of a unit of each dimension for each group.
func (c *covering) solve() []float64 {
	// Begin with a made-up column for each row, dearer than any real one.
	for r := range c.rows {
		c.basis[r*c.rows+r] = 1
		c.amount[r] = c.need[r]
		c.dual[r] = 2 * c.limit[r]
	}
	for range 40*c.rows + 200 {
		c.findBest()
		gain := c.enter()
		if gain >= 0 || !c.pivot(gain) {
			break
		}
	}
	return c.prices()
}

// findBest finds what room of each kind is worth now.
func (c *covering) findBest() {
	dims := len(c.dense)
	for k, groups := range c.admits {
		for d := range dims {
			at := k*dims + d
			c.best[at], c.bestAt[at] = 0, -1
			for _, g := range groups {
				if r := c.rowOf[int(g)*dims+d]; r >= 0 && (c.bestAt[at] < 0 || c.dual[r] > c.best[at]) {
					c.best[at], c.bestAt[at] = c.dual[r], r
				}
			}
		}
	}
}

// enter puts into c.column the column that is most underpriced, relative to its
// cost, and returns by how much: 0 or more when there is none.
func (c *covering) enter() float64 {
	dims := len(c.dense)
	most, at, gain := -tolerance, -1, 0.0
	for i, s := range c.onSale {
		best := c.best[int(c.shapes[s].kind)*dims:]
		reduced := c.cost[i]
		for d, part := range c.room[i*dims : (i+1)*dims] {
			reduced -= float64(best[d] * part)
		}
		if rel := reduced / c.cost[i]; rel < most {
			most, at, gain = rel, i, reduced
		}
	}
	slack := -1
	for r, y := range c.dual {
		if rel := y / c.limit[r]; rel < most {
			most, slack, gain = rel, r, y
		}
	}
	clear(c.column)
	switch {
	case slack >= 0:
		c.column[slack] = -1
	case at >= 0:
		first := int(c.shapes[c.onSale[at]].kind) * dims
		for d := range dims {
			if r := c.bestAt[first+d]; r >= 0 {
				c.column[r] = c.room[at*dims+d]
			}
		}
	}
	return gain
}

// pivot takes c.column into the basis; false when no row limits it.
func (c *covering) pivot(gain float64) bool {
	n := c.rows
	leave, least := -1, math.Inf(1)
	for i := range n {
		sum := 0.0
		for j, v := range c.column {
			if v != 0 {
				sum += float64(c.basis[i*n+j] * v)
			}
		}
		c.image[i] = sum
		if sum > tolerance {
			if ratio := c.amount[i] / sum; ratio < least {
				leave, least = i, ratio
			}
		}
	}
	if leave < 0 {
		return false
	}
	row := c.basis[leave*n : (leave+1)*n]
	pivot := c.image[leave]
	for j := range row {
		c.dual[j] += float64(gain / pivot * row[j])
		row[j] /= pivot
	}
	c.amount[leave] = least
	for i := range n {
		f := c.image[i]
		if i == leave || f == 0 {
			continue
		}
		c.amount[i] -= float64(f * least)
		for j, v := range row {
			c.basis[i*n+j] -= float64(f * v)
		}
	}
	return true
}

// prices turns the duals into prices per unit.
func (c *covering) prices() []float64 {
	dims := len(c.dense)
	out := make([]float64, c.groups*dims)
	for i, r := range c.rowOf {
		// What is no number is worth nothing: a bound needs no more than that.
		if r >= 0 && c.dual[r] > 0 && c.dual[r] <= math.MaxFloat64 {
			out[i] = c.dual[r] / c.scale[i%dims]
		}
	}
	return out
}
