package pack

import (
	"math"
	"slices"
)

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
		k.bidTakes = k.bidTakes[:0]
		k.found = k.bids(left, noCost, 1, k.found[:0])
		if len(k.found) == 0 {
			return left < start
		}
		b := k.found[0]
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

// bids appends to out the n best nodes below a price for what is left, which is
// worth left, best first. Their takes live at the end of k.bidTakes.
func (k *packer) bids(left, below int64, n int, out []bid) []bid {
	first := len(out)
	n += first
	tried := 0
	for i := range k.offers {
		o := &k.offers[i]
		most := math.Inf(1)
		if len(out) == n {
			most = out[n-1].rate
		}
		if o.rate >= most {
			break
		}
		if o.price >= below || k.affordable(o.shape, 1) == 0 || (o.room > left && float64(o.price)/float64(left) >= most) {
			continue
		}
		k.steps += 4 // beside the items that filling counts
		takes, worth := k.fillNode(o.shape, k.setOf(o.shape))
		if worth == 0 {
			continue
		}
		if tried++; tried > k.care.trials {
			break
		}
		if float64(o.price)/float64(worth) >= most {
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
