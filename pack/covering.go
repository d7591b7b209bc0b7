package pack

import (
	"math"
	"slices"
)

// covering is a small integer program: the cheapest numbers of shapes that have,
// in every row, at least the room that is needed.
//
// It is solved by branch and bound. A node has bought some shapes and forbidden
// others; it branches on a shape that the linear program would buy: one more of it,
// or none any more. Since numbers are whole, room beyond what a row still needs
// counts for nothing, which makes the linear programs strong near the end.
type covering struct {
	rows  int
	cost  []float64 // of each shape
	room  []float64 // a row for each shape, as parts of need
	lp    coverLP
	grain float64   // divides every cost
	open  []*branch // a heap by bound
	made  int       // branches
	work  int       // numbers looked at
	// noted is told of every branch and the prices of its rows; nil for nobody.
	noted func(b *branch, prices []float64)
}

// branch is a node of the search.
type branch struct {
	parent *branch
	shape  int32 // bought or forbidden; −1 at the root
	bought bool
	cost   float64   // of all that is bought
	need   []float64 // still, by row
	bound  float64   // the least that buying the rest costs, cost included
	next   int32     // the shape to branch on, −1 when nothing is needed any more
	basis  []int32   // of its linear program, to begin those of its branches with
	order  int
	number int32 // for whoever notes branches
}

// coverLP is the linear program of one branch, solved by the simplex method on
// the covering form. Its slices are reused.
type coverLP struct {
	tableau
	forbidden []bool
	room      []float64 // a row for each shape, no more than is needed
	column    []float64
	basis     []int32
	matrix    []float64
}

// unbought is the code in a basis of the column that is made up for a row, surplus
// that of covering a row beyond its need.
func (c *covering) unbought(row int) int32 { return int32(-1 - row) }

func (c *covering) surplus(row int) int32 { return int32(-1 - c.rows - row) }

func newCovering(rows, shapes int) *covering {
	n := rows
	room := make(arena[float64], 0, shapes*(2*n+1)+2*n*n+4*n)
	return &covering{rows: n, cost: room.take(shapes), room: room.take(shapes * n), lp: coverLP{
		tableau: newTableau(n, &room), forbidden: make([]bool, shapes), room: room.take(shapes * n), column: room.take(n), basis: make([]int32, n), matrix: room.take(n * n),
	}}
}

// roomOf is the row of a shape.
func (c *covering) roomOf(shape int32) []float64 {
	return c.room[int(shape)*c.rows : (int(shape)+1)*c.rows]
}

// roomOf is the row of a shape, as far as it is needed.
func (p *coverLP) roomOf(shape int32) []float64 {
	n := len(p.value)
	return p.room[int(shape)*n : (int(shape)+1)*n]
}

// begin starts a search with a whole need in every row.
func (c *covering) begin() {
	need := make([]float64, c.rows)
	for r := range need {
		need[r] = 1
	}
	c.open, c.made, c.work = c.open[:0], 0, 0
	c.push(&branch{shape: -1, need: need})
}

// push solves the linear program of a branch and adds it to the open ones.
func (c *covering) push(b *branch) {
	clear(c.lp.forbidden)
	for a := b; a != nil; a = a.parent {
		if a.shape >= 0 && !a.bought {
			c.lp.forbidden[a.shape] = true
		}
	}
	var from []int32
	if b.parent != nil {
		from = b.parent.basis
	}
	rest, next := c.relax(b.need, from)
	b.basis = slices.Clone(c.lp.basis)
	b.bound, b.next, b.order = b.cost+rest, next, c.made
	if b.bound = math.Ceil((b.bound-1e-6*c.grain)/c.grain) * c.grain; b.parent != nil {
		b.bound = max(b.bound, b.parent.bound)
	}
	c.made++
	if c.noted != nil {
		c.noted(b, c.lp.value)
	}
	if !math.IsInf(rest, 1) {
		c.open = append(c.open, b)
		c.up(len(c.open) - 1)
	}
}

// pop takes the open branch with the lowest bound, nil if there is none.
func (c *covering) pop() *branch {
	if len(c.open) == 0 {
		return nil
	}
	b := c.open[0]
	last := len(c.open) - 1
	c.open[0] = c.open[last]
	c.open = c.open[:last]
	c.down(0)
	return b
}

// split replaces a branch by the two that it falls into.
func (c *covering) split(b *branch) {
	s := b.next
	need := slices.Clone(b.need)
	for r, v := range c.roomOf(s) {
		if need[r] -= v; need[r] < 1e-9 {
			need[r] = 0
		}
	}
	c.push(&branch{parent: b, shape: s, bought: true, cost: b.cost + c.cost[s], need: need})
	c.push(&branch{parent: b, shape: s, cost: b.cost, need: b.need})
}

// nextCover returns the cheapest set of shapes with room for all that has not been
// returned yet, below a limit; nil when there is none, or when so many branches
// have been made or so many numbers looked at.
func (c *covering) nextCover(limit float64, branches, work int) *branch {
	for b := c.pop(); b != nil && b.bound < limit; b = c.pop() {
		if b.next < 0 {
			return b
		}
		if c.made >= branches || c.work >= work {
			return nil
		}
		c.split(b)
	}
	return nil
}

func before(a, b *branch) bool {
	if a.bound != b.bound {
		return a.bound < b.bound
	}
	return a.order > b.order // deepest first
}

func (c *covering) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !before(c.open[i], c.open[p]) {
			return
		}
		c.open[i], c.open[p] = c.open[p], c.open[i]
		i = p
	}
}

func (c *covering) down(i int) {
	for {
		least := i
		for j := 2*i + 1; j <= 2*i+2 && j < len(c.open); j++ {
			if before(c.open[j], c.open[least]) {
				least = j
			}
		}
		if least == i {
			return
		}
		c.open[i], c.open[least] = c.open[least], c.open[i]
		i = least
	}
}

// relax returns the least cost of parts of shapes that cover need, and the shape
// that takes the largest part of it; −1 if nothing is needed. It leaves the prices
// of rows in c.lp. From is a basis to begin with, nil for none.
func (c *covering) relax(need []float64, from []int32) (cost float64, next int32) {
	p := &c.lp
	if !slices.ContainsFunc(need, func(v float64) bool { return v > 0 }) {
		return 0, -1
	}
	for i := range c.cost {
		of := p.room[i*c.rows : (i+1)*c.rows]
		for r, v := range c.roomOf(int32(i)) {
			of[r] = min(v, need[r])
		}
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
			for r, v := range p.roomOf(s) {
				matrix[r*n+i] = v
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
		for r, v := range c.lp.roomOf(s) {
			cost += float64(v * c.madeUp(r, need[r]))
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
	for s, cost := range c.cost {
		if v := c.lp.room[s*c.rows+row]; v > 0 && !c.lp.forbidden[s] {
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
	for s, cost := range c.cost {
		if p.forbidden[s] {
			continue
		}
		g := -cost
		for r, v := range p.roomOf(int32(s)) {
			g += float64(p.value[r] * v)
		}
		if g > float64(most*cost) {
			shape, most, gain = int32(s), g/cost, g
		}
	}
	if gain > 0 {
		copy(p.column, p.roomOf(shape))
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
