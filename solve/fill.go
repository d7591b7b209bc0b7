package solve

import "math/bits"

// filler fills one node with what is left. Its slices are reused: a result is
// good until the next fill.
type filler struct {
	free  []int64
	takes []take
}

// fill puts as much of what is left and in allowed into free as goes in, the
// largest classes first. It leaves in s.filler what it took and what stays free,
// and changes nothing else.
func (s *state) fill(free []int64, allowed bitset) []take {
	f := &s.filler
	copy(f.free, free)
	f.takes = f.takes[:0]
	for w, have := range s.avail {
		have &= allowed[w]
		if have == 0 || !holds(f.free, s.row(s.least, int32(w))) {
			continue
		}
		s.steps += bits.OnesCount64(have)
		for ; have != 0; have &= have - 1 {
			class := int32(w*64 + bits.TrailingZeros64(have))
			request := s.row(s.request, class)
			n := howMany(f.free, request, s.left[class])
			if n == 0 {
				continue
			}
			f.takes = append(f.takes, take{class, n})
			for d, v := range request {
				f.free[d] -= int64(n) * v
			}
		}
	}
	return f.takes
}
