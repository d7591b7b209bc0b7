package pack

import (
	"cmp"
	"slices"
)

// mostExact is up to how many of one item are packed exactly; what is beyond goes
// onto the nodes that cost least for each.
const mostExact = 4096

// parcel is a node that holds a number of one item.
type parcel struct {
	count, shape int32
	price        int64 // the charge for a node included
}

// parcels returns what shapes make of n of one item, most of it first, without
// those that hold no more than a cheaper one. Which items a kind admits is in sets.
func (l *layout) parcels(item, n int32, shapes []int32, sets []Set) []parcel {
	var out []parcel
	most := min(n, l.sides.alone[item])
	for _, s := range shapes {
		if !sets[l.shapes[s].kind].Has(int(item)) {
			continue
		}
		if fit := howMany(l.row(l.shapeRows, s), l.row(l.size, item), most); fit > 0 {
			out = append(out, parcel{fit, s, l.priceOf(s)})
		}
	}
	slices.SortStableFunc(out, func(a, b parcel) int {
		return cmp.Or(-cmp.Compare(a.count, b.count), cmp.Compare(a.price, b.price))
	})
	kept := out[:0]
	for _, x := range out {
		if len(kept) == 0 || x.price < kept[len(kept)-1].price {
			kept = append(kept, x)
		}
	}
	return kept
}

// cover returns the least cost of parcels for n of an item, and for each smaller
// number which parcel to begin with. At equal cost it is the largest.
func cover(n int32, parcels []parcel) (int64, []int32) {
	cost, choice := make([]int64, n+1), make([]int32, n+1)
	for j := int32(1); j <= n; j++ {
		cost[j] = noCost
		for i, x := range parcels {
			if c := cost[max(0, j-x.count)] + x.price; c < cost[j] {
				cost[j], choice[j] = c, int32(i)
			}
		}
	}
	return cost[n], choice
}

// densest returns the parcel that costs least for each.
func densest(parcels []parcel) parcel {
	best := parcels[0]
	for _, x := range parcels[1:] {
		if x.price*int64(best.count) < best.price*int64(x.count) {
			best = x
		}
	}
	return best
}

// packSingle packs at least cost if one item is all that is left of the region's
// demand and no quota or variety stands in the way.
func (k *packer) packSingle() bool {
	item := int32(-1)
	for i := range k.avail.All {
		if !k.within.Has(i) {
			continue
		}
		if item >= 0 {
			return false
		}
		item = int32(i)
	}
	for _, s := range k.onSale {
		if k.shapes[s].variety != nil {
			return false
		}
	}
	parcels := k.parcels(item, k.left[item], k.onSale, k.sets)
	m := k.mark()
	if !k.buyParcels(item, parcels) {
		k.rollback(m)
		return false
	}
	return true
}

// buyParcels buys the cheapest parcels for all that is left of an item; false
// when a quota forbids it.
func (k *packer) buyParcels(item int32, parcels []parcel) bool {
	count := make([]int32, len(parcels))
	n := k.left[item]
	if n > mostExact {
		best := densest(parcels)
		bulk := (n - mostExact) / best.count
		count[slices.Index(parcels, best)] = bulk
		n -= bulk * best.count
	}
	_, choice := cover(n, parcels)
	for n > 0 {
		count[choice[n]]++
		n -= parcels[choice[n]].count
	}
	for i, x := range parcels {
		if !k.buyAlike(x.shape, take{item, x.count}, count[i]) {
			return false
		}
	}
	return true
}

// buyAlike buys n nodes for t each, the last one for what is then left.
func (k *packer) buyAlike(shape int32, t take, n int32) bool {
	for n > 0 {
		t.count = min(t.count, k.left[t.item])
		alike := min(n, k.left[t.item]/max(t.count, 1))
		if t.count == 0 || k.affordable(shape, alike) < alike {
			return false
		}
		k.buy(shape, []take{t}, alike)
		n -= alike
	}
	return true
}
