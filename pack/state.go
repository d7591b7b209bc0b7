package pack

import "slices"

// state is the one working state of a packing: what is left to place, what has
// been put where, and a log by which all of it can be undone.
type state struct {
	*layout
	left  []int32 // of each item, without a place yet
	avail Set     // items with any left

	free   []int64 // a row for each host: what is left of it
	quotas []int64 // what is left of them

	groups []group
	takes  []take  // of the groups, end to end
	loads  []int64 // a row for each group: what its takes need
	onHost [][]take
	placed []int32 // hosts, in the order in which takes were put onto them
	log    []step

	market *digest // nil where nothing is known from packings before
	filler filler
	// steps count the numbers looked at so far; until is where searching ends.
	steps, until int
}

// group is a number of nodes alike: bought as the same shape, with the same load
// on each.
type group struct {
	shape      int32
	first, end int32 // takes
	copies     int32
}

// step is one change of copies of a group; with group −1 it is one take put onto
// a host.
type step struct{ group, copies int32 }

// mark is a moment to roll back to.
type mark struct{ log, groups, takes, placed int }

func newState(l *layout) *state {
	s := &state{layout: l, free: slices.Clone(l.hostRows), quotas: slices.Clone(l.Quotas), onHost: make([][]take, len(l.Hosts))}
	s.left = make([]int32, len(l.items))
	s.avail = NewSet(len(l.items))
	for i := range l.items {
		s.add(int32(i), l.items[i].count)
	}
	s.filler = newFiller(l)
	return s
}

// add changes what is left of an item.
func (s *state) add(item, n int32) {
	s.left[item] += n
	if s.left[item] > 0 {
		s.avail.Add(int(item))
	} else {
		s.avail.Remove(int(item))
	}
}

func (s *state) takesOf(g *group) []take { return s.takes[g.first:g.end] }

// place puts a number of an item on a host.
func (s *state) place(host int32, t take) {
	s.move(host, t, -1)
	s.onHost[host] = append(s.onHost[host], t)
	s.placed = append(s.placed, host)
	s.log = append(s.log, step{-1, 0})
}

func (s *state) move(host int32, t take, sign int64) {
	free := s.row(s.free, host)
	for c, v := range s.row(s.size, t.item) {
		free[c] += sign * int64(t.count) * v
	}
	s.add(t.item, int32(sign)*t.count)
}

// buy adds nodes alike.
func (s *state) buy(shape int32, takes []take, copies int32) {
	g := group{shape: shape, first: int32(len(s.takes))}
	s.takes = append(s.takes, takes...)
	g.end = int32(len(s.takes))
	s.groups = append(s.groups, g)
	first := len(s.loads)
	s.loads = slices.Grow(s.loads, len(s.dense))[:first+len(s.dense)]
	s.sum(s.loads[first:], takes)
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
		s.add(t.item, -n*t.count)
	}
	for _, u := range s.shapes[g.shape].uses {
		s.quotas[u.Quota] -= int64(n) * u.Amount
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
		h := s.placed[last]
		top := len(s.onHost[h]) - 1
		s.move(h, s.onHost[h][top], 1)
		s.onHost[h], s.placed = s.onHost[h][:top], s.placed[:last]
	}
	s.log, s.groups, s.takes = s.log[:m.log], s.groups[:m.groups], s.takes[:m.takes]
	s.loads = s.loads[:m.groups*len(s.dense)]
}

// affordable returns how many more nodes of a shape the quotas allow, at most n.
func (s *state) affordable(shape, n int32) int32 {
	for _, u := range s.shapes[shape].uses {
		switch room := s.quotas[u.Quota]; {
		case room < 0:
			return 0
		case u.Amount > 0:
			n = int32(min(int64(n), room/u.Amount))
		}
	}
	return n
}
