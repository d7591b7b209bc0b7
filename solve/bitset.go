package solve

import "math/bits"

// bitset is a set of small integers. Sets of one kind have the same length.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// allOf returns the set of 0 … n−1.
func allOf(n int) bitset {
	s := newBitset(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if n%64 != 0 {
		s[len(s)-1] = 1<<(n%64) - 1
	}
	return s
}

func (s bitset) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s bitset) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s bitset) remove(i int)   { s[i/64] &^= 1 << (i % 64) }

// and keeps what is also in t.
func (s bitset) and(t bitset) {
	for i := range s {
		s[i] &= t[i]
	}
}

// or adds what is in t.
func (s bitset) or(t bitset) {
	for i := range s {
		s[i] |= t[i]
	}
}

// andNot removes what is in t.
func (s bitset) andNot(t bitset) {
	for i := range s {
		s[i] &^= t[i]
	}
}

func (s bitset) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

func (s bitset) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// all yields the members in order.
func (s bitset) all(yield func(int) bool) { s.from(0)(yield) }

// from yields the members that are first or more, in order.
func (s bitset) from(first int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for i := first / 64; i < len(s); i++ {
			w := s[i]
			if i == first/64 {
				w &= ^uint64(0) << (first % 64)
			}
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}
