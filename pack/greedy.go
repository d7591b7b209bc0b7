package pack

import "math"

// bid is a node filled on trial.
type bid struct {
	shape int32
	rate  float64 // price for a unit of worth
	worth int64
	takes []take
}

// greedy buys the node that costs least for its worth, as often as it can be
// filled alike, and again until a good part of the demand is used up; false when
// nothing can be bought.
func (k *packer) greedy() bool {
	left := k.leftWorth()
	start := left
	for left > start/4*3 {
		b := k.bestBid(left)
		if b.worth == 0 {
			return left < start
		}
		if k.enlarge(&b) {
			left -= b.worth
			continue
		}
		n := k.commit(b.shape, b.takes, math.MaxInt32)
		if n == 0 {
			return left < start
		}
		left -= int64(n) * b.worth
	}
	return true
}

// bestBid fills nodes on trial for what is left, which is worth left, and returns the
// one that costs least for its worth: of shapes that are planned and of those that
// could be worth most for their price. It is good until the next one.
func (k *packer) bestBid(left int64) bid {
	best := bid{rate: math.Inf(1), takes: k.bidTakes}
	try := func(shape int32, home Set) bool {
		k.steps += 4 // beside the items that filling counts
		if k.affordable(shape, 1) == 0 {
			return false
		}
		takes, worth := k.fillNode(shape, home)
		if worth == 0 {
			return false
		}
		shape = k.cheapest(shape, takes)
		if rate := float64(k.priceOf(shape)) / float64(worth); rate < best.rate {
			best = bid{shape, rate, worth, append(best.takes[:0], takes...)}
		}
		return true
	}
	for _, s := range k.onSale {
		if k.planned[s] > 0 {
			try(s, k.home[s])
		}
	}
	tried := 0
	for i := range k.offers {
		o := &k.offers[i]
		if o.rate >= best.rate || tried == k.care.trials {
			break
		}
		if o.room > left && float64(o.price)/float64(left) >= best.rate {
			continue
		}
		if try(o.shape, k.setOf(o.shape)) {
			tried++
		}
	}
	k.bidTakes = best.takes
	return best
}
