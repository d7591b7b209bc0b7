package solve

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// shape is a set of offerings that no waiting pod can tell apart: same pool,
// same room, same classes admitted, same share of the pool's limits.
type shape struct {
	pool, kind int32
	offering   int32 // the cheapest of them
	price      cluster.Money
	capacity   []int64 // what one node takes of the pool's limits
}

// addShapes groups the offerings and leaves out the shapes that can hold nothing
// and those that another one betters.
func (p *problem) addShapes() {
	admits := transpose(p.profiles, len(p.snap.Offerings), func(q *profile) bitset { return q.offerings })
	var found []shape
	seen := map[string]bool{}
	var key []byte
	var capacity []int64
	for i := range p.snap.Offerings {
		o := &p.snap.Offerings[i]
		q := &p.pools[o.Pool]
		free := p.row(p.offerFree, int32(i))
		if q.closed != "" || admits.row(i).empty() || !p.roomForAny(free) {
			continue
		}
		strict := int32(-1)
		if len(q.variety) > 0 {
			strict = int32(o.Pool)
		}
		s := shape{pool: int32(o.Pool), offering: int32(i), price: o.Price}
		s.kind = p.shapeKinds.id(p, admits.row(i), strict, q.tier)
		capacity = p.quotas.capacity(capacity[:0], o)
		key = binary.LittleEndian.AppendUint32(key[:0], uint32(s.pool))
		key = binary.LittleEndian.AppendUint32(key, uint32(s.kind))
		key = appendInts(appendInts(key, free), capacity)
		if !seen[string(key)] { // cheapest first within a pool
			seen[string(key)] = true
			s.capacity = slices.Clone(capacity)
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b shape) int {
		return cmp.Or(
			cmp.Compare(p.pools[a.pool].tier, p.pools[b.pool].tier), cmp.Compare(a.price, b.price),
			cmp.Compare(a.pool, b.pool), cmp.Compare(a.offering, b.offering))
	})
	p.addTiers(found)
}

func appendInts(key []byte, row []int64) []byte {
	for _, v := range row {
		key = binary.LittleEndian.AppendUint64(key, uint64(v))
	}
	return key
}

// addTiers keeps of each tier's shapes, given by price, those that no cheaper
// one betters.
func (p *problem) addTiers(found []shape) {
	at := 0
	for t := range p.tiers {
		tier := &p.tiers[t]
		tier.first = int32(len(p.shapes))
		tier.buyable = newBitset(len(p.classes))
		for ; at < len(found) && p.pools[found[at].pool].tier == int32(t); at++ {
			s := found[at]
			free := p.row(p.offerFree, s.offering)
			if !p.bettered(tier.first, s, free) {
				p.shapes = append(p.shapes, s)
				p.shapeFree = append(p.shapeFree, free...)
			}
		}
		tier.end = int32(len(p.shapes))
		p.findBuyable(tier)
	}
}

// bettered tells whether a shape from first on, none of them dearer than s, does
// all that s does.
func (p *problem) bettered(first int32, s shape, free []int64) bool {
	for i := int32(len(p.shapes)) - 1; i >= first; i-- {
		b := &p.shapes[i]
		if !atLeast(p.row(p.shapeFree, i), free) {
			continue
		}
		if b.kind != s.kind && !p.shapeKinds.list[b.kind].classes.contains(p.shapeKinds.list[s.kind].classes) {
			continue
		}
		if b.pool == s.pool && atLeast(s.capacity, b.capacity) && len(p.pools[b.pool].variety) == 0 {
			return true
		}
		if b.pool != s.pool && len(b.capacity) == 0 && len(p.pools[b.pool].variety) == 0 {
			return true
		}
	}
	return false
}

// atLeast tells whether a is nowhere smaller than b.
func atLeast(a, b []int64) bool {
	for i := range a {
		if a[i] < b[i] {
			return false
		}
	}
	return true
}

// findBuyable finds the classes that the tier can hold.
func (p *problem) findBuyable(t *tier) {
	n := t.end - t.first
	hint := int32(0) // what held the last class often holds this one
	for c := range p.classes {
		for i := range n {
			s := t.first + (hint+i)%n
			if p.fits(s, int32(c)) {
				hint = s - t.first
				t.buyable.add(c)
				break
			}
		}
	}
}

// fits tells whether an empty node of this shape holds one pod of the class.
func (p *problem) fits(shape, class int32) bool {
	return p.shapeKinds.list[p.shapes[shape].kind].classes.has(int(class)) &&
		holds(p.row(p.shapeFree, shape), p.row(p.request, class))
}

// firstTier returns the highest tier that can hold a class, −1 if none can.
func (p *problem) firstTier(class int32) int32 {
	for t := range p.tiers {
		if p.tiers[t].buyable.has(int(class)) {
			return int32(t)
		}
	}
	return -1
}
