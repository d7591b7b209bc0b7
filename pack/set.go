package pack

import "math/bits"

// Set is a set of small integers. Sets that meet have the same length.
type Set []uint64

// NewSet returns an empty set with room for 0 … n−1.
func NewSet(n int) Set { return make(Set, (n+63)/64) }

// Has tells whether i is in the set.
func (s Set) Has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// Add puts i into the set.
func (s Set) Add(i int) { s[i/64] |= 1 << (i % 64) }

func (s Set) remove(i int) { s[i/64] &^= 1 << (i % 64) }

// allOf returns the set of 0 … n−1.
func allOf(n int) Set {
	s := NewSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if n%64 != 0 {
		s[len(s)-1] = 1<<(n%64) - 1
	}
	return s
}

// and keeps what is also in t.
func (s Set) and(t Set) {
	for i := range s {
		s[i] &= t[i]
	}
}

// andNot removes what is in t.
func (s Set) andNot(t Set) {
	for i := range s {
		s[i] &^= t[i]
	}
}

// contains tells whether all of t is in s.
func (s Set) contains(t Set) bool {
	for i := range t {
		if t[i]&^s[i] != 0 {
			return false
		}
	}
	return true
}

// meets tells whether s and t have a member in common.
func (s Set) meets(t Set) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

func (s Set) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// all yields the members in order.
func (s Set) all(yield func(int) bool) {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			if !yield(i*64 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// or adds what is in t.
func (s Set) or(t Set) {
	for i := range s {
		s[i] |= t[i]
	}
}
