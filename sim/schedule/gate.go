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

// nextSlot returns the first slot at or after from whose node may take the class and is
// neither shut nor in a domain that is full, or −1.
func (k *class) nextSlot(from int, shut []uint64, full [][]uint64) int {
	from = max(from, 0)
	mask := ^(uint64(1)<<(from%64) - 1)
	for w := from / 64; w < len(k.fits); w++ {
		x := k.fits[w] & mask
		if w < len(shut) {
			x &^= shut[w]
		}
		for _, slots := range full {
			if w < len(slots) {
				x &^= slots[w]
			}
		}
		if x != 0 {
			return w*64 + bits.TrailingZeros64(x)
		}
		mask = ^uint64(0)
	}
	return -1
}
