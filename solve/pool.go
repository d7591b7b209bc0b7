package solve

// pool is a pool that may be bought from, as far as packing sees it.
type pool struct {
	first, end int32  // its offerings
	closed     string // why nothing is bought from it, "" if something may be
	tier       int32
	variety    []variety
	// barred are the classes that the pool's minValues rule out, however alone
	// they are on a node.
	barred bitset
}

// variety is one minValues requirement: a node's alternatives must have at least
// that many values of a label.
type variety struct {
	key   string
	least int
	value []int32 // of each of the pool's offerings, −1 without the label
	count int     // of distinct values
}

// tier is the pools of one weight.
type tier struct {
	first, end int32 // its shapes
	// buyable are the classes of which some shape of the tier holds a pod.
	buyable bitset
	// free of limits and minValues: what fits may be bought.
	plain bool
}

func (p *problem) addPools() {
	p.quotas = newQuotas(p.snap.Pools)
	p.pools = make([]pool, len(p.snap.Pools))
	for i := range p.snap.Pools {
		s := &p.snap.Pools[i]
		q := &p.pools[i]
		switch {
		case s.Invalid != "":
			q.closed = s.Invalid
		case s.DeletingAt != 0:
			q.closed = "being deleted"
		}
		if i == 0 || s.Weight != p.snap.Pools[i-1].Weight {
			p.tiers = append(p.tiers, tier{plain: true})
		}
		q.tier = int32(len(p.tiers) - 1)
	}
	for i := range p.snap.Offerings {
		q := &p.pools[p.snap.Offerings[i].Pool]
		if q.end == 0 {
			q.first = int32(i)
		}
		q.end = int32(i) + 1
		p.offerFree = p.appendRow(p.offerFree, p.snap.Offerings[i].Free)
	}
	for i := range p.pools {
		p.addVariety(int32(i))
		if p.quotas.limited(int32(i)) || len(p.pools[i].variety) > 0 {
			p.tiers[p.pools[i].tier].plain = false
		}
	}
}

func (p *problem) addVariety(id int32) {
	q := &p.pools[id]
	for _, r := range p.snap.Pools[id].Requirements {
		if r.MinValues <= 0 {
			continue
		}
		v := variety{key: r.Key, least: r.MinValues}
		ids := map[string]int32{}
		for o := q.first; o < q.end; o++ {
			value, ok := p.snap.Offerings[o].Labels[r.Key]
			n := int32(-1)
			if ok {
				if n, ok = ids[value]; !ok {
					n = int32(len(ids))
					ids[value] = n
				}
			}
			v.value = append(v.value, n)
		}
		v.count = len(ids)
		q.variety = append(q.variety, v)
	}
	if len(q.variety) == 0 {
		return
	}
	q.barred = newBitset(len(p.classes))
	for c := range p.classes {
		if !p.varied(id, []take{{int32(c), 1}}, p.row(p.request, int32(c))) {
			q.barred.add(c)
		}
	}
}

// alternatives yields the offerings of a pool that hold takes, which ask for
// sum, cheapest first.
func (p *problem) alternatives(id int32, takes []take, sum []int64) func(func(int32) bool) {
	return func(yield func(int32) bool) {
		for o := p.pools[id].first; o < p.pools[id].end; o++ {
			if holds(p.row(p.offerFree, o), sum) && p.admitted(o, takes) && !yield(o) {
				return
			}
		}
	}
}

// admitted tells whether an offering admits all classes of takes.
func (p *problem) admitted(offering int32, takes []take) bool {
	last := int32(-1)
	for _, t := range takes {
		profile := p.classes[t.class].profile
		if profile != last && !p.profiles[profile].offerings.has(int(offering)) {
			return false
		}
		last = profile
	}
	return true
}

// varied tells whether a node with takes leaves the alternatives that the pool's
// minValues ask for.
func (p *problem) varied(id int32, takes []take, sum []int64) bool {
	if len(p.pools[id].variety) == 0 {
		return true
	}
	n := p.newTally(id)
	for o := range p.alternatives(id, takes, sum) {
		n.add(o)
		if n.done() {
			return true
		}
	}
	return n.done()
}

// tally counts the distinct values seen among a node's alternatives.
type tally struct {
	pool *pool
	seen []bitset
	left []int // values still missing
}

func (p *problem) newTally(id int32) *tally {
	t := &tally{pool: &p.pools[id]}
	for _, v := range t.pool.variety {
		t.seen = append(t.seen, newBitset(v.count))
		t.left = append(t.left, v.least)
	}
	return t
}

func (t *tally) add(offering int32) {
	for i, v := range t.pool.variety {
		if n := v.value[offering-t.pool.first]; n >= 0 && !t.seen[i].has(int(n)) {
			t.seen[i].add(int(n))
			t.left[i]--
		}
	}
}

// adds tells whether an offering would bring a value that is still missing.
func (t *tally) adds(offering int32) bool {
	for i, v := range t.pool.variety {
		if n := v.value[offering-t.pool.first]; t.left[i] > 0 && n >= 0 && !t.seen[i].has(int(n)) {
			return true
		}
	}
	return false
}

func (t *tally) done() bool {
	for _, n := range t.left {
		if n > 0 {
			return false
		}
	}
	return true
}
