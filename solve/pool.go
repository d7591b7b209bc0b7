package solve

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// pool is a pool that may be bought from.
type pool struct {
	first, end int32  // its offerings
	closed     string // why nothing is bought from it, "" if something may be
	tier       int32
	keys       []variety     // its minValues
	demanded   *pack.Variety // the same for packing; nil for none
}

// leave takes the pool's offerings out of a set, and returns how many there were.
func (q *pool) leave(set pack.Set) (n int) {
	for o := int(q.first); o < int(q.end); o++ {
		if set.Has(o) {
			set.Remove(o)
			n++
		}
	}
	return n
}

// variety is one minValues requirement: a node's alternatives must have at least
// that many values of a label.
type variety struct {
	key   string
	least int
	value []int32 // of each of the pool's offerings, −1 without the label
	count int     // of distinct values
}

func (p *problem) addPools() {
	p.quotas = newQuotas(p.snap)
	p.pools = make([]pool, len(p.snap.Pools))
	tier := int32(-1)
	for i := range p.snap.Pools {
		s := &p.snap.Pools[i]
		q := &p.pools[i]
		q.closed = s.Closed()
		if i == 0 || s.Weight != p.snap.Pools[i-1].Weight {
			tier++
		}
		q.tier = tier
	}
	for i := range p.snap.Offerings {
		q := &p.pools[p.snap.Offerings[i].Pool]
		if q.end == 0 {
			q.first = int32(i)
		}
		q.end = int32(i) + 1
	}
	for i := range p.pools {
		p.addVariety(int32(i))
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
			value, ok := p.snap.Offerings[o].Label(r.Key)
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
		q.keys = append(q.keys, v)
	}
}

// addAlternative tells packing of an offering that counts for the pool's minValues.
func (q *pool) addAlternative(offering int32, room []pack.Amount, kind int32) {
	if q.demanded == nil {
		q.demanded = &pack.Variety{}
		for _, v := range q.keys {
			q.demanded.Least = append(q.demanded.Least, int32(v.least))
		}
	}
	a := pack.Alternative{Room: room, Kind: kind}
	for _, v := range q.keys {
		a.Values = append(a.Values, v.value[offering-q.first])
	}
	q.demanded.Alternatives = append(q.demanded.Alternatives, a)
}

// varied tells whether a node whose pods ask for sum and may use these offerings
// leaves the alternatives that the pool's minValues ask for.
func (p *problem) varied(id int32, usable pack.Set, sum []int64) bool {
	n := p.newTally(id)
	for o := range p.alternatives(id, usable, sum) {
		n.add(o)
	}
	return n.done()
}

// alternatives yields the offerings of a pool that are usable and hold sum,
// cheapest first.
func (p *problem) alternatives(id int32, usable pack.Set, sum []int64) func(func(int32) bool) {
	return p.alternativesFrom(0, id, usable, sum)
}

// alternativesFrom yields those that cost so much or more.
func (p *problem) alternativesFrom(price cluster.Money, id int32, usable pack.Set, sum []int64) func(func(int32) bool) {
	return func(yield func(int32) bool) {
		q := &p.pools[id]
		cheaper, _ := slices.BinarySearch(p.prices[q.first:q.end], price)
		for i := range usable.From(int(q.first) + cheaper) {
			o := int32(i)
			if o >= q.end || holds(p.row(p.offerFree, o), sum) && !yield(o) {
				return
			}
		}
	}
}

// admitting returns the offerings that all items of takes are bound to.
func (p *problem) admitting(takes []pack.Take) pack.Set {
	set := slices.Clone(p.split.Places[p.split.Items[takes[0].Item].Places].Offerings)
	last := p.split.Items[takes[0].Item].Places
	for _, t := range takes[1:] {
		if at := p.split.Items[t.Item].Places; at != last {
			set.And(p.split.Places[at].Offerings)
			last = at
		}
	}
	return set
}

// tally counts the distinct values seen among a node's alternatives.
type tally struct {
	pool *pool
	seen []pack.Set
	left []int // values still missing
}

func (p *problem) newTally(id int32) *tally {
	t := &tally{pool: &p.pools[id]}
	for _, v := range t.pool.keys {
		t.seen = append(t.seen, pack.NewSet(v.count))
		t.left = append(t.left, v.least)
	}
	return t
}

func (t *tally) add(offering int32) {
	for i, v := range t.pool.keys {
		if n := v.value[offering-t.pool.first]; n >= 0 && !t.seen[i].Has(int(n)) {
			t.seen[i].Add(int(n))
			t.left[i]--
		}
	}
}

// adds tells whether an offering would bring a value that is still missing.
func (t *tally) adds(offering int32) bool {
	for i, v := range t.pool.keys {
		if n := v.value[offering-t.pool.first]; t.left[i] > 0 && n >= 0 && !t.seen[i].Has(int(n)) {
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
