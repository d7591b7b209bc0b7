package pack

import "math/bits"

// filler fills one node with what is left. Its slices are reused: a result is
// good until the next fill.
type filler struct {
	load  load
	free  []int64
	open  Set     // what may still be added
	takes []take  // what has been taken
	at    []int32 // of each item, its place in takes; −1
	// For filling evenly: what part a unit is of what was free in each dimension at the
	// beginning, what part it counts for in all, and how much of all is still free.
	part, weight []float64
	rest         float64
}

func newFiller(l *layout) filler {
	n := len(l.dense)
	f := filler{
		load: newLoad(&l.sides), free: make([]int64, n), open: NewSet(len(l.items)), at: make([]int32, len(l.items)),
		part: make([]float64, n), weight: make([]float64, n),
	}
	for i := range f.at {
		f.at[i] = -1
	}
	return f
}

// begin makes it an empty new node with that much free.
func (s *state) begin(free []int64) {
	s.filler.load.reset()
	s.filler.clear(free)
}

// beginHost makes it a host with what has been put onto it.
func (s *state) beginHost(host int32) {
	f := &s.filler
	f.load.resetTo(&s.Hosts[host])
	for _, t := range s.onHost[host] {
		f.load.add(t.item, t.count)
	}
	f.clear(s.row(s.free, host))
}

// beginWith makes it a new node that holds takes already, which do not count as
// taken.
func (s *state) beginWith(free []int64, takes []take) {
	s.begin(free)
	for _, t := range takes {
		s.filler.load.add(t.item, t.count)
		for c, v := range s.row(s.size, t.item) {
			s.filler.free[c] -= int64(t.count) * v
		}
	}
}

func (f *filler) clear(free []int64) {
	copy(f.free, free)
	for _, t := range f.takes {
		f.at[t.item] = -1
	}
	f.takes = f.takes[:0]
}

// mayTake returns how many of an item could be added, at most n.
func (s *state) mayTake(item, n int32) int32 {
	f := &s.filler
	if at := f.at[item]; at >= 0 {
		n = min(n, s.left[item]-f.takes[at].count)
	}
	if n <= 0 {
		return 0
	}
	if n = howMany(f.free, s.row(s.size, item), n); n > 0 {
		n = f.load.most(item, n)
	}
	return n
}

// take adds n of an item.
func (s *state) take(item, n int32) {
	f := &s.filler
	at := f.at[item]
	if at < 0 {
		at = int32(len(f.takes))
		f.at[item] = at
		f.takes = append(f.takes, take{item: item})
	}
	f.takes[at].count += n
	for c, v := range s.row(s.size, item) {
		f.free[c] -= int64(n) * v
	}
	f.load.add(item, n)
}

// openUp makes open all that is left and in allowed.
func (s *state) openUp(allowed Set) {
	f := &s.filler
	for w, have := range s.avail {
		f.open[w] = have & allowed[w]
	}
	for _, t := range f.takes {
		f.load.close(t.item, f.open)
	}
}

// fill puts as much of what is left and in allowed onto an empty new node with
// that much free as goes in, the largest items first. It leaves in s.filler what
// it took and what stays free, and changes nothing else.
func (s *state) fill(free []int64, allowed Set) []take {
	s.begin(free)
	s.topUp(allowed)
	return s.filler.takes
}

// topUp adds what goes in, the largest items first.
func (s *state) topUp(allowed Set) {
	s.openUp(allowed)
	s.each(nil, func(item int32) int32 { return s.left[item] })
}

// fillEvenly adds what goes in, the largest items first, as long as no dimension
// is used up before the others: a node that is full in one has wasted what is left
// in the others. Price says what a unit of each dimension counts.
func (s *state) fillEvenly(price []float64, allowed Set) {
	if !s.measure(price) {
		return
	}
	s.openUp(allowed)
	s.each(s.allUneven, s.evenly)
}

// each offers every open item that fits, largest first; most says how many of it
// are wanted. Of 64 items none is wanted if none says so; it may be nil.
func (s *state) each(none func(w int32) bool, most func(item int32) int32) {
	f := &s.filler
	for w := range f.open {
		have := f.open[w]
		if have == 0 || !holds(f.free, s.row(s.least, int32(w))) {
			continue
		}
		s.steps += bits.OnesCount64(have)
		if none != nil && none(int32(w)) {
			continue
		}
		for ; have != 0; have = have & (have - 1) & f.open[w] {
			item := int32(w*64 + bits.TrailingZeros64(have))
			if !holds(f.free, s.row(s.size, item)) {
				continue
			}
			n := most(item)
			if n > 0 {
				n = s.mayTake(item, n)
			}
			if n > 0 {
				s.take(item, n)
				f.load.close(item, f.open)
			}
		}
	}
}

// uneven is how much less of the room in one dimension may stay free than of the
// room in all, as a part of the latter.
const uneven = 0.2

// measure notes what is free, dimension by dimension and in all by a price for a
// unit of each; false when that is nothing.
func (s *state) measure(price []float64) bool {
	f := &s.filler
	total := 0.0
	for c, v := range f.free {
		total += float64(price[c] * float64(max(v, 0)))
	}
	if total <= 0 {
		return false
	}
	f.rest = 1
	for c, v := range f.free {
		f.part[c], f.weight[c] = 0, price[c]/total
		if v > 0 {
			f.part[c] = 1 / float64(v)
		}
	}
	return true
}

// allUneven tells whether none of 64 items leaves the node even: not even if it had the
// least that any of them needs in one dimension and the most in all others.
func (s *state) allUneven(w int32) bool {
	f := &s.filler
	least, greatest := s.row(s.least, w), s.row(s.greatest, w)
	sum := 0.0
	for c, v := range greatest {
		sum += float64(f.weight[c] * float64(v))
	}
	behind := float64(f.rest * (1 - uneven))
	for c, v := range least {
		others := sum + float64(f.weight[c]*float64(v-greatest[c]))
		faster := float64(float64(v)*f.part[c]) - float64(others*(1-uneven))
		ahead := float64(float64(f.free[c])*f.part[c]) - behind
		if faster > 0 && faster > ahead+1e-9 {
			return true
		}
	}
	return false
}

// evenly returns how many of an item leave the node even, and counts them as
// taken.
func (s *state) evenly(item int32) int32 {
	f := &s.filler
	size := s.row(s.size, item)
	sum := 0.0
	for c, v := range size {
		sum += float64(f.weight[c] * float64(v))
	}
	slow, behind := float64(sum*(1-uneven)), float64(f.rest*(1-uneven))
	most := float64(s.left[item])
	for c, v := range size {
		faster := float64(float64(v)*f.part[c]) - slow
		if v <= 0 || faster <= 0 {
			continue
		}
		ahead := float64(float64(f.free[c])*f.part[c]) - behind
		if ahead < faster {
			return 0
		}
		if ahead < float64(most*faster) {
			most = ahead / faster
		}
	}
	n := s.mayTake(item, int32(most))
	f.rest -= float64(sum * float64(n))
	return n
}
