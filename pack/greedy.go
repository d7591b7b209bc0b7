package pack

import "math"

// bid is a node filled on trial.
type bid struct {
	shape int32
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
	best, rate := trial{shape: -1}, math.Inf(1)
	for _, s := range k.onSale {
		if k.planned[s] > 0 {
			k.try(trial{s, k.home[s]}, &best, &rate)
		}
	}
	tried := 0
	for i := range k.offers {
		o := &k.offers[i]
		if o.rate >= rate || tried == k.care.trials {
			break
		}
		if o.room > left && float64(o.price)/float64(left) >= rate {
			continue
		}
		if k.try(trial{o.shape, k.setOf(o.shape)}, &best, &rate) {
			tried++
		}
	}
	if best.shape < 0 {
		return bid{}
	}
	takes, worth := k.fillNode(best.shape, best.home)
	k.bidTakes = append(k.bidTakes[:0], takes...)
	return bid{k.cheapest(best.shape, takes), worth, k.bidTakes}
}

// trial is a shape to be filled, with home first.
type trial struct {
	shape int32
	home  Set
}

// try fills a node roughly, and makes it the best if it costs less for its worth; false
// if it can hold nothing.
func (k *packer) try(t trial, best *trial, rate *float64) bool {
	k.steps += 4 // beside the items that filling counts
	if k.affordable(t.shape, 1) == 0 {
		return false
	}
	k.fillRoughly(t.shape, t.home)
	takes, worth := k.filledNode(t.shape)
	if worth == 0 {
		return false
	}
	if r := float64(k.priceOf(k.cheapest(t.shape, takes))) / float64(worth); r < *rate {
		*best, *rate = t, r
	}
	return true
}
