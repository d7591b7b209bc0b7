package pack

import "math"

// covering is a small integer program: the cheapest numbers of shapes that have,
// in every row, at least the room that is needed.
//
// It is solved by branch and bound. A node has bought some shapes and forbidden
// others; it branches on a shape that the linear program would buy: one more of it,
// or none any more. Since numbers are whole, room beyond what a row still needs
// counts for nothing, which makes the linear programs strong near the end.
type covering struct {
	rows  int
	cost  []float64   // of each shape
	room  [][]float64 // of each row: that of each shape, as parts of need
	lp    coverLP
	grain float64   // divides every cost
	open  []*branch // a heap by bound
	made  int       // branches
	work  int       // numbers looked at
	// noted is told of every branch and the prices of its rows; nil for nobody.
	noted func(b *branch, prices []float64)
	// What all that is made of: a search gives back what the one before it had.
	floats   arena[float64]
	numbers  arena[int32]
	branches arena[branch]
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

// prepare makes it a problem of so many rows and shapes, without costs and room.
func (c *covering) prepare(rows, shapes int) {
	c.floats.reset()
	c.numbers.reset()
	c.branches.reset()
	c.floats.reserve(shapes*(2*rows+3) + 16*rows*rows)
	c.rows, c.grain, c.open = rows, 0, c.open[:0]
	c.cost = c.floats.take(shapes)
	c.room = c.room[:0]
	for range rows {
		c.room = append(c.room, c.floats.take(shapes))
	}
	c.lp.prepare(rows, shapes, &c.floats, &c.numbers)
}

// add makes a branch.
func (c *covering) add(b branch) *branch {
	at := &c.branches.take(1)[0]
	*at = b
	return at
}

// begin starts a search with a whole need in every row.
func (c *covering) begin() {
	need := c.floats.take(c.rows)
	for r := range need {
		need[r] = 1
	}
	c.made, c.work = 0, 0
	c.lp.begin(c)
	c.push(c.add(branch{shape: -1, need: need}))
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
	b.basis = c.numbers.take(c.rows)
	copy(b.basis, c.lp.basis)
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
	need := c.floats.take(c.rows)
	for r, v := range b.need {
		if need[r] = v - c.room[r][s]; need[r] < 1e-9 {
			need[r] = 0
		}
	}
	c.push(c.add(branch{parent: b, shape: s, bought: true, cost: b.cost + c.cost[s], need: need}))
	c.push(c.add(branch{parent: b, shape: s, cost: b.cost, need: b.need}))
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
