package pack

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
)

// packer packs what is left of one region's demand onto new nodes.
type packer struct {
	*state
	*region
	care     *care
	promised int64   // what all would cost if everything went as the tariff says
	fine     bool    // whether that looked at each size alone
	*tariff          // for what was left when it was made
	wanted   []int32 // reused: what is left for the region
	offers   []offer // the region's shapes, best first
	top      []int64 // of each 64 items, the most that any of them is worth

	bidTakes []take
	total    []int64 // reused: what some takes need
	scratch  []take
}

// offer is a shape with what it could be worth.
type offer struct {
	shape int32
	price int64   // the charge for a node included
	room  int64   // what its room is worth if all of it is used
	rate  float64 // price for a unit of worth then: none can be had for less
}

func newPacker(s *state, r *region) *packer {
	return &packer{state: s, region: r, total: make([]int64, len(s.dense))}
}

// firstWith returns the place on sale of the first shape that could hold so much: in
// each dimension it or one before it has the room.
func (k *packer) firstWith(sum []int64) int {
	return sort.Search(len(k.onSale), func(i int) bool { return holds(k.row(k.roomiest, int32(i)), sum) })
}

// demand is what is left for the region; false when that is nothing.
func (k *packer) demand() ([]int32, bool) {
	demand, some := zeros(k.wanted, len(k.items)), false
	k.wanted = demand
	for i := range k.avail.All {
		if k.within.Has(i) {
			demand[i], some = k.left[i], true
		}
	}
	return demand, some
}

// reprice computes what everything is worth for what is left now; false when
// nothing is left that the region can hold.
func (k *packer) reprice(e effort) bool {
	demand, some := k.demand()
	if !some {
		return false
	}
	if e.classes == 0 {
		k.tariff = k.pour(k.layout, demand)
	} else {
		k.tariff = newTariff(newMarket(k.layout, &k.sale, demand), e)
	}
	k.top = zeros(k.top, len(k.avail))
	for i, w := range k.worth {
		k.top[i/64] = max(k.top[i/64], w)
	}
	k.offers = k.offers[:0]
	for _, s := range k.onSale {
		o := offer{shape: s, price: k.priceOf(s), room: k.room[s]}
		o.rate = float64(o.price) / float64(o.room)
		k.offers = append(k.offers, o)
	}
	slices.SortFunc(k.offers, func(a, b offer) int {
		if a.rate != b.rate {
			return cmp.Compare(a.rate, b.rate)
		}
		return cmp.Or(cmp.Compare(a.price, b.price), cmp.Compare(a.shape, b.shape))
	})
	return true
}

// leftWorth is the worth of what is left that the region can hold.
func (k *packer) leftWorth() int64 {
	sum := int64(0)
	for w, have := range k.avail {
		for have &= k.within[w]; have != 0; have &= have - 1 {
			i := w*64 + bits.TrailingZeros64(have)
			sum += int64(k.left[i]) * k.worth[i]
		}
	}
	return sum
}

// leftNeed is the size of what is left that the region can hold.
func (k *packer) leftNeed() []int64 {
	need := make([]int64, len(k.dense))
	for w, have := range k.avail {
		for have &= k.within[w]; have != 0; have &= have - 1 {
			i := w*64 + bits.TrailingZeros64(have)
			for c, v := range k.row(k.size, int32(i)) {
				need[c] = addSaturating(need[c], v, int64(k.left[i]))
			}
		}
	}
	return need
}

// anyLeft tells whether items are left that the region could hold.
func (k *packer) anyLeft() bool { return k.avail.Meets(k.within) }

func (k *packer) worthOf(takes []take) int64 {
	worth := int64(0)
	for _, t := range takes {
		worth += int64(t.count) * k.worth[t.item]
	}
	return worth
}

// setOf returns the items that a shape may hold.
func (k *packer) setOf(shape int32) Set { return k.sets[k.shapes[shape].kind] }

// priceIn returns what a unit of each dimension is worth on a node of a shape.
func (k *packer) priceIn(shape int32) []float64 {
	n := len(k.dense)
	return k.price[int(shape)*n : (int(shape)+1)*n]
}

// fillNode fills an empty node of a shape with what is left, so that it is worth
// as much as can be, of home first. The takes are good until the next time.
func (k *packer) fillNode(shape int32, home Set) (takes []take, worth int64) {
	k.fillRoughly(shape, home)
	k.polish(k.room[shape], k.setOf(shape))
	return k.filledNode(shape)
}

// fillRoughly is fillNode without the last touch.
func (k *packer) fillRoughly(shape int32, home Set) {
	set := k.setOf(shape)
	k.begin(k.row(k.shapeRows, shape))
	if k.rare != nil {
		k.takeRare(k.priceIn(shape), home)
	}
	k.fillEvenly(k.priceIn(shape), home)
	k.topUp(set)
}

// filledNode is what a filled node of a shape holds if its variety allows it, and what
// that is worth.
func (k *packer) filledNode(shape int32) (takes []take, worth int64) {
	takes = k.filler.takes
	if k.shapes[shape].variety != nil && len(takes) > 0 {
		takes = k.keepVariety(shape, takes)
	}
	return takes, k.worthOf(takes)
}

// takeRare adds what of home is worth more than the room that it takes: there is little
// room for it elsewhere.
func (k *packer) takeRare(price []float64, home Set) {
	k.openUp(home)
	k.filler.open.And(k.rare)
	k.each(nil, func(item int32) int32 {
		sum := 0.0
		for c, v := range k.row(k.size, item) {
			sum += float64(price[c] * float64(v))
		}
		if float64(k.worth[item]) > sum+sum/32 {
			return k.left[item]
		}
		return 0
	})
}

// commit buys a node as often as what is left fills it alike and quotas allow, at
// most n times, and returns how often.
func (k *packer) commit(shape int32, takes []take, n int32) int32 {
	for _, t := range takes {
		n = min(n, k.left[t.item]/t.count)
	}
	shape = k.cheapest(shape, takes)
	n = k.affordable(shape, n)
	if n > 0 {
		k.buy(shape, takes, n)
	}
	return n
}

// cheapest returns the cheapest shape of the region that may be bought and holds
// takes: shape itself when there is none cheaper.
func (k *packer) cheapest(shape int32, takes []take) int32 {
	k.sum(k.total, takes)
	for _, s := range k.onSale[k.firstWith(k.total):] {
		if k.shapes[s].price >= k.shapes[shape].price {
			break
		}
		if k.takesAll(s, takes, k.total) {
			return s
		}
	}
	return shape
}

// takesAll tells whether a node of shape may be bought for takes, which need sum
// and may share a node.
func (k *packer) takesAll(shape int32, takes []take, sum []int64) bool {
	if !holds(k.row(k.shapeRows, shape), sum) || k.affordable(shape, 1) == 0 {
		return false
	}
	return k.allIn(takes, k.setOf(shape)) && k.varied(k.shapes[shape].variety, takes, sum)
}
