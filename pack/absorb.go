package pack

import (
	"cmp"
	"math"
	"slices"
)

// addNeed works out how much of a row new nodes must hold: what all items with a
// place are worth, less what hosts can take of it by the best of some lists of
// prices.
func (c *certifier) addNeed(r *certRow, lists []int32) {
	sum := int64(0)
	for i, v := range r.values {
		sum = addSaturating(sum, v, int64(c.held[i]))
	}
	r.hostBy, r.hostMost = make([]int32, len(c.Hosts)), make([]int64, len(c.Hosts))
	taken := int64(0)
	excess := map[[2]int32][]extraWorth{}
	for h := range c.Hosts {
		kind := c.hostKind[h]
		r.hostBy[h] = -1
		if kind < 0 {
			continue
		}
		room, dense := c.hostRoom(h), c.row(c.hostRows, int32(h))
		most := int64(math.MaxInt64)
		for _, by := range lists {
			key := [2]int32{kind, by}
			extra, ok := excess[key]
			if !ok {
				extra = c.excess(r, by, c.hostKinds.list[kind].items)
				excess[key] = extra
			}
			if w := c.mostOn(room, c.prices[by], extra, dense, &c.hosting); w < most {
				most, r.hostBy[h] = w, by
			}
		}
		if c.exact {
			if w := c.alone(r, h); w < most {
				most, r.hostBy[h] = w, -1
			}
		}
		r.hostMost[h] = most
		taken = addSaturating(taken, most, 1)
	}
	if hostable := c.onHosts(); hostable != nil {
		worth := int64(0) // of what fits on some host
		for i, v := range r.values {
			worth = addSaturating(worth, v, int64(hostable[i]))
		}
		taken = min(taken, worth)
	}
	r.need = max(0, sum-taken)
}

// fit is how often an item fits on a host, as if it were alone there.
type fit struct{ item, times int32 }

// addFits looks at every item on each host.
func (b *bounder) addFits() {
	b.fits.end()
	for h, kind := range b.hostKind {
		if kind >= 0 {
			dense := b.row(b.hostRows, int32(h))
			for i := range b.fitting(b.hostKinds.list[kind].items, dense).All {
				if n := howMany(dense, b.row(b.size, int32(i)), min(b.held[i], b.hosting.alone[i])); n > 0 {
					b.fits.list = append(b.fits.list, fit{int32(i), n})
				}
			}
		}
		b.fits.end()
	}
}

// alone is what all items are worth that fit on a host, each as if it were alone
// there.
func (c *certifier) alone(r *certRow, host int) int64 {
	sum := int64(0)
	for _, x := range c.fits.of(int32(host)) {
		sum = addSaturating(sum, r.values[x.item], int64(x.times))
	}
	return sum
}

// mostLooks is up to how many pairs of hosts and items it is worth looking at each.
const mostLooks = 2_000_000

// onHosts is how many of each item fit on some host, each as if it were alone; nil
// where that would take too long.
func (b *bounder) onHosts() []int32 {
	if b.hostable != nil || len(b.Hosts)*len(b.items) > mostLooks {
		return b.hostable
	}
	b.hostable = make([]int32, len(b.items))
	for i, held := range b.held {
		n, size := int32(0), b.row(b.size, int32(i))
		for h := 0; h < len(b.Hosts) && n < held; h++ {
			if kind := b.hostKind[h]; kind >= 0 && b.hostKinds.list[kind].items.Has(i) {
				n += howMany(b.row(b.hostRows, int32(h)), size, min(held-n, b.hosting.alone[i]))
			}
		}
		b.hostable[i] = n
	}
	return b.hostable
}

// sortBy sorts indices by a key, then by themselves.
func sortBy(order []int, key func(int) float64) {
	keys := make([]float64, len(order))
	for i := range keys {
		keys[i] = key(i)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(keys[a], keys[b]), cmp.Compare(a, b)) })
}
