package pack

// bulk buys nodes of the cheapest mix while there is demand for many.
func (k *packer) bulk() {
	for again := true; again; {
		again = k.bulkPart() && k.reprice(k.care.again)
	}
}

// fewLeft tells whether no more is left than a search for fleets can deal with.
func (k *packer) fewLeft() bool {
	largest := int64(0)
	for _, o := range k.offers[:min(len(k.offers), 8)] {
		largest = max(largest, o.room)
	}
	return k.leftWorth() <= 4*tailNodes*largest
}

const (
	// tailNodes is how many of the best nodes' worth of demand is left to the search
	// for fleets.
	tailNodes = 3
	// fallingShort is by how much less than others, for its price, a node may hold
	// before it is put off.
	fallingShort = 1.02
)

// bulkPart buys what is planned until a good part of the demand is used up; false
// when nothing is planned any more. Nodes that turn out to hold less than others do
// are put off: when the others have been bought there may be a better mix.
func (k *packer) bulkPart() bool {
	start := k.leftWorth()
	if len(k.patterns) > 0 {
		return k.buyPatterns(start)
	}
	left, bar, usual := start, fallingShort, 1.01
	putOff := NewSet(len(k.shapes))
	for left > start/k.care.share {
		shape := k.nextPlanned(left, putOff)
		if shape < 0 {
			if putOff.Empty() || left < start-start/8 || bar > 1.08 {
				break
			}
			bar *= 1.03
			clear(putOff)
			continue
		}
		takes, worth := k.fillNode(shape, k.home[shape])
		if worth == 0 {
			k.planned[shape] = 0
			continue
		}
		short := float64(k.room[shape]) / float64(worth)
		if short > bar*usual {
			putOff.Add(int(shape))
			continue
		}
		usual = float64(usual*0.9) + float64(min(short, 1.1)*0.1)
		n := k.commit(shape, takes, int32(k.planned[shape]))
		if n == 0 {
			k.planned[shape] = 0
			continue
		}
		k.planned[shape] -= float64(n)
		left -= int64(n) * worth
	}
	return left > 0 && left < start-start/8
}

// nextPlanned returns the shape on which most is to be spent, of those of which a
// whole node is planned; −1 if there is none.
func (k *packer) nextPlanned(left int64, putOff Set) int32 {
	best, most := int32(-1), 0.0
	for _, s := range k.onSale {
		if n := k.planned[s]; n >= 1 && left >= tailNodes*k.room[s] && !putOff.Has(int(s)) {
			if spend := float64(n * float64(k.priceOf(s))); spend > most {
				best, most = s, spend
			}
		}
	}
	return best
}

// buyPatterns buys nodes that are planned as they are, each as often as a whole
// number of times; false when that was not worth while.
func (k *packer) buyPatterns(start int64) bool {
	left := start
	for i := range k.patterns {
		p := &k.patterns[i]
		for n := int32(p.planned); n > 0; {
			k.begin(k.row(k.shapeRows, p.shape))
			complete := true
			for _, h := range p.holds {
				complete = k.takeOf(h, k.setOf(p.shape)) && complete
			}
			k.topUp(k.setOf(p.shape))
			takes := k.filler.takes
			if len(takes) == 0 || !complete {
				break
			}
			if k.shapes[p.shape].variety != nil {
				takes = k.keepVariety(p.shape, takes)
			}
			worth := k.worthOf(takes)
			times := k.commit(p.shape, takes, n)
			if times == 0 {
				break
			}
			n -= times
			left -= int64(times) * worth
		}
	}
	return left > 0 && left < start-start/8
}

// takeOf takes what a pattern holds of some items, of those in set; false if there is
// not so much left or it does not go together.
func (k *packer) takeOf(h portionOf, set Set) bool {
	want := h.count
	for _, i := range h.items {
		if k.left[i] == 0 || !set.Has(int(i)) {
			continue
		}
		if n := k.mayTake(i, min(want, k.left[i])); n > 0 {
			k.take(i, n)
			if want -= n; want == 0 {
				return true
			}
		}
	}
	return false
}
