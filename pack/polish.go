package pack

import (
	"math/bits"
	"slices"
)

const (
	// polishing is how many exchanges a node may see, and candidates how many of
	// its items are tried in each.
	polishing, candidates = 8, 16
)

// polish exchanges items of the filled node one by one for ones that are worth
// more, until it is worth nearly as much as it could be or nothing better fits.
func (k *packer) polish(most int64, set Set) {
	f := &k.filler
	worth := k.worthOf(f.takes)
	for range polishing {
		if worth >= most-most/k.care.polished || len(f.takes) == 0 {
			return
		}
		gain := k.exchange(set)
		if gain == 0 {
			return
		}
		worth += gain
	}
}

// exchange makes the best exchange of one item for another and returns what it
// gains.
func (k *packer) exchange(set Set) int64 {
	f := &k.filler
	gain, out, in := int64(0), int32(-1), int32(-1)
	step := 1 + (len(f.takes)-1)/candidates
	for i := 0; i < len(f.takes); i += step {
		t := f.takes[i].item
		k.take(t, -1)
		if x := k.bestFit(k.worth[t]+gain, set); x >= 0 {
			gain, out, in = k.worth[x]-k.worth[t], t, x
		}
		k.take(t, 1)
	}
	if in < 0 {
		return 0
	}
	k.take(out, -1)
	k.take(in, 1)
	if at := f.at[out]; f.takes[at].count == 0 {
		f.at[out] = -1
		f.takes = slices.Delete(f.takes, int(at), int(at)+1)
		for i, t := range f.takes {
			f.at[t.item] = int32(i)
		}
	}
	return gain
}

// bestFit returns the item that is worth most, and more than that, of those of
// which one more fits; −1 if there is none.
func (k *packer) bestFit(more int64, set Set) int32 {
	f := &k.filler
	best := int32(-1)
	for w, have := range k.avail {
		have &= set[w]
		if have == 0 || k.top[w] <= more || !holds(f.free, k.row(k.least, int32(w))) {
			continue
		}
		k.steps += bits.OnesCount64(have)
		for ; have != 0; have &= have - 1 {
			item := int32(w*64 + bits.TrailingZeros64(have))
			if k.worth[item] > more && k.mayTake(item, 1) > 0 {
				best, more = item, k.worth[item]
			}
		}
	}
	return best
}
