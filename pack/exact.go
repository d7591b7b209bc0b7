package pack

import "slices"

const (
	// fewItems and fewHosts are up to how many things and open hosts the best packing
	// is found by trying all, and trials how many ways may be looked at for that.
	fewItems, fewHosts, trials = 7, 12, 20_000
)

// exactly packs a small problem in the best way there is: as few as possible are
// left, those placed are in as early tiers as possible, and that at least cost. It
// does nothing and returns false if the problem is too large.
func (s *state) exactly() bool {
	e := exact{state: s, best: verdict{left: noCost}}
	for i := range s.avail.All {
		for range s.left[i] {
			e.things = append(e.things, int32(i))
		}
		if len(e.things) > fewItems {
			return false
		}
	}
	for _, h := range s.hostOrder() {
		e.bins = append(e.bins, bin{host: h})
	}
	if len(e.bins) > fewHosts {
		return false
	}
	e.try(0, verdict{})
	if e.tried > trials {
		return false
	}
	for _, b := range e.found {
		switch {
		case len(b.takes) == 0:
		case b.host >= 0:
			for _, t := range b.takes {
				s.place(b.host, t)
			}
		default:
			s.buy(b.choice.shape, b.takes, 1)
		}
	}
	return true
}

// exact tries all ways to put things onto hosts and new nodes.
type exact struct {
	*state
	things []int32 // items, once for each of them
	bins   []bin
	tried  int
	best   verdict
	found  []bin
}

// bin is a host or, with host −1, a new node.
type bin struct {
	host   int32
	takes  []take
	choice choice // the best for what it holds
}

// verdict is how good a packing is: what is compared first comes first.
type verdict struct {
	left  int64
	tiers int64 // by how many tiers things are below the first that could hold them
	cost  int64
}

func (v verdict) plus(w verdict) verdict {
	return verdict{v.left + w.left, v.tiers + w.tiers, v.cost + w.cost}
}

func (v verdict) less(w verdict) bool {
	switch {
	case v.left != w.left:
		return v.left < w.left
	case v.tiers != w.tiers:
		return v.tiers < w.tiers
	}
	return v.cost < w.cost
}

// choice is a shape for a load.
type choice struct {
	shape int32
	verdict
}

// try places the things from i on. So far is what is known already: what is left
// out and the least that the nodes' loads cost, quotas aside.
func (e *exact) try(i int, sofar verdict) {
	if e.tried++; e.tried > trials || !sofar.less(e.best) {
		return
	}
	if i == len(e.things) {
		e.choose(0, verdict{left: sofar.left})
		return
	}
	item := e.things[i]
	for j := e.firstBin(i); j < len(e.bins); j++ {
		b := &e.bins[j]
		was := b.choice
		b.takes = addOne(b.takes, item)
		if e.holds(b) {
			next := sofar
			next.tiers += b.choice.tiers - was.tiers
			next.cost += b.choice.cost - was.cost
			e.try(i+1, next)
			b = &e.bins[j]
		}
		b.takes, b.choice = removeOne(b.takes, item), was
	}
	b := bin{host: -1, takes: []take{{item, 1}}}
	if e.holds(&b) {
		e.bins = append(e.bins, b)
		e.try(i+1, sofar.plus(b.choice.verdict))
		e.bins = e.bins[:len(e.bins)-1]
	}
	sofar.left++
	e.try(i+1, sofar)
}

// firstBin returns the bin from which on the i-th thing is tried: things alike are
// put into bins in order.
func (e *exact) firstBin(i int) int {
	if i == 0 || e.things[i-1] != e.things[i] {
		return 0
	}
	for j := len(e.bins) - 1; j >= 0; j-- {
		if slices.ContainsFunc(e.bins[j].takes, func(t take) bool { return t.item == e.things[i] }) {
			return j
		}
	}
	return 0
}

func addOne(takes []take, item int32) []take {
	for i := range takes {
		if takes[i].item == item {
			takes[i].count++
			return takes
		}
	}
	return append(takes, take{item, 1})
}

func removeOne(takes []take, item int32) []take {
	for i := range takes {
		if takes[i].item == item {
			if takes[i].count--; takes[i].count == 0 {
				takes = slices.Delete(takes, i, i+1)
			}
			break
		}
	}
	return takes
}

// holds tells whether some place can be what a bin is, and for a new node finds
// the best, quotas aside.
func (e *exact) holds(b *bin) bool {
	sum := make([]int64, len(e.dense))
	e.sum(sum, b.takes)
	if b.host >= 0 {
		load := &e.filler.load
		load.resetTo(&e.Hosts[b.host])
		if !holds(e.row(e.hostRows, b.host), sum) || !e.allAdmitted(e.hostKinds.list[e.hostKind[b.host]].items, b.takes) {
			return false
		}
		for _, t := range b.takes {
			if load.most(t.item, t.count) < t.count {
				return false
			}
			load.add(t.item, t.count)
		}
		return true
	}
	if !e.filler.load.together(b.takes) {
		return false
	}
	b.choice = choice{shape: -1}
	for s := range e.shapes {
		if c, ok := e.choiceOf(int32(s), b.takes, sum); ok && (b.choice.shape < 0 || c.less(b.choice.verdict)) {
			b.choice = c
		}
	}
	return b.choice.shape >= 0
}

// choiceOf tells whether a shape could be bought for takes, which need sum, and
// how good that is.
func (e *exact) choiceOf(shape int32, takes []take, sum []int64) (choice, bool) {
	x := &e.shapes[shape]
	if !holds(e.row(e.shapeRows, shape), sum) || !e.allAdmitted(e.shapeKinds.list[x.kind].items, takes) ||
		e.affordable(shape, 1) == 0 || !e.varied(x.variety, takes, sum) {
		return choice{}, false
	}
	c := choice{shape: shape, verdict: verdict{cost: e.priceOf(shape)}}
	for _, t := range takes {
		c.tiers += int64(t.count) * int64(x.tier-e.firstTier(t.item))
	}
	return c, true
}

func (e *exact) allAdmitted(set Set, takes []take) bool {
	return !slices.ContainsFunc(takes, func(t take) bool { return !set.Has(int(t.item)) })
}

// choose buys shapes for the new nodes from j on, in every way that quotas allow.
func (e *exact) choose(j int, sofar verdict) {
	if e.tried++; e.tried > trials {
		return
	}
	for j < len(e.bins) && e.bins[j].host >= 0 {
		j++
	}
	rest := sofar
	for i := j; i < len(e.bins); i++ {
		rest = rest.plus(e.bins[i].choice.verdict)
	}
	if !rest.less(e.best) {
		return
	}
	if j == len(e.bins) {
		e.best = sofar
		e.found = e.found[:0]
		for _, b := range e.bins {
			b.takes = slices.Clone(b.takes)
			e.found = append(e.found, b)
		}
		return
	}
	b := &e.bins[j]
	was := b.choice
	sum := make([]int64, len(e.dense))
	e.sum(sum, b.takes)
	for s := range e.shapes {
		c, ok := e.choiceOf(int32(s), b.takes, sum)
		if !ok {
			continue
		}
		b.choice = c
		e.use(int32(s), 1)
		e.choose(j+1, sofar.plus(c.verdict))
		e.use(int32(s), -1)
	}
	b.choice = was
}

// use takes a node's share of the quotas, or gives it back.
func (e *exact) use(shape int32, n int64) {
	for _, u := range e.shapes[shape].uses {
		e.quotas[u.Quota] -= n * u.Amount
	}
}
