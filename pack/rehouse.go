package pack

import "slices"

// rehouse gives items that hosts had no room for the places of smaller ones, which
// move to another host or, if there is none, lose theirs. Items that sides are about
// stay where they are.
func (q *quarters) rehouse() {
	for range rehousings {
		some := false
		for i := range q.avail.All {
			for q.left[i] > 0 && q.apart(int32(i)) && q.oust(int32(i)) {
				some = true
			}
		}
		if !some {
			return
		}
	}
}

// No packing is rolled back to before this, so that nothing of it is logged.

// rehousings is how often all that is left is looked at.
const rehousings = 3

// apart tells whether no side is about an item.
func (q *quarters) apart(item int32) bool {
	return len(q.sides.needs.of(item)) == 0 && len(q.sides.roles.of(item)) == 0
}

// large is how much of all demand an item is.
func (q *quarters) large(item int32) float64 {
	sum := 0.0
	for d, v := range q.row(q.size, item) {
		sum += float64(float64(v) * q.weight[d])
	}
	return sum
}

// oust finds an item a place where one unit of a smaller one is, and tells whether it
// did. Best is one that finds another place, then the smallest.
func (q *quarters) oust(item int32) bool {
	size, mine := q.row(q.size, item), q.large(item)
	found, which, gain := -1, int32(-1), mine/16 // less is not worth while
	for at, h := range q.hosts {
		if !q.hostKinds.list[q.hostKind[h]].items.Has(int(item)) {
			continue
		}
		free := q.row(q.free, h)
		for _, t := range q.onHost[h] {
			q.steps++
			theirs := q.large(t.item)
			if theirs >= mine || !q.apart(t.item) || !holdsWith(free, q.row(q.size, t.item), size) {
				continue
			}
			g := mine - theirs
			if g <= gain && mine <= gain {
				continue
			}
			if q.roomElsewhere(t.item, at) {
				g = mine
			}
			if g > gain || g == gain && which >= 0 && theirs > q.large(which) {
				found, which, gain = at, t.item, g
			}
		}
	}
	if found < 0 {
		return false
	}
	q.giveUp(found, which)
	q.place(q.hosts[found], take{item, 1})
	q.survey(found / block)
	if at, _ := q.snuggest(which); at >= 0 {
		q.place(q.hosts[at], take{which, 1})
		q.survey(at / block)
	}
	return true
}

// holdsWith tells whether free and what it takes of one item have room for size.
func holdsWith(free, more, size []int64) bool {
	for d, want := range size {
		if want > 0 && want > free[d]+more[d] {
			return false
		}
	}
	return true
}

// roomElsewhere tells whether one of an item fits on a host other than that at a
// place.
func (q *quarters) roomElsewhere(item int32, but int) bool {
	size := q.row(q.size, item)
	for b := 0; b*block < len(q.hosts); b++ {
		if !holds(q.row(q.most, int32(b)), size) {
			continue
		}
		q.steps += block
		for i := b * block; i < min(len(q.hosts), (b+1)*block); i++ {
			h := q.hosts[i]
			if i != but && holds(q.row(q.free, h), size) && q.hostKinds.list[q.hostKind[h]].items.Has(int(item)) {
				return true
			}
		}
	}
	return false
}

// giveUp takes one of an item off the host at a place.
func (q *quarters) giveUp(at int, item int32) {
	h := q.hosts[at]
	for i := range q.onHost[h] {
		if t := &q.onHost[h][i]; t.item == item {
			if t.count--; t.count == 0 {
				q.onHost[h] = slices.Delete(q.onHost[h], i, i+1)
			}
			q.move(h, take{item, 1}, 1)
			return
		}
	}
}
