package pack

// purchases is what was bought for what hosts had left over.
type purchases struct {
	bought []bought
	steps  int
}

// buyAll buys nodes for all that is left, which may be known from a packing before.
func (s *state) buyAll() {
	if s.avail.Empty() {
		return
	}
	if s.market == nil {
		s.buyAnew()
		return
	}
	k := &s.memory.known
	d := k.left(s, *s.market)
	if p, ok := k.purchases.get(d); ok {
		for i := range p.bought {
			b := &p.bought[i]
			s.buy(b.shape, b.takes, b.copies)
		}
		s.steps += p.steps
		return
	}
	before, m := s.steps, s.mark()
	s.buyAnew()
	k.purchases.put(d, &purchases{s.since(m), s.steps - before})
}

// buyAnew buys them whatever is known.
func (s *state) buyAnew() {
	for i := range s.tiers {
		s.packTier(i)
	}
}

// worthBought is what each item is worth on new nodes, as long as nothing is placed.
func (s *state) worthBought() []int64 {
	if s.market == nil {
		return s.appraise()
	}
	k := &s.memory.known
	d := k.left(s, *s.market)
	worth, ok := k.worths.get(d)
	if !ok {
		worth = s.appraise()
		k.worths.put(d, worth)
	}
	return worth
}

// appraise is worthBought whatever is known.
func (s *state) appraise() []int64 {
	worth := make([]int64, len(s.items))
	for i := range s.tiers {
		for _, r := range s.regionsOf(i) {
			k := newPacker(s, r)
			if !k.reprice(quick.first) {
				continue
			}
			for item, w := range k.worth {
				worth[item] = max(worth[item], w)
			}
		}
	}
	return worth
}
