package pack

import (
	"math"
	"slices"
)

// coverLP is the linear program of one branch, solved by the simplex method on
// the covering form. Its slices are reused.
type coverLP struct {
	tableau
	forbidden []bool
	room      [][]float64 // of each row: that of each shape, no more than is needed
	clipped   [][]float64 // where that is less than all
	wanted    []float64   // of each row, the need that room is for
	roomiest  []float64   // of each row, the most that a shape has
	column    []float64
	basis     []int32
	matrix    []float64
	less      []float64 // what each shape costs, below zero
	gain      []float64 // of each shape: what it is worth beyond that
}

// prepare makes it a problem of so many rows and shapes.
func (p *coverLP) prepare(rows, shapes int, floats *arena[float64], numbers *arena[int32]) {
	p.tableau = newTableau(rows, floats)
	p.forbidden = zeros(p.forbidden, shapes)
	p.room, p.clipped = p.room[:0], p.clipped[:0]
	for range rows {
		p.room, p.clipped = append(p.room, nil), append(p.clipped, floats.take(shapes))
	}
	p.wanted, p.roomiest, p.column, p.basis = floats.take(rows), floats.take(rows), floats.take(rows), numbers.take(rows)
	p.matrix, p.less, p.gain = floats.take(rows*rows), floats.take(shapes), floats.take(shapes)
}

// begin takes notice of the costs and the room of shapes.
func (p *coverLP) begin(c *covering) {
	for s, cost := range c.cost {
		p.less[s] = -cost
	}
	for r, room := range c.room {
		p.wanted[r], p.roomiest[r] = -1, 0
		for _, v := range room {
			p.roomiest[r] = max(p.roomiest[r], v)
		}
	}
}

// clip makes the room of shapes in a row no more than is needed.
func (p *coverLP) clip(row int, need float64, room []float64) {
	switch {
	case need == p.wanted[row]: // that is how it is
		return
	case need >= p.roomiest[row]:
		p.room[row] = room
	default:
		out := p.clipped[row][:len(room)]
		for s, v := range room {
			out[s] = min(v, need)
		}
		p.room[row] = out
	}
	p.wanted[row] = need
}

// gains are what the shapes are worth beyond what they cost.
func (p *coverLP) gains() []float64 {
	out := p.gain
	copy(out, p.less)
	for r, price := range p.value {
		if price == 0 {
			continue
		}
		room := p.room[r][:len(out)]
		for s := range out {
			out[s] += float64(price * room[s])
		}
	}
	return out
}

// unbought is the code in a basis of the column that is made up for a row, surplus
// that of covering a row beyond its need.
func (c *covering) unbought(row int) int32 { return int32(-1 - row) }

func (c *covering) surplus(row int) int32 { return int32(-1 - c.rows - row) }

// relax returns the least cost of parts of shapes that cover need, and the shape
// that takes the largest part of it; −1 if nothing is needed. It leaves the prices
// of rows in c.lp. From is a basis to begin with, nil for none.
func (c *covering) relax(need []float64, from []int32) (cost float64, next int32) {
	p := &c.lp
	if !slices.ContainsFunc(need, func(v float64) bool { return v > 0 }) {
		return 0, -1
	}
	for r, v := range need {
		p.clip(r, v, c.room[r])
	}
	if from == nil || !c.resume(need, from) {
		c.makeUp(need)
	}
	for range 8*c.rows + 40 {
		c.work += len(c.cost) * c.rows
		s, gain := c.entering()
		if gain <= 0 || !c.pivot(s, gain) {
			break
		}
	}
	next = -1
	most := 0.0
	for r, v := range need {
		cost += float64(p.value[r] * v)
	}
	for i, s := range p.basis {
		switch {
		case s >= 0 && !p.forbidden[s]:
			if part := float64(p.amount[i] * c.cost[s]); part > most {
				next, most = s, part
			}
		case s >= int32(-c.rows) && p.amount[i] > 1e-9:
			return math.Inf(1), -1
		}
	}
	return cost, next
}

// makeUp begins with a made-up column for each row, dearer than any shape could be.
func (c *covering) makeUp(need []float64) {
	p := &c.lp
	clear(p.inverse)
	for r, v := range need {
		p.inverse[r*c.rows+r], p.amount[r], p.basis[r], p.value[r] = 1, v, c.unbought(r), c.madeUp(r, v)
	}
}

// madeUp is what the made-up column of a row costs.
func (c *covering) madeUp(row int, need float64) float64 {
	if need <= 0 {
		return 0
	}
	return 2 * c.dearest(row)
}

