package pack

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// packer packs what is left of one tier's demand onto new nodes.
type packer struct {
	*state
	tier *tier
	sets []Set // of each kind on sale, its items that the tier can hold

	worth []int64 // of a pod of each item, see [tariff.worthOf]
	offer []offer // the tier's shapes, best first

	found    []bid // reused by bids
	bidTakes []take
	total    []int64 // reused: what some takes ask for
	rest     []take  // reused: all that is left
}

// offer is a shape with what it could be worth.
type offer struct {
	shape int32
	price int64   // the charge for a node included
	room  int64   // what its room is worth if all of it is used
	rate  float64 // price for a unit of worth then: none can be had for less
}

// bid is a node filled on trial.
type bid struct {
	shape int32
	rate  float64 // price for a unit of worth
	worth int64
	takes []take
}

func newPacker(s *state, t *tier) *packer {
	k := &packer{state: s, tier: t, sets: make([]Set, len(s.shapeKinds.list)), total: make([]int64, len(s.dense))}
	for i := t.first; i < t.end; i++ {
		if kind := s.shapes[i].kind; k.sets[kind] == nil {
			k.sets[kind] = slices.Clone(s.shapeKinds.list[kind].items)
			k.sets[kind].and(t.buyable)
		}
	}
	return k
}

// pack buys nodes for what is left, as far as the tier can hold it.
func (k *packer) pack() {
	for k.reprice() {
		if k.packSingle() {
			return
		}
		start := k.leftWorth()
		for left := start; left > start*3/4; left = k.leftWorth() {
			b, ok := k.best(left)
			if !ok {
				return
			}
			if left >= tailNodes*b.worth {
				k.commit(b)
				continue
			}
			b.takes = slices.Clone(b.takes) // searching takes other bids
			if k.search(noCost, k.opt.Steps/tailShare) {
				return
			}
			k.commit(b)
		}
	}
}

const (
	// tailNodes is how many nodes' worth of demand is searched rather than packed
	// greedily.
	tailNodes = 3
	// tailShare and replaceShare are the parts of all steps that one search may
	// take.
	tailShare, replaceShare = 8, 128
)

// packTier packs what is left of a tier's demand as well as steps allow.
func (s *state) packTier(t *tier) {
	k := newPacker(s, t)
	for {
		k.pack()
		k.improve()
		tightened := k.tighten()
		squeezed := k.squeeze()
		// Limits may leave more room now.
		if !tightened && !squeezed {
			return
		}
	}
}

// reprice computes what resources are worth for what is left now; false when
// nothing is left that the tier can hold.
func (k *packer) reprice() bool {
	demand := make([]int32, len(k.items))
	some := false
	for c := range k.avail.all {
		if k.tier.buyable.Has(c) {
			demand[c], some = k.left[c], true
		}
	}
	if !some {
		return false
	}
	m := newMarket(k.layout, k.tier.first, k.tier.end, k.sets, demand, demand)
	t := newTariff(m)
	k.worth = t.worthOf()
	k.offer = k.offer[:0]
	for i, room := range t.roomWorth() {
		o := offer{shape: m.onSale[i], price: m.priceOf(m.onSale[i]), room: room}
		o.rate = float64(o.price) / float64(room)
		k.offer = append(k.offer, o)
	}
	slices.SortFunc(k.offer, func(a, b offer) int {
		return cmp.Or(cmp.Compare(a.rate, b.rate), cmp.Compare(a.price, b.price), cmp.Compare(a.shape, b.shape))
	})
	return true
}

// leftWorth is the worth of what is left that the tier can hold.
func (k *packer) leftWorth() int64 {
	sum := int64(0)
	for w, have := range k.avail {
		for have &= k.tier.buyable[w]; have != 0; have &= have - 1 {
			c := w*64 + bits.TrailingZeros64(have)
			sum += int64(k.left[c]) * k.worth[c]
		}
	}
	return sum
}

// best returns the node that costs least for the worth it takes of what is left,
// which is worth left; ok is false when nothing can be bought for it. Its takes
// are good until the next call.
func (k *packer) best(left int64) (bid, bool) {
	k.bidTakes = k.bidTakes[:0]
	k.found = k.bids(left, noCost, 1, k.found[:0])
	if len(k.found) == 0 {
		return bid{}, false
	}
	b := k.found[0]
	k.found = k.found[:0]
	return b, true
}

// bids appends to out the n best nodes below a price, best first. Their takes
// live at the end of k.bidTakes.
func (k *packer) bids(left int64, below int64, n int, out []bid) []bid {
	first := len(out)
	n += first
	for i := range k.offer {
		o := &k.offer[i]
		most := math.Inf(1)
		if len(out) == n {
			most = out[n-1].rate
		}
		if o.rate >= most {
			break
		}
		if o.price >= below || (o.room > left && float64(o.price)/float64(left) >= most) {
			continue
		}
		takes, worth := k.try(o.shape)
		if worth == 0 || float64(o.price)/float64(worth) >= most {
			continue
		}
		b := bid{shape: o.shape, rate: float64(o.price) / float64(worth), worth: worth}
		from := len(k.bidTakes)
		k.bidTakes = append(k.bidTakes, takes...)
		b.takes = k.bidTakes[from:len(k.bidTakes):len(k.bidTakes)]
		at := len(out)
		for at > first && out[at-1].rate > b.rate {
			at--
		}
		out = slices.Insert(out, at, b)
		out = out[:min(len(out), n)]
	}
	return out
}

// try fills a node of a shape with what is left. The takes are good until the
// next trial.
func (k *packer) try(shape int32) ([]take, int64) {
	k.steps += 4 // beside the items that fill counts
	if k.affordable(shape, 1) == 0 {
		return nil, 0
	}
	h := &k.shapes[shape]
	takes := k.fill(k.row(k.shapeRows, shape), k.sets[h.kind])
	if len(takes) > 0 && h.variety != nil {
		takes = k.keepVariety(shape, takes)
	}
	worth := int64(0)
	for _, t := range takes {
		worth += int64(t.count) * k.worth[t.item]
	}
	return takes, worth
}

// commit buys a node as often as what is left fills it alike.
func (k *packer) commit(b bid) {
	shape := k.cheapest(b.shape, b.takes)
	n := int32(1<<31 - 1)
	for _, t := range b.takes {
		n = min(n, k.left[t.item]/t.count)
	}
	k.buy(shape, b.takes, k.affordable(shape, n))
}

// cheapest returns the cheapest shape of the tier that may be bought and holds
// takes: shape itself when there is none cheaper.
func (k *packer) cheapest(shape int32, takes []take) int32 {
	k.sum(k.total, takes)
	for i := k.tier.first; k.shapes[i].price < k.shapes[shape].price; i++ {
		if k.takesAll(i, takes, k.total) {
			return i
		}
	}
	return shape
}

// takesAll tells whether a node of shape may be bought for takes, which ask for
// sum.
func (k *packer) takesAll(shape int32, takes []take, sum []int64) bool {
	if !holds(k.row(k.shapeRows, shape), sum) || k.affordable(shape, 1) == 0 {
		return false
	}
	set := k.sets[k.shapes[shape].kind]
	for _, t := range takes {
		if !set.Has(int(t.item)) {
			return false
		}
	}
	return k.varied(k.shapes[shape].variety, takes, sum)
}
