package kube

import "weak"

// interned finds the one record with a text. It does not keep records alive: jobs
// leave behind identities that no other pod will have, and an operator runs for
// months. The zero value is ready to use.
type interned[T any] struct {
	byText map[string]weak.Pointer[T]
	sweep  int // size at which the entries of records that are gone are dropped
}

// minSweep is how small a table is not worth sweeping.
const minSweep = 1024

// get returns the record with that text, nil when there is none (any more).
func (t *interned[T]) get(text []byte) *T {
	return t.byText[string(text)].Value()
}

// reserve makes room for n records in a table that has none yet.
func (t *interned[T]) reserve(n int) {
	if t.byText == nil {
		n = max(n, minSweep)
		t.byText, t.sweep = make(map[string]weak.Pointer[T], n), n
	}
}

// put makes v the record with that text.
func (t *interned[T]) put(text string, v weak.Pointer[T]) {
	t.reserve(minSweep)
	if len(t.byText) >= t.sweep {
		for k, w := range t.byText {
			if w.Value() == nil {
				delete(t.byText, k)
			}
		}
		t.sweep = max(minSweep, 2*len(t.byText))
	}
	t.byText[text] = v
}
