package pack

import "math/bits"

// filler fills one node with what is left. Its slices are reused: a result is
// good until the next fill.
type filler struct {
	load  load
	free  []int64
	open  Set // what may still be added
	takes []take
}

func newFiller(l *layout) filler {
	return filler{load: newLoad(&l.sides), free: make([]int64, len(l.dense)), open: NewSet(len(l.items))}
}

// fill puts as much of what is left and in allowed onto an empty new node with
// that much free as goes in, the largest items first. It leaves in s.filler what
// it took and what stays free, and changes nothing else.
func (s *state) fill(free []int64, allowed Set) []take {
	s.filler.load.reset()
	return s.topUp(free, allowed)
}

// fillHost is fill for a host with what has been put onto it.
func (s *state) fillHost(host int32, allowed Set) []take {
	f := &s.filler
	f.load.resetTo(&s.Hosts[host])
	for _, t := range s.onHost[host] {
		f.load.add(t.item, t.count, nil)
	}
	return s.topUp(s.row(s.free, host), allowed)
}

// topUp fills a node that holds what s.filler.load says.
func (s *state) topUp(free []int64, allowed Set) []take {
	f := &s.filler
	copy(f.free, free)
	f.takes = f.takes[:0]
	for w, have := range s.avail {
		f.open[w] = have & allowed[w]
	}
	for w := range f.open {
		have := f.open[w]
		if have == 0 || !holds(f.free, s.row(s.least, int32(w))) {
			continue
		}
		s.steps += bits.OnesCount64(have)
		for ; have != 0; have &= have - 1 {
			bit := have & -have
			if f.open[w]&bit == 0 {
				continue
			}
			item := int32(w*64 + bits.TrailingZeros64(have))
			size := s.row(s.size, item)
			n := howMany(f.free, size, s.left[item])
			if n > 0 {
				n = f.load.most(item, n)
			}
			if n == 0 {
				continue
			}
			f.takes = append(f.takes, take{item, n})
			f.load.add(item, n, f.open)
			for c, v := range size {
				f.free[c] -= int64(n) * v
			}
		}
	}
	return f.takes
}
