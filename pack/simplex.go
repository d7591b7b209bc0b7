package pack

import (
	"math"
	"slices"
)

// simplex is the state of the simplex method on a linear program of covering: amounts
// of columns that cover every row, at least cost. Its dual solution is a value for a
// unit of each row.
//
// Products are converted explicitly, so that no compiler fuses them with a sum:
// the result has to be the same on every architecture.
type simplex struct {
	basis   []column  // as many as there are rows
	inverse []float64 // of the basis, rows × rows
	amount  []float64 // of each basic column
	value   []float64 // of each row
	image   []float64
}

// column is a filled node.
type column struct {
	shape int     // index into onSale; −1 for what no shape holds
	gain  float64 // by how much it is worth more than it costs, for its cost
	holds []portion
}

// portion is an amount in a row.
type portion struct {
	class  int32
	amount float64
}

func newSimplex(rows int) simplex {
	return simplex{
		basis: make([]column, rows), inverse: make([]float64, rows*rows),
		amount: make([]float64, rows), value: make([]float64, rows), image: make([]float64, rows),
	}
}

// worthOf is what a column holds at the present values.
func (x *simplex) worthOf(c *column) float64 {
	worth := 0.0
	for _, a := range c.holds {
		worth += float64(x.value[a.class] * a.amount)
	}
	return worth
}

// enter takes a column into the basis that lowers the cost by gain for each of
// it; false when no row limits it.
func (x *simplex) enter(c *column, gain float64) bool {
	n := len(x.basis)
	leave, least := -1, math.Inf(1)
	for i := range n {
		sum := 0.0
		for _, a := range c.holds {
			sum += float64(x.inverse[i*n+int(a.class)] * a.amount)
		}
		x.image[i] = sum
		if sum > 1e-11 {
			if ratio := x.amount[i] / sum; ratio < least {
				leave, least = i, ratio
			}
		}
	}
	if leave < 0 {
		return false
	}
	row := x.inverse[leave*n : (leave+1)*n]
	at := x.image[leave]
	for j := range row {
		x.value[j] -= float64(gain / at * row[j])
		row[j] /= at
	}
	for i := range n {
		f := x.image[i]
		if i == leave || f == 0 {
			continue
		}
		x.amount[i] -= float64(f * least)
		to := x.inverse[i*n : (i+1)*n]
		for j, v := range row {
			to[j] -= float64(f * v)
		}
	}
	x.amount[leave] = least
	x.basis[leave] = column{shape: c.shape, holds: slices.Clone(c.holds)}
	return true
}
