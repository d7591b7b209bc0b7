package pack

import (
	"cmp"
	"math"
	"slices"
)

// shape is a shape under its new number.
type shape struct {
	source  int32 // index into Problem.Shapes
	kind    int32
	tier    int32
	price   int64 // without the charge
	uses    []Use
	variety *variety
}

// tier is the shapes of one rank.
type tier struct {
	first, end int32
	// buyable are the items of which some shape of the tier holds one.
	buyable Set
	// plain: no quota, no variety; what fits may be bought.
	plain bool
}

// addShapes orders shapes by tier and price, and leaves out those that can hold
// nothing and those that another one betters.
func (l *layout) addShapes() {
	l.standsFor = make([]int32, len(l.Shapes))
	var order []int32
	for i := range l.Shapes {
		order = append(order, int32(i))
		for len(l.tiers) <= int(l.Shapes[i].Tier) {
			l.tiers = append(l.tiers, tier{plain: true})
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &l.Shapes[a], &l.Shapes[b]
		return cmp.Or(cmp.Compare(x.Tier, y.Tier), cmp.Compare(x.Price, y.Price), cmp.Compare(a, b))
	})
	at := 0
	for t := range l.tiers {
		tier := &l.tiers[t]
		tier.first = int32(len(l.shapes))
		for ; at < len(order) && l.Shapes[order[at]].Tier == int32(t); at++ {
			l.addShape(tier.first, order[at])
		}
		tier.end = int32(len(l.shapes))
		l.findBuyable(tier)
	}
}

// addShape adds one shape unless one from first on betters it.
func (l *layout) addShape(first, source int32) {
	x := &l.Shapes[source]
	if len(x.Uses) > 0 || x.Variety != nil {
		l.tiers[x.Tier].plain = false
	}
	s := shape{source: source, tier: x.Tier, price: x.Price, uses: x.Uses}
	if x.Variety != nil {
		s.variety = l.varietyOf(x.Variety)
	}
	s.kind = l.shapeKinds.id(l, x.Kind, s.variety, x.Tier)
	row := len(l.shapeRows)
	l.shapeRows = l.appendRoom(l.shapeRows, x.Room)
	free := l.shapeRows[row:]
	better := int32(-1)
	some := !l.shapeKinds.list[s.kind].items.Empty() && l.roomForAny(free)
	if some {
		better = l.betterThan(first, &s, free)
	}
	if !some || better >= 0 {
		l.shapeRows = l.shapeRows[:row]
		l.standsFor[source] = better
		return
	}
	l.standsFor[source] = int32(len(l.shapes))
	l.shapes = append(l.shapes, s)
}

// betterThan returns a shape from first on, none of them dearer than s, that does
// all that s does; −1 if there is none.
func (l *layout) betterThan(first int32, s *shape, free []int64) int32 {
	for i := int32(len(l.shapes)) - 1; i >= first; i-- {
		b := &l.shapes[i]
		if !atLeast(l.row(l.shapeRows, i), free) || b.variety != nil || !usesNoMore(b.uses, s.uses) {
			continue
		}
		if b.kind == s.kind || l.shapeKinds.list[b.kind].items.Contains(l.shapeKinds.list[s.kind].items) {
			return i
		}
	}
	return -1
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

// usesNoMore tells whether a takes of each quota at most what b takes.
func usesNoMore(a, b []Use) bool {
	for _, x := range a {
		if !slices.ContainsFunc(b, func(y Use) bool { return y.Quota == x.Quota && x.Amount <= y.Amount }) {
			return false
		}
	}
	return true
}

// findBuyable finds the items that the tier can hold.
func (l *layout) findBuyable(t *tier) {
	t.buyable = NewSet(len(l.items))
	n := t.end - t.first
	hint := int32(0) // what held the last item often holds this one
	for c := range l.items {
		for i := range n {
			s := t.first + (hint+i)%n
			if l.fits(s, int32(c)) {
				hint = s - t.first
				t.buyable.Add(c)
				break
			}
		}
	}
}

// fits tells whether an empty node of this shape holds one of the item.
func (l *layout) fits(shape, item int32) bool {
	return l.sides.alone[item] > 0 && l.shapeKinds.list[l.shapes[shape].kind].items.Has(int(item)) &&
		holds(l.row(l.shapeRows, shape), l.row(l.size, item))
}

// firstTier returns the first tier that can hold an item, −1 if none can.
func (l *layout) firstTier(item int32) int32 {
	for t := range l.tiers {
		if l.tiers[t].buyable.Has(int(item)) {
			return int32(t)
		}
	}
	return -1
}

// objective of one node of a shape: price and charge.
func (l *layout) priceOf(shape int32) int64 { return l.shapes[shape].price + l.NodeCharge }

// noCost is more than anything costs.
const noCost = int64(math.MaxInt64 / 4)
