package pack

import "slices"

// enlarge buys a larger node instead of one that is bought already if that holds what
// a bid holds as well and costs less than both. It tells whether it did.
func (k *packer) enlarge(b *bid) bool {
	crowded := k.crowded()
	load := make([]int64, len(k.dense)) // of the bid
	k.sum(load, b.takes)
	least, at, shape := k.priceOf(b.shape), int32(-1), int32(-1)
	for g, tried := len(k.groups)-1, 0; g >= 0 && tried < k.care.enlarged; g-- {
		x := &k.groups[g]
		if x.copies == 0 || !k.inRegion(x) || k.shapes[x.shape].variety != nil {
			continue
		}
		tried++
		k.steps += len(k.onSale)
		for c, v := range k.row(k.loads, int32(g)) {
			k.total[c] = load[c] + v
		}
		below := k.priceOf(x.shape) + least
		first := k.firstWith(k.total)
		if first == len(k.onSale) || k.priceOf(k.onSale[first]) >= below {
			continue
		}
		all := append(append(k.scratch[:0], k.takesOf(x)...), b.takes...)
		k.scratch = all
		if crowded && !k.filler.load.together(all) {
			continue
		}
		if s := k.cheapestFor(all, first, below); s >= 0 {
			least, at, shape = k.priceOf(s)-k.priceOf(x.shape), int32(g), s
		}
	}
	if at < 0 {
		return false
	}
	all := merged(k.takesOf(&k.groups[at]), b.takes)
	k.resize(at, -1)
	if k.affordable(shape, 1) == 0 {
		k.resize(at, 1)
		return false
	}
	k.buy(shape, all, 1)
	return true
}

// cheapestFor returns the cheapest shape below a price, the charge for a node
// included, that holds takes, whose sum is the total, and asks for no variety; −1 if
// there is none. It is not before a place on sale.
func (k *packer) cheapestFor(takes []take, first int, below int64) int32 {
	for _, s := range k.onSale[first:] {
		if k.priceOf(s) >= below {
			break
		}
		if k.shapes[s].variety == nil && holds(k.row(k.shapeRows, s), k.total) && k.allIn(takes, k.setOf(s)) {
			return s
		}
	}
	return -1
}

func (k *packer) allIn(takes []take, set Set) bool {
	for _, t := range takes {
		if !set.Has(int(t.item)) {
			return false
		}
	}
	return true
}

// join takes back nodes, of those bought last, whose load a larger one could hold together with another's,
// for less.
func (k *packer) join() {
	for g, tried := len(k.groups)-1, 0; g >= 0 && tried < k.care.joins; g-- {
		x := k.groups[g]
		if x.copies == 0 || !k.inRegion(&x) {
			continue
		}
		tried++
		takes := slices.Clone(k.takesOf(&x))
		k.resize(int32(g), -1)
		if !k.enlarge(&bid{shape: x.shape, takes: takes}) {
			k.resize(int32(g), 1)
		}
	}
}