// resume begins with a basis that was the best for other needs or with other shapes
// forbidden; false if it is none for these. A forbidden shape stays, at a cost that
// drives it out.
func (c *covering) resume(need []float64, from []int32) bool {
	p := &c.lp
	n := c.rows
	matrix := p.matrix
	clear(matrix)
	clear(p.inverse)
	for i, s := range from {
		p.inverse[i*n+i] = 1
		switch {
		case s >= 0:
			for r := range n {
				matrix[r*n+i] = p.room[r][s]
			}
		case s >= int32(-n):
			matrix[int(-1-s)*n+i] = 1
		default:
			matrix[(int(-1-s)-n)*n+i] = -1
		}
	}
	c.work += n * n * n
	if !invert(matrix, p.inverse, n) {
		return false
	}
	clear(p.value)
	for i, s := range from {
		row, amount := p.inverse[i*n:(i+1)*n], 0.0
		for r, v := range row {
			amount += float64(v * need[r])
		}
		if amount < -1e-9 {
			return false
		}
		p.amount[i], p.basis[i] = max(amount, 0), s
		cost := c.costIn(s, need)
		for r, v := range row {
			p.value[r] += float64(cost * v)
		}
	}
	return true
}

// costIn is what a column of a basis costs.
func (c *covering) costIn(s int32, need []float64) float64 {
	switch {
	case s >= 0 && !c.lp.forbidden[s]:
		return c.cost[s]
	case s >= 0:
		cost := c.cost[s]
		for r, room := range c.lp.room {
			cost += float64(room[s] * c.madeUp(r, need[r]))
		}
		return cost
	case s >= int32(-c.rows):
		return c.madeUp(int(-1-s), need[-1-s])
	}
	return 0
}

// invert puts the inverse of a matrix with n rows into out, which begins as one, and
// ruins the matrix; false if it has none worth the name.
func invert(matrix, out []float64, n int) bool {
	for c := range n {
		at := c
		for r := c + 1; r < n; r++ {
			if math.Abs(matrix[r*n+c]) > math.Abs(matrix[at*n+c]) {
				at = r
			}
		}
		pivot := matrix[at*n+c]
		if math.Abs(pivot) < 1e-9 {
			return false
		}
		for j := range n {
			matrix[at*n+j], matrix[c*n+j] = matrix[c*n+j], matrix[at*n+j]/pivot
			out[at*n+j], out[c*n+j] = out[c*n+j], out[at*n+j]/pivot
		}
		for r := range n {
			f := matrix[r*n+c]
			if r == c || f == 0 {
				continue
			}
			for j := range n {
				matrix[r*n+j] -= float64(f * matrix[c*n+j])
				out[r*n+j] -= float64(f * out[c*n+j])
			}
		}
	}
	return true
}

// dearest returns the most that the price of a row can be: what the shape costs
// that has the room for least.
func (c *covering) dearest(row int) float64 {
	least := 1e15
	for s, v := range c.lp.room[row] {
		// Divisions are slow, and most are in vain.
		if cost := c.cost[s]; v > 0 && cost < float64(least*v)*(1+1e-9) && !c.lp.forbidden[s] {
			least = min(least, cost/v)
		}
	}
	return least
}

// entering puts into p.column the column that lowers the cost most for its own,
// and returns what it is and by how much each of it does.
func (c *covering) entering() (shape int32, gain float64) {
	p := &c.lp
	most := 1e-9
	for s, g := range p.gains() {
		if cost := c.cost[s]; g > float64(most*cost) && !p.forbidden[s] {
			shape, most, gain = int32(s), g/cost, g
		}
	}
	if gain > 0 {
		for r, room := range p.room {
			p.column[r] = room[shape]
		}
		return shape, gain
	}
	for r, v := range p.value {
		if v < -1e-3 && -v > gain {
			clear(p.column)
			p.column[r] = -1
			shape, gain = c.surplus(r), -v
		}
	}
	return shape, gain
}

// pivot takes p.column into the basis; false when no row limits it.
func (c *covering) pivot(shape int32, gain float64) bool {
	p := &c.lp
	for i := range c.rows {
		sum := 0.0
		for r, v := range p.column {
			if v != 0 {
				sum += float64(p.inverse[i*c.rows+r] * v)
			}
		}
		p.image[i] = sum
	}
	leave := p.enter(gain)
	if leave < 0 {
		return false
	}
	p.basis[leave] = shape
	return true
}
