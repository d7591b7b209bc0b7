package pack

import "slices"

// Hosts that have room for many items are filled one by one, as new nodes are: so that no
// dimension is used up before the others, then exchanging items for ones that are worth
// more. What is left of them afterwards is of little use, whereas putting the largest
// items wherever they leave least fills some hosts in one dimension only.

// fillEach fills the hosts with what can be bought for, those with least room first: they
// have most to choose from then.
func (q *quarters) fillEach() {
	for i := range q.tiers {
		for _, r := range q.regionsOf(i) {
			k := newPacker(q.state, r)
			if k.care = &quick; !k.reprice(quick.first) {
				continue
			}
			by := map[int32]berthing{} // by kind of host
			for at, h := range q.hosts {
				kind := q.hostKind[h]
				b, known := by[kind]
				if !known {
					b = k.berthing(q.hostKinds.list[kind].items)
					by[kind] = b
				}
				if b.price == nil || !k.avail.Meets(b.items) {
					continue // nobody is left who may go there
				}
				for _, t := range k.fillHost(h, &b) {
					q.put(at, t)
				}
			}
		}
	}
}

// berthing is what hosts of a kind may take of a region, and what a unit of each dimension
// is worth there: nil for hosts that may take nothing.
type berthing struct {
	items Set
	price []float64
}

// berthing finds that. Room is worth there what it is worth on the best of the shapes that
// have most items in common with such hosts.
func (k *packer) berthing(items Set) berthing {
	b := berthing{items: slices.Clone(items)}
	b.items.And(k.within)
	most := 0
	for i := range k.offers {
		common := slices.Clone(b.items)
		common.And(k.setOf(k.offers[i].shape))
		if n := common.Count(); n > most {
			most, b.price = n, k.priceIn(k.offers[i].shape)
		}
	}
	return b
}

// exchanges bounds how many items of a host are exchanged for others.
const exchanges = 32

// fillHost fills a host, so that what it takes is worth as much as can be. The takes are
// good until the next time.
func (k *packer) fillHost(host int32, b *berthing) []take {
	k.beginHost(host)
	f := &k.filler
	most := 0.0
	for c, v := range f.free {
		most += float64(b.price[c] * float64(max(v, 0)))
	}
	k.fillEvenly(b.price, b.items)
	k.topUp(b.items)
	worth := k.worthOf(f.takes)
	for range exchanges {
		if worth >= int64(most) || len(f.takes) == 0 {
			break
		}
		gain := k.exchange(b.items)
		if gain == 0 {
			break
		}
		worth += gain
	}
	return f.takes
}
