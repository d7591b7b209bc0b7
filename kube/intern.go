package kube

import "weak"

// interned finds the one record with a text. It does not keep records alive: jobs
// leave behind identities that no other pod will have, and an operator runs for
// months. The zero value is ready to use.
type interned[T any] struct {
	byText map[string]place[T]
	sweep  int // size at which the entries of records that are gone are dropped
}

// slab is several records in one piece: to point at them weakly costs as much as to
// point at one, and one keeps few others alive.
type slab[T any] [16]T

// place is where a record is, as long as any of its slab is in use.
type place[T any] struct {
	slab weak.Pointer[slab[T]]
	at   int
}

func (p place[T]) record() *T {
	if s := p.slab.Value(); s != nil {
		return &s[p.at]
	}
	return nil
}

// minSweep is how small a table is not worth sweeping.
const minSweep = 512

// get returns the record with that text, nil when there is none (any more).
func (t *interned[T]) get(text []byte) *T {
	if p, ok := t.byText[string(text)]; ok {
		return p.record()
	}
	return nil
}

// put makes what is at a place the record with that text.
func (t *interned[T]) put(text string, p place[T]) {
	if t.byText == nil {
		t.byText, t.sweep = map[string]place[T]{}, minSweep
	}
	if len(t.byText) >= t.sweep {
		for k, p := range t.byText {
			if p.record() == nil {
				delete(t.byText, k)
			}
		}
		t.sweep = max(minSweep, 2*len(t.byText))
	}
	t.byText[text] = p
}

// room is where the next records come to be.
type room[T any] struct {
	slab *slab[T]
	next place[T]
}

// take returns an empty record and its place.
func (r *room[T]) take() (*T, place[T]) {
	if r.slab == nil || r.next.at == len(r.slab) {
		r.slab = new(slab[T])
		r.next = place[T]{slab: weak.Make(r.slab)}
	}
	at := r.next
	r.next.at++
	return &r.slab[at.at], at
}
