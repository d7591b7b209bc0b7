package schedule

import (
	"math/bits"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// gates are the nodes that are reserved, by slot and by whom for. Thousands may be while a
// cluster grows: a pod that none of them is for must not ask each.
type gates struct {
	shut []uint64         // a bit for each slot whose node is reserved
	of   map[string][]int // slots by the value of the taint
	mine []int            // slots that are open for the search that goes on
}

// reserve notes that a node is reserved, or that it is not any longer.
func (g *gates) reserve(n *node, reserved bool) {
	for len(g.shut) <= n.slot/64 {
		g.shut = append(g.shut, 0)
	}
	bit := uint64(1) << (n.slot % 64)
	if reserved {
		g.shut[n.slot/64] |= bit
		g.of[n.reserved] = append(g.of[n.reserved], n.slot)
		return
	}
	g.shut[n.slot/64] &^= bit
	left := slices.DeleteFunc(g.of[n.reserved], func(s int) bool { return s == n.slot })
	if g.of[n.reserved] = left; len(left) == 0 {
		delete(g.of, n.reserved)
	}
}

// open returns the bits of the slots that are shut to a pod of a class, until close is
// called; nil if none are.
func (g *gates) open(k *class, p *cluster.Pod) []uint64 {
	g.mine = g.mine[:0]
	if k.anywhere || len(g.of) == 0 {
		return nil
	}
	for _, value := range p.Reserved {
		for _, s := range g.of[value] {
			g.shut[s/64] &^= 1 << (s % 64)
			g.mine = append(g.mine, s)
		}
	}
	return g.shut
}

func (g *gates) close() {
	for _, s := range g.mine {
		g.shut[s/64] |= 1 << (s % 64)
	}
}

// search is a look for nodes that a pod may go to.
type search struct {
	class *class
	pod   *cluster.Pod // nil if it does not matter what is kept for others
	shut  []uint64
	full  [][]uint64
	least []int32
	want  int   // how many are enough
	found []int // their slots
}

// open are the slots of a word of bits whose nodes may take the class and are neither shut
// nor in a domain that is full.
func (x *search) open(w int) uint64 {
	open := x.class.fits[w]
	if w < len(x.shut) {
		open &^= x.shut[w]
	}
	for _, slots := range x.full {
		if w < len(slots) {
			open &^= slots[w]
		}
	}
	return open
}

// between goes on with a search from one slot up to another.
func (c *Cache) between(x *search, from, to int) {
	spares := x.pod != nil && len(c.nominated) > 0
	asks := spares || x.class.counting()
	mask := ^(uint64(1)<<(from%64) - 1)
	for w := from / 64; w*64 < to && len(x.found) < x.want; w++ {
		open := x.open(w) & mask
		mask = ^uint64(0)
		for ; open != 0; open &= open - 1 {
			s := w*64 + bits.TrailingZeros64(open)
			if s >= to || len(x.found) == x.want {
				return
			}
			if !asks || c.counted(x.class, s, x.least) && (!spares || c.sparesFor(x.class, x.pod, c.nodes[s])) {
				x.found = append(x.found, s)
			}
		}
	}
}

// counting tells whether some constraint of the class counts pods.
func (k *class) counting() bool {
	return len(k.hard)+len(k.apart)+len(k.repelled)+len(k.near) > 0
}
