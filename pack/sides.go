package pack

import (
	"math"
	"slices"
)

// sides are the constraints that look alike to every new node: dimensions in
// which all shapes offer the same, and rules. There may be hundreds, each of
// which concerns few items, so each item lists its own.
type sides struct {
	room  []int64 // of a new node in each counted dimension
	users []users // of each counted dimension
	needs csr[need]
	roles csr[role]
	// alone is for each item the most that fit a new node as far as sides go, and
	// counted the same for dimensions alone.
	alone, counted []int32
	rules          []rule
	// index of a dimension among the counted ones, −1 for one that is a row.
	index []int32
}

// users are the items that use a counted dimension.
type users struct {
	set   Set
	alike int64 // what each of them needs, 0 if they differ
	most  int64
}

// need is what an item uses of a counted dimension.
type need struct {
	at     int32
	amount int64
}

// role is what an item is to a rule.
type role struct {
	rule           int32
	holder, member bool
}

// rule is a rule about items under their new numbers.
type rule struct {
	holders, members Set
	most             int32
}

// csr is a list for each of a row of things, end to end.
type csr[T any] struct {
	start []int32
	list  []T
}

func (c *csr[T]) of(i int32) []T { return c.list[c.start[i]:c.start[i+1]] }

// end closes the list of the next thing.
func (c *csr[T]) end() { c.start = append(c.start, int32(len(c.list))) }

func newSides(l *layout) sides {
	s := sides{index: make([]int32, len(l.Room))}
	for d := range s.index {
		s.index[d] = -1
	}
	s.needs.end()
	for i := range l.items {
		for _, a := range l.Items[l.items[i].source].Size {
			if l.column[a.Dim] < 0 {
				s.addNeed(l, int32(i), a)
			}
		}
		s.needs.end()
	}
	s.addRules(l)
	s.alone, s.counted = make([]int32, len(l.items)), make([]int32, len(l.items))
	for i := range l.items {
		s.alone[i], s.counted[i] = s.times(int32(i), s.room)
	}
	return s
}

// times is how often an item fits on a place with so much room in counted dimensions:
// as far as sides go, and as far as these go.
func (s *sides) times(i int32, room []int64) (alone, counted int32) {
	counted = math.MaxInt32
	for _, x := range s.needs.of(i) {
		counted = int32(max(0, min(int64(counted), room[x.at]/x.amount)))
	}
	alone = counted
	for _, x := range s.roles.of(i) {
		if x.holder && x.member {
			alone = max(0, min(alone, s.rules[x.rule].most))
		}
	}
	return alone, counted
}

func (s *sides) addNeed(l *layout, i int32, a Amount) {
	at := s.index[a.Dim]
	if at < 0 {
		at = int32(len(s.room))
		s.index[a.Dim] = at
		s.room = append(s.room, l.Room[a.Dim])
		s.users = append(s.users, users{set: NewSet(len(l.items)), alike: a.Value})
	}
	u := &s.users[at]
	u.set.Add(int(i))
	u.most = max(u.most, a.Value)
	if u.alike != a.Value {
		u.alike = 0
	}
	s.needs.list = append(s.needs.list, need{at, a.Value})
}

// addRules numbers the items of rules anew and tells each item its roles.
func (s *sides) addRules(l *layout) {
	for _, r := range l.Rules {
		x := rule{NewSet(len(l.items)), NewSet(len(l.items)), r.Cap}
		for i := range l.items {
			if r.Holders.Has(int(l.items[i].source)) {
				x.holders.Add(i)
			}
			if r.Members.Has(int(l.items[i].source)) {
				x.members.Add(i)
			}
		}
		s.rules = append(s.rules, x)
	}
	s.roles.end()
	for i := range l.items {
		for r := range s.rules {
			x := role{int32(r), s.rules[r].holders.Has(i), s.rules[r].members.Has(i)}
			if x.holder || x.member {
				s.roles.list = append(s.roles.list, x)
			}
		}
		s.roles.end()
	}
}

// load is what one node holds, as far as sides go.
type load struct {
	*sides
	left    []int64 // of the room in each counted dimension
	members []int32 // of each rule
	holders []int32 // of each rule
	// what to clear before the next node
	dirtyDims, dirtyRules []int32
}

func newLoad(s *sides) load {
	return load{sides: s, left: slices.Clone(s.room), members: make([]int32, len(s.rules)), holders: make([]int32, len(s.rules))}
}

// reset makes it the load of an empty new node.
func (o *load) reset() {
	for _, at := range o.dirtyDims {
		o.left[at] = o.room[at]
	}
	for _, r := range o.dirtyRules {
		o.members[r], o.holders[r] = 0, 0
	}
	o.dirtyDims, o.dirtyRules = o.dirtyDims[:0], o.dirtyRules[:0]
}

// resetTo makes it the present load of a host.
func (o *load) resetTo(h *Host) {
	o.reset()
	for _, a := range h.Room {
		if at := o.index[a.Dim]; at >= 0 {
			o.left[at] = a.Value
			o.dirtyDims = append(o.dirtyDims, at)
		}
	}
	for _, x := range h.Holds {
		o.members[x.Rule] = x.Members
		if x.Holder {
			o.holders[x.Rule] = 1
		}
		o.dirtyRules = append(o.dirtyRules, x.Rule)
	}
}

// most returns how many of an item sides let in beside the load, at most n.
func (o *load) most(i, n int32) int32 {
	for _, x := range o.needs.of(i) {
		if o.left[x.at] < x.amount {
			return 0
		}
		n = int32(min(int64(n), o.left[x.at]/x.amount))
	}
	for _, x := range o.roles.of(i) {
		r := x.rule
		spare := o.rules[r].most - o.members[r]
		switch {
		case x.member && (x.holder || o.holders[r] > 0):
			n = min(n, max(spare, 0))
		case x.holder && spare < 0:
			return 0
		}
	}
	return n
}

// add puts n of an item onto the node, or with n < 0 takes them away.
func (o *load) add(i, n int32) {
	for _, x := range o.needs.of(i) {
		o.left[x.at] -= int64(n) * x.amount
		o.dirtyDims = append(o.dirtyDims, x.at)
	}
	for _, x := range o.roles.of(i) {
		o.dirtyRules = append(o.dirtyRules, x.rule)
		if x.member {
			o.members[x.rule] += n
		}
		if x.holder {
			o.holders[x.rule] += n
		}
	}
}

// close removes from open the items that sides keep out now that an item has been
// added, as far as that is told at once; most knows the rest.
func (o *load) close(i int32, open Set) {
	for _, x := range o.needs.of(i) {
		if u := &o.users[x.at]; u.alike > o.left[x.at] {
			open.AndNot(u.set)
		}
	}
	for _, x := range o.roles.of(i) {
		r := &o.rules[x.rule]
		switch spare := r.most - o.members[x.rule]; {
		case o.holders[x.rule] > 0 && spare <= 0:
			open.AndNot(r.members)
		case spare < 0:
			open.AndNot(r.holders)
		}
	}
}

// together tells whether takes may share a new node as far as sides go.
func (o *load) together(takes []take) bool {
	o.reset()
	for _, t := range takes {
		if o.most(t.item, t.count) < t.count {
			return false
		}
		o.add(t.item, t.count)
	}
	return true
}
