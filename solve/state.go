package solve

import "slices"

// state is the one working state of a solution: what is left to place, what has
// been put where, and a log by which all of it can be undone.
type state struct {
	*problem
	left  []int32 // pods of each class that have no place yet
	avail bitset  // classes with any left

	free []int64 // a row for each host: what is left of it
	room []int64 // what is left of the pools' limits

	groups []group
	takes  []take // of the groups, end to end
	placed []placement
	log    []step

	filler filler
	// steps count the classes looked at so far, searched those of them that count
	// against Options.Steps.
	steps, searched int
}

// group is a number of nodes alike: bought as the same shape, with the same pods
// on each.
type group struct {
	shape      int32
	first, end int32 // takes
	copies     int32
}

// placement is pods of one class put on a host.
type placement struct {
	host int32
	take
}

// step is one change of copies of a group; with group −1 it is one placement.
type step struct{ group, copies int32 }

// mark is a moment to roll back to.
type mark struct{ log, groups, takes, placed int }

func newState(p *problem) *state {
	s := &state{problem: p, free: slices.Clone(p.hostFree), room: slices.Clone(p.quotas.room)}
	s.left = make([]int32, len(p.classes))
	s.avail = newBitset(len(p.classes))
	for i, c := range p.classes {
		s.add(int32(i), c.count)
	}
	s.filler.free = make([]int64, len(p.dims))
	return s
}

// add changes what is left of a class.
func (s *state) add(class, n int32) {
	s.left[class] += n
	if s.left[class] > 0 {
		s.avail.add(int(class))
	} else {
		s.avail.remove(int(class))
	}
}

func (s *state) takesOf(g *group) []take { return s.takes[g.first:g.end] }

// place puts pods on a host.
func (s *state) place(host int32, t take) {
	s.move(host, t, -1)
	s.placed = append(s.placed, placement{host, t})
	s.log = append(s.log, step{-1, 0})
}

func (s *state) move(host int32, t take, sign int64) {
	free := s.row(s.free, host)
	for d, v := range s.row(s.request, t.class) {
		free[d] += sign * int64(t.count) * v
	}
	s.add(t.class, int32(sign)*t.count)
}

// buy adds nodes alike.
func (s *state) buy(shape int32, takes []take, copies int32) {
	g := group{shape: shape, first: int32(len(s.takes))}
	s.takes = append(s.takes, takes...)
	g.end = int32(len(s.takes))
	s.groups = append(s.groups, g)
	s.resize(int32(len(s.groups)-1), copies)
}

// resize buys more nodes of a group, or with n < 0 gives some back.
func (s *state) resize(id, n int32) {
	s.apply(id, n)
	s.log = append(s.log, step{id, n})
}

func (s *state) apply(id, n int32) {
	g := &s.groups[id]
	g.copies += n
	for _, t := range s.takesOf(g) {
		s.add(t.class, -n*t.count)
	}
	shape := &s.shapes[g.shape]
	room := s.quotas.of(s.room, shape.pool)
	for i, c := range shape.capacity {
		room[i] -= int64(n) * c
	}
}

func (s *state) mark() mark {
	return mark{len(s.log), len(s.groups), len(s.takes), len(s.placed)}
}

// rollback undoes everything since m.
func (s *state) rollback(m mark) {
	for i := len(s.log) - 1; i >= m.log; i-- {
		if e := s.log[i]; e.group >= 0 {
			s.apply(e.group, -e.copies)
			continue
		}
		last := len(s.placed) - 1
		s.move(s.placed[last].host, s.placed[last].take, 1)
		s.placed = s.placed[:last]
	}
	s.log, s.groups, s.takes = s.log[:m.log], s.groups[:m.groups], s.takes[:m.takes]
}

// affordable returns how many more nodes of a shape the limits of its pool
// allow, at most n.
func (s *state) affordable(shape, n int32) int32 {
	h := &s.shapes[shape]
	return copies(s.quotas.of(s.room, h.pool), h.capacity, n)
}
