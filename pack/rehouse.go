package pack

import "slices"

// nobody is no item.
const nobody = int32(-1)

// rehouse finds a place for one of an item that no host has room for: where another
// item is that can move on, to where there is room or where yet another one can move
// on, and so forth. Where each host holds one item and those worth most come first,
// no other way to fill hosts is worth more. It is done while steps last.
func (q *quarters) rehouse(item int32) bool {
	if q.spent() || !q.apart(item) {
		return false
	}
	q.asked = q.asked[:0]
	if !q.moveOn(item, item) {
		return false
	}
	for _, i := range q.asked {
		q.outbid[i] = nobody
	}
	return true
}

// spent tells whether no steps are left.
func (q *quarters) spent() bool { return q.steps >= q.opt.Steps*stepSize }

// moveOn puts one of an item where another can move on, for the sake of a first one.
// Who has been asked in vain, now or before, is not asked again: there is nowhere for
// it to go. Items that sides are about stay where they are.
func (q *quarters) moveOn(item, first int32) bool {
	size := q.row(q.size, item)
	for at, h := range q.hosts {
		if !q.hostKinds.list[q.hostKind[h]].items.Has(int(item)) {
			continue
		}
		if q.steps++; q.spent() {
			return false
		}
		for i := 0; i < len(q.onHost[h]); {
			other := q.onHost[h][i].item
			if other == item || q.outbid[other] != nobody || !holdsWith(q.row(q.free, h), q.row(q.size, other), size) || !q.apart(other) {
				i++
				continue
			}
			q.outbid[other] = first
			q.asked = append(q.asked, other)
			q.exchange(at, other, item)
			if to, _ := q.snuggest(other); to >= 0 {
				q.put(to, take{other, 1})
				return true
			}
			if q.moveOn(other, first) {
				return true
			}
			q.exchange(at, item, other) // now it is the last one there
		}
	}
	return false
}

// apart tells whether no side is about an item.
func (q *quarters) apart(item int32) bool {
	return len(q.sides.needs.of(item)) == 0 && len(q.sides.roles.of(item)) == 0
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

// exchange takes one of an item off the host at a place, and puts one of another there.
func (q *quarters) exchange(at int, off, on int32) {
	h := q.hosts[at]
	i := slices.IndexFunc(q.onHost[h], func(t take) bool { return t.item == off })
	if t := &q.onHost[h][i]; t.count > 1 {
		t.count--
	} else {
		q.onHost[h] = slices.Delete(q.onHost[h], i, i+1)
	}
	q.move(h, take{off, 1}, 1)
	q.put(at, take{on, 1})
}
