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

// Remove takes i out of the set.
func (s Set) Remove(i int) { s[i/64] &^= 1 << (i % 64) }

// FullSet returns the set of 0 … n−1.
func FullSet(n int) Set {
	s := NewSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if n%64 != 0 {
		s[len(s)-1] = 1<<(n%64) - 1
	}
	return s
}

// And keeps what is also in t.
func (s Set) And(t Set) {
	for i := range s {
		s[i] &= t[i]
	}
}

// AndNot removes what is in t.
func (s Set) AndNot(t Set) {
	for i := range s {
		s[i] &^= t[i]
	}
}

// Contains tells whether all of t is in s.
func (s Set) Contains(t Set) bool {
	for i := range t {
		if t[i]&^s[i] != 0 {
			return false
		}
	}
	return true
}

// Meets tells whether s and t have a member in common.
func (s Set) Meets(t Set) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

// Empty tells whether nothing is in the set.
func (s Set) Empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// Count is how many members the set has.
func (s Set) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// members lists the members in order.
func (s Set) members() []int32 {
	out := make([]int32, 0, s.Count())
	for i := range s.All {
		out = append(out, int32(i))
	}
	return out
}

// All yields the members in order.
func (s Set) All(yield func(int) bool) { s.From(0)(yield) }

// From yields the members that are first or more, in order.
func (s Set) From(first int) func(yield func(int) bool) {
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

// Or adds what is in t.
func (s Set) Or(t Set) {
	for i := range s {
		s[i] |= t[i]
	}
}
