package pack

import (
	"math/bits"
)

// searchWidth is how many nodes are tried as the next one, by how many were
// chosen before; one beyond its end.
var searchWidth = [...]int{6, 4, 3, 2}

// search is a depth-first search for the cheapest nodes that hold all that is
// left.
type search struct {
	*packer
	cost   int64 // of the best found
	groups []group
	takes  []take
	base   mark
	until  int // steps at which it stops to look for alternatives
}

// search looks for nodes that hold all that is left of the tier's demand and cost
// less than limit. If it finds any, it buys them. When it has spent steps it
// only ends what it has begun.
func (k *packer) search(limit int64, steps int) bool {
	begun := k.steps
	s := search{packer: k, cost: limit, base: k.mark(), until: begun + min(steps, k.opt.Steps-k.searched)}
	s.dive(0, 0)
	k.searched += k.steps - begun
	if s.cost == limit {
		return false
	}
	for _, g := range s.groups {
		k.buy(g.shape, s.takes[g.first:g.end], g.copies)
	}
	return true
}

func (s *search) dive(cost int64, depth int) {
	left := s.leftWorth()
	if left == 0 {
		s.keep(cost)
		return
	}
	if cost+left/16 >= s.cost {
		return
	}
	s.lastNode(cost)
	width := 1
	if depth < len(searchWidth) && s.steps < s.until {
		width = searchWidth[depth]
	}
	from, takes := len(s.found), len(s.bidTakes)
	s.found = s.bids(left, s.cost-cost, width, s.found)
	for i := from; i < len(s.found); i++ {
		b := s.found[i]
		m := s.mark()
		shape := s.cheapest(b.shape, b.takes)
		s.buy(shape, b.takes, 1)
		s.dive(cost+s.priceOf(shape), depth+1)
		s.rollback(m)
	}
	s.found, s.bidTakes = s.found[:from], s.bidTakes[:takes]
}

// keep remembers what has been bought since the search began as the best.
func (s *search) keep(cost int64) {
	if cost >= s.cost {
		return
	}
	s.cost, s.groups, s.takes = cost, s.groups[:0], s.takes[:0]
	for _, g := range s.state.groups[s.base.groups:] {
		first := int32(len(s.takes))
		s.takes = append(s.takes, s.takesOf(&g)...)
		s.groups = append(s.groups, group{g.shape, first, int32(len(s.takes)), g.copies})
	}
}

// lastNode tries to end with the cheapest node that holds all that is left.
func (s *search) lastNode(cost int64) {
	takes, sum := s.rest[:0], s.total
	clear(sum)
	for w, have := range s.avail {
		for have &= s.tier.buyable[w]; have != 0; have &= have - 1 {
			item := int32(w*64 + bits.TrailingZeros64(have))
			takes = append(takes, take{item, s.left[item]})
			for d, v := range s.row(s.size, item) {
				sum[d] = addSaturating(sum[d], v, int64(s.left[item]))
			}
		}
	}
	s.rest = takes
	for i := s.tier.first; i < s.tier.end && cost+s.priceOf(i) < s.cost; i++ {
		if s.takesAll(i, takes, sum) && s.filler.load.together(takes) {
			m := s.mark()
			s.buy(i, takes, 1)
			s.keep(cost + s.priceOf(i))
			s.rollback(m)
			return
		}
	}
}
