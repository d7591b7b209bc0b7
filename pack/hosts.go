package pack

import (
	"cmp"
	"slices"
)

// fillHosts puts what it can on hosts. Items that nothing can be bought for go
// first.
func (s *state) fillHosts() {
	order := s.hostOrder()
	if len(order) == 0 {
		return
	}
	stuck := allOf(len(s.items))
	for i := range s.tiers {
		stuck.andNot(s.tiers[i].buyable)
	}
	if !stuck.empty() {
		s.fillEach(order, stuck)
	}
	s.fillEach(order, allOf(len(s.items)))
}

// fillEach fills hosts in order with items of the given set.
func (s *state) fillEach(order []int32, set Set) {
	allowed := NewSet(len(s.items))
	for _, h := range order {
		copy(allowed, s.hostKinds.list[s.hostKind[h]].items)
		allowed.and(set)
		s.beginHost(h)
		s.topUp(allowed)
		for _, t := range s.filler.takes {
			s.place(h, t)
		}
		if s.avail.empty() {
			return
		}
	}
}

// hostOrder returns the hosts that may take items, those with least room first,
// so that the emptiest stay empty. Their index decides only between hosts that
// are alike: which of them gets what makes no difference to what is left over.
func (s *state) hostOrder() []int32 {
	var order []int32
	for h, kind := range s.hostKind {
		if kind >= 0 {
			order = append(order, int32(h))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(
			slices.Compare(s.row(s.hostRows, a), s.row(s.hostRows, b)),
			slices.Compare(s.hostKinds.list[s.hostKind[a]].items, s.hostKinds.list[s.hostKind[b]].items),
			cmp.Compare(a, b))
	})
	return order
}
