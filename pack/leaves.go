package pack

import (
	"math"
	"slices"
)

// certify finds by branch and bound what a covering of the rows costs at least,
// and writes it down so that it can be checked in integers.
func (c *certifier) certify(r prowess) Part {
	p := c.part()
	if len(c.rows) == 0 {
		return p
	}
	c.tree = c.search(r)
	root := c.tree.list[0]
	p.Shift = c.shift(root.leaves(nil))
	p.Bound = math.MaxInt64
	c.write(&p, root, make([]int32, len(c.onSale)))
	return p
}

// part writes down all but the cases.
func (c *certifier) part() Part {
	p := Part{As: make([]int32, len(c.Shapes)), Dims: c.dims, Units: c.unit, Prices: c.prices}
	at := make([]int32, len(c.shapes)) // of each shape, its place in c.shapes plus 1
	for i, s := range c.onSale {
		at[s] = int32(i) + 1
	}
	for i, s := range c.standsFor {
		p.As[i] = -1
		if s >= 0 && at[s] > 0 {
			p.As[i] = c.shapes[s].source
		}
	}
	for i := range c.rows {
		x := &c.rows[i]
		row := Row{
			Values: make([]int64, len(c.Items)), Need: x.need, HostMost: x.hostMost, HostBy: x.hostBy,
			Most: make([]int64, len(c.Shapes)), By: make([]int32, len(c.Shapes)),
		}
		for j, v := range x.values {
			row.Values[c.items[j].source] = v
		}
		for j, s := range c.onSale {
			row.Most[c.shapes[s].source], row.By[c.shapes[s].source] = x.most[j], x.by[j]
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// search runs branch and bound on the rows.
func (c *certifier) search(r prowess) *caseTree {
	cover := new(covering)
	cover.prepare(len(c.rows), len(c.onSale))
	for i, s := range c.onSale {
		cover.cost[i] = float64(c.priceOf(s))
		cover.grain = float64(gcd(int64(cover.grain), c.priceOf(s)))
		for j := range c.rows {
			cover.room[j][i] = float64(c.rows[j].most[i]) / float64(c.rows[j].need)
		}
	}
	t := &caseTree{}
	cover.noted = t.note
	cover.begin()
	if cover.nodes() <= float64(r.branches/wayDown) {
		cover.nextCover(math.Inf(1), r.branches, r.work)
	}
	return t
}

// wayDown is how many branches there must be for each node that is bought: where
// whole numbers are many, a search ends long before it has come to the bottom, and
// has proven nothing.
const wayDown = 10

// nodes is how many nodes the linear program has just bought.
func (c *covering) nodes() float64 {
	sum := 0.0
	for i, s := range c.lp.basis {
		if s >= 0 {
			sum += c.lp.amount[i]
		}
	}
	return sum
}

// caseTree is what a search has looked at.
type caseTree struct {
	list []*caseNode
	most float64 // that a case may be worth
}

// caseNode is a branch with the prices that its linear program ended in.
type caseNode struct {
	branch     *branch
	prices     []float64
	more, none *caseNode
}

func (t *caseTree) note(b *branch, prices []float64) {
	n := &caseNode{branch: b, prices: slices.Clone(prices)}
	t.tame(n)
	b.number = int32(len(t.list))
	t.list = append(t.list, n)
	if b.parent != nil {
		p := t.list[b.parent.number]
		if b.bought {
			p.more = n
		} else {
			p.none = n
		}
	}
}

// tame lowers the prices of a case that nothing can cover: they are as high as one
// likes, and would leave no digits for the others.
func (t *caseTree) tame(n *caseNode) {
	sum := 0.0
	for r, v := range n.prices {
		if n.branch.need[r] == 0 {
			n.prices[r] = 0
		}
		sum += float64(max(v, 0) * n.branch.need[r])
	}
	if t.most == 0 {
		t.most = 64 * sum
	}
	if sum > t.most {
		for r := range n.prices {
			n.prices[r] *= t.most / sum
		}
	}
}

func (n *caseNode) leaf() bool { return n.more == nil || n.none == nil }

func (n *caseNode) leaves(out []*caseNode) []*caseNode {
	if n.leaf() {
		return append(out, n)
	}
	return n.none.leaves(n.more.leaves(out))
}

// shift returns the binary logarithm of what prices are multiplied by, such that
// none exceeds 2⁶⁰.
func (c *certifier) shift(leaves []*caseNode) uint {
	top := 0.0
	for _, n := range leaves {
		for r, v := range n.prices {
			top = max(top, v/float64(c.rows[r].need))
		}
	}
	shift := uint(1)
	for shift < 62 && math.Ldexp(top, int(shift)+1) < 1<<60 {
		shift++
	}
	return shift
}

// write appends a case and those below it, and lowers the part's bound to what is
// proven of them. counts is how many of each shape have been bought; −1 for a shape
// that is forbidden.
func (c *certifier) write(p *Part, n *caseNode, counts []int32) int32 {
	at := int32(len(p.Cases))
	p.Cases = append(p.Cases, Case{Shape: -1})
	if n.leaf() {
		x := c.best(n, counts, p.Shift)
		p.Cases[at].Prices = x.prices
		p.Bound = min(p.Bound, x.bound)
		return at
	}
	s := n.more.branch.shape
	p.Cases[at].Shape = c.shapes[c.onSale[s]].source
	counts[s]++
	more := c.write(p, n.more, counts)
	counts[s]--
	none := c.write(p, n.none, counts)
	p.Cases[at].More, p.Cases[at].None = more, none
	return at
}

// forebears is how many cases above one are asked for better prices.
const forebears = 8

// best bounds a case by its own prices or those of a case above it, which hold for
// it too: its own are worse when its linear program has lost its digits.
func (c *certifier) best(n *caseNode, counts []int32, shift uint) exactCase {
	x := c.exactly(n, n.prices, counts, shift)
	b := n.branch.parent
	for i := 0; i < forebears && b != nil && float64(x.bound) < n.branch.bound; i, b = i+1, b.parent {
		if y := c.exactly(n, c.tree.list[b.number].prices, counts, shift); y.bound > x.bound {
			x = y
		}
	}
	return x
}

// exactCase is a case in integers.
type exactCase struct {
	prices []int64
	bound  int64
}

// exactly rounds the prices of a case until they hold for every shape that may
// still be bought, and bounds it by them.
func (c *certifier) exactly(n *caseNode, prices []float64, counts []int32, shift uint) exactCase {
	need := make([]int64, len(c.rows))
	for r := range c.rows {
		need[r] = c.rows[r].need
	}
	cost := int64(0)
	forbidden := NewSet(len(c.onSale))
	for b := n.branch; b != nil; b = b.parent {
		if b.shape >= 0 && !b.bought {
			forbidden.Add(int(b.shape))
		}
	}
	for s, k := range counts {
		cost += int64(k) * c.priceOf(c.onSale[s])
		for r := range c.rows {
			need[r] = max(0, need[r]-int64(k)*c.rows[r].most[s])
		}
	}
	x := exactCase{prices: make([]int64, len(c.rows)), bound: cost}
	factor, less := 1-1e-12, 1-1e-10
	for range 40 {
		for r, v := range prices {
			x.prices[r] = int64(max(0, math.Ldexp(v/float64(c.rows[r].need)*factor, int(shift))))
		}
		over := c.overpriced(x.prices, need, forbidden, shift)
		if over <= 1 {
			x.bound = c.roundUp(cost, x.prices, need, shift)
			return x
		}
		factor = float64(factor*less) / over
		less = float64(less * less)
	}
	clear(x.prices)
	return x
}

// overpriced returns by what factor the worst shape that may be bought holds more
// worth than it costs; 1 or less when none does.
func (c *certifier) overpriced(prices, need []int64, forbidden Set, shift uint) float64 {
	worst := 1.0
	for i, s := range c.onSale {
		if forbidden.Has(i) {
			continue
		}
		sum := wide{}
		for r := range c.rows {
			sum = sum.plus(mul(uint64(prices[r]), uint64(min(c.rows[r].most[i], need[r]))))
		}
		price := wide{lo: uint64(c.priceOf(s))}.shifted(shift)
		if sum.bad || price.bad {
			return math.Inf(1)
		}
		if price.less(sum) {
			worst = max(worst, math.Nextafter(1, 2), sum.float()/price.float())
		}
	}
	return worst
}

// roundUp is the least multiple of what divides all costs that is no less than
// what has been bought and what is still needed is worth.
func (c *certifier) roundUp(cost int64, prices, need []int64, shift uint) int64 {
	sum := wide{}
	grain := int64(0)
	for r := range c.rows {
		sum = sum.plus(mul(uint64(prices[r]), uint64(need[r])))
	}
	for _, s := range c.onSale {
		grain = gcd(grain, c.priceOf(s))
	}
	v, ok := sum.dividedUp(shift)
	if !ok {
		return cost
	}
	v += cost
	if grain > 1 {
		v = (v + grain - 1) / grain * grain
	}
	return v
}
