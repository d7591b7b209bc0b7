package kube

import "weak"

// interned finds the one record with a text, by a hash of that. It does not keep
// records alive: jobs leave behind identities that no other pod will have, and an
// operator runs for months. The zero value is ready to use.
type interned[T any] struct {
	byHash map[uint64]place[T] // where that is taken by another text, by the next number
	sweep  int                 // size at which the entries of records that are gone are dropped
}

// named is a record and the text by which it is found.
type named[T any] struct {
	text   string
	record T
}

// is tells whether there is a record, and that is its text.
func (n *named[T]) is(text []byte) bool { return n != nil && n.text == string(text) }

// slab is several records in one piece: to point at them weakly costs as much as to
// point at one, and one keeps few others alive.
type slab[T any] [16]named[T]

// place is where a record is, as long as any of its slab is in use.
type place[T any] struct {
	slab weak.Pointer[slab[T]]
	at   int
}

// find returns the record that is there, nil when it is gone.
func (p place[T]) find() *named[T] {
	if s := p.slab.Value(); s != nil {
		return &s[p.at]
	}
	return nil
}

// minSweep is how small a table is not worth sweeping.
const minSweep = 512

// get returns the record with that text, nil when there is none (any more).
func (t *interned[T]) get(hash uint64, text []byte) *named[T] {
	for ; ; hash++ {
		p, ok := t.byHash[hash]
		if !ok {
			return nil
		}
		if r := p.find(); r.is(text) {
			return r
		}
	}
}

// reserve makes room for n records if there are none yet.
func (t *interned[T]) reserve(n int) {
	if t.byHash == nil {
		t.byHash, t.sweep = make(map[uint64]place[T], n), minSweep
	}
}

// put makes what is at a place the record with its text.
func (t *interned[T]) put(hash uint64, p place[T]) {
	t.reserve(0)
	if len(t.byHash) >= t.sweep {
		for k, p := range t.byHash {
			if p.find() == nil {
				delete(t.byHash, k)
			}
		}
		t.sweep = max(minSweep, 2*len(t.byHash))
	}
	for ; ; hash++ {
		if q, taken := t.byHash[hash]; !taken || q.find() == nil {
			t.byHash[hash] = p
			return
		}
	}
}

// room is where the next records come to be.
type room[T any] struct {
	slab *slab[T]
	next place[T]
}

// take returns an empty record and its place.
func (r *room[T]) take() (*named[T], place[T]) {
	if r.slab == nil || r.next.at == len(r.slab) {
		r.slab = new(slab[T])
		r.next = place[T]{slab: weak.Make(r.slab)}
	}
	at := r.next
	r.next.at++
	return &r.slab[at.at], at
}
