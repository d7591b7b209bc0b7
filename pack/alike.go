package pack

import "math/bits"

// Hash is a hash of integers, the same in every process. Begin with 0.
type Hash uint64

// With is the hash of what h is of, and v.
func (h Hash) With(v int64) Hash {
	x := (uint64(h) ^ uint64(v)) * 0x9e3779b97f4a7c15
	return Hash(x ^ x>>32)
}

// Alike returns for each of n things the first one that is the same. Things that are
// the same must have the same hash; same is asked about those that may be.
func Alike(n int, hash func(i int32) Hash, same func(i, j int32) bool) []int32 {
	first := make([]int32, n)
	width := bits.Len(uint(2*n)) + 1 // at most half full
	slots := make([]int32, 1<<width) // things plus 1
	for i := range int32(n) {
		at := uint64(hash(i)) >> (64 - width)
		for slots[at] != 0 && !same(i, slots[at]-1) {
			at = (at + 1) & (1<<width - 1)
		}
		if slots[at] == 0 {
			slots[at] = i + 1
		}
		first[i] = slots[at] - 1
	}
	return first
}
