package pack

import "math"

// tableau is the state of the simplex method on a linear program of covering: amounts
// of columns that cover every row, at least cost. Its dual solution is a value for a
// unit of each row.
//
// Products are converted explicitly, so that no compiler fuses them with a sum:
// the result has to be the same on every architecture.
type tableau struct {
	inverse []float64 // of the basis, rows × rows
	amount  []float64 // of each basic column
	value   []float64 // of each row
	image   []float64 // of the column that is to enter
}

func newTableau(rows int, room *arena[float64]) tableau {
	return tableau{room.take(rows * rows), room.take(rows), room.take(rows), room.take(rows)}
}

// enter takes the column whose image has been worked out into the basis, where each of
// it lowers the cost by gain. It returns whose place that takes, −1 if no row limits it.
func (t *tableau) enter(gain float64) int {
	n := len(t.image)
	leave, least := -1, math.Inf(1)
	for i, v := range t.image {
		if v > 1e-11 {
			if ratio := t.amount[i] / v; ratio < least {
				leave, least = i, ratio
			}
		}
	}
	if leave < 0 {
		return -1
	}
	row := t.inverse[leave*n : (leave+1)*n]
	at := t.image[leave]
	for j := range row {
		t.value[j] -= float64(gain / at * row[j])
		row[j] /= at
	}
	for i, f := range t.image {
		if i == leave || f == 0 {
			continue
		}
		t.amount[i] -= float64(f * least)
		to := t.inverse[i*n : (i+1)*n]
		for j, v := range row {
			to[j] -= float64(f * v)
		}
	}
	t.amount[leave] = least
	return leave
}

// simplex is a tableau whose columns are filled nodes.
type simplex struct {
	tableau
	basis []column // as many as there are rows
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
	return simplex{newTableau(rows, new(arena[float64])), make([]column, rows)}
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
	for i := range n {
		sum := 0.0
		for _, a := range c.holds {
			sum += float64(x.inverse[i*n+int(a.class)] * a.amount)
		}
		x.image[i] = sum
	}
	leave := x.tableau.enter(gain)
	if leave < 0 {
		return false
	}
	x.basis[leave].shape = c.shape
	x.basis[leave].holds = append(x.basis[leave].holds[:0], c.holds...)
	return true
}
