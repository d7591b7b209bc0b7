package pack

import (
	"cmp"
	"slices"
)

// reach is how far a search for fleets goes.
type reach struct {
	branches int // of the covering problem
	work     int // numbers looked at for it
	attempts int // fleets that are packed on trial
}

// deep is how many branches it takes to get to the bottom of a search, for each node
// that is to be bought: two at each step, and as many where it comes back.
const deep = 4

// refit looks for the cheapest nodes that hold all that is left for the region,
// for less than limit, and buys them if it finds any.
//
// It goes through fleets, sets of nodes with enough room in all, from cheap to
// dear, and tries to pack into each. The first that has enough room costs least of
// all there could be: best tells that the items fit there.
func (k *packer) refit(limit int64, r reach) (found, best bool) {
	need, onSale := k.leftNeed(), k.below(limit)
	c := k.coveringFor(need, onSale)
	if c.nodes() > float64(r.branches/deep) {
		return false, false // the search would not come to an end
	}
	least := 0.0
	for i := range r.attempts {
		b := c.nextCover(float64(limit)-0.5, r.branches, r.work)
		if b == nil {
			break
		}
		if i == 0 {
			least = b.cost
		}
		fleet := k.fleetOf(b, onSale)
		if k.packEvenly(fleet, need) || k.packOneByOne(fleet) {
			found, best = true, b.cost == least
			break
		}
	}
	k.steps += c.work
	return found, best
}

// below lists the shapes that cost less than a limit.
func (k *packer) below(limit int64) []int32 {
	var out []int32
	for _, s := range k.onSale {
		if k.priceOf(s) < limit {
			out = append(out, s)
		}
	}
	return out
}

// coveringFor states what is left as a covering problem for some shapes: in each
// dimension, and in worth.
func (k *packer) coveringFor(need []int64, onSale []int32) *covering {
	var dims []int
	for d, v := range need {
		if v > 0 {
			dims = append(dims, d)
		}
	}
	// A fleet that holds all exactly must not fail for rounding.
	worth := float64(k.leftWorth()) * (1 - 1e-5)
	c := &k.memory.cover
	c.prepare(len(dims)+1, len(onSale))
	for i, s := range onSale {
		c.cost[i] = float64(k.priceOf(s))
		c.grain = float64(gcd(int64(c.grain), k.priceOf(s)))
		row := k.row(k.shapeRows, s)
		for r, d := range dims {
			c.room[r][i] = float64(max(row[d], 0)) / float64(need[d])
		}
		c.room[len(dims)][i] = float64(k.room[s]) / worth
	}
	c.begin()
	return c
}

// fleetOf lists what a branch has bought of some shapes, dearest first.
func (k *packer) fleetOf(b *branch, onSale []int32) []int32 {
	var fleet []int32
	for ; b != nil; b = b.parent {
		if b.bought {
			fleet = append(fleet, onSale[b.shape])
		}
	}
	slices.SortFunc(fleet, func(x, y int32) int {
		return cmp.Or(-cmp.Compare(k.priceOf(x), k.priceOf(y)), cmp.Compare(x, y))
	})
	return fleet
}

// tight is how much of its room a fleet must need for a dimension to matter.
const tight = 0.85

// packEvenly packs all that is left into a fleet, node by node: each takes its
// share in every dimension that is short, and the last one all that is then left.
// It changes nothing if that fails.
func (k *packer) packEvenly(fleet []int32, need []int64) bool {
	m := k.mark()
	need, rooms := slices.Clone(need), make([]int64, len(k.dense))
	for _, s := range fleet {
		for d, v := range k.row(k.shapeRows, s) {
			rooms[d] = addSaturating(rooms[d], max(v, 0), 1)
		}
	}
	price := make([]float64, len(k.dense))
	for i, s := range fleet {
		row := k.row(k.shapeRows, s)
		k.begin(row)
		if i < len(fleet)-1 {
			for d, v := range need {
				price[d] = 0
				if v > 0 && row[d] > 0 && float64(v) > float64(tight*float64(rooms[d])) {
					price[d] = 1 / float64(row[d])
				}
			}
			k.fillEvenly(price, k.setOf(s))
		}
		k.topUp(k.setOf(s))
		if takes := k.filler.takes; len(takes) > 0 {
			if !k.buyFor(s, takes) {
				k.rollback(m)
				return false
			}
			k.sum(k.total, takes)
			for d := range need {
				need[d] -= k.total[d]
				rooms[d] -= max(row[d], 0)
			}
		}
	}
	if k.anyLeft() {
		k.rollback(m)
		return false
	}
	return true
}

// buyFor buys a node of a shape, or a cheaper one, for takes that fit; false when
// quotas or variety forbid it.
func (k *packer) buyFor(shape int32, takes []take) bool {
	shape = k.cheapest(shape, takes)
	k.sum(k.total, takes)
	if k.affordable(shape, 1) == 0 || !k.varied(k.shapes[shape].variety, takes, k.total) {
		return false
	}
	k.buy(shape, takes, 1)
	return true
}

// packOneByOne packs all that is left into a fleet, largest items first, each onto
// the node that is then least empty on the whole. It changes nothing if that
// fails.
func (k *packer) packOneByOne(fleet []int32) bool {
	p := piecemeal{packer: k, fleet: fleet, takes: make([][]take, len(fleet))}
	for _, s := range fleet {
		p.free = append(p.free, k.row(k.shapeRows, s)...)
	}
	for i := range k.avail.All {
		if k.within.Has(i) && !p.spread(int32(i)) {
			return false
		}
	}
	m := k.mark()
	for j, s := range fleet {
		takes := p.takes[j]
		if len(takes) > 0 && (!k.filler.load.together(takes) || !k.buyFor(s, takes)) {
			k.rollback(m)
			return false
		}
	}
	return true
}

// piecemeal is a fleet that is packed one by one.
type piecemeal struct {
	*packer
	fleet []int32
	free  []int64 // a row for each node
	takes [][]take
}

// spread puts all that is left of an item onto nodes; false if it does not fit.
func (p *piecemeal) spread(item int32) bool {
	size, n := p.row(p.size, item), len(p.dense)
	p.steps += int(p.left[item]) * len(p.fleet)
	for range p.left[item] {
		best, least := -1, 0.0
		for j, s := range p.fleet {
			free := p.free[j*n : (j+1)*n]
			if !holds(free, size) || !p.setOf(s).Has(int(item)) {
				continue
			}
			empty := 0.0
			for d, room := range p.row(p.shapeRows, s) {
				if room > 0 {
					part := float64(free[d]-size[d]) / float64(room)
					empty += float64(part * part)
				}
			}
			if best < 0 || empty < least {
				best, least = j, empty
			}
		}
		if best < 0 {
			return false
		}
		for d, v := range size {
			p.free[best*n+d] -= v
		}
		if last := len(p.takes[best]) - 1; last >= 0 && p.takes[best][last].item == item {
			p.takes[best][last].count++
		} else {
			p.takes[best] = append(p.takes[best], take{item, 1})
		}
	}
	return true
}
