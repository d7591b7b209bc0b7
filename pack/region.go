package pack

import (
	"encoding/binary"
	"slices"
)

// sale is some shapes and the items that they are for.
type sale struct {
	onSale []int32 // shapes, by tier and price
	sets   []Set   // of each kind for sale, its items; nil for others
	within Set     // all of these items
	// group is for each item a number that those have in common that may use the same
	// kinds; −1 for items that may use none. There are so many numbers.
	group   []int32
	numbers int
}

// newSale makes a sale of shapes for the items that sets give for their kinds.
func (l *layout) newSale(onSale []int32, sets []Set) sale {
	s := sale{onSale: onSale, sets: make([]Set, len(sets)), within: NewSet(len(l.items)), group: make([]int32, len(l.items))}
	var kinds []int
	for _, shape := range onSale {
		if kind := l.shapes[shape].kind; s.sets[kind] == nil {
			s.sets[kind] = sets[kind]
			s.within.Or(sets[kind])
			kinds = append(kinds, int(kind))
		}
	}
	index := map[string]int32{}
	last, may, group := NewSet(len(kinds)), NewSet(len(kinds)), int32(-1)
	key := make([]byte, 8*len(last))
	for i := range s.group {
		s.group[i] = -1
		if !s.within.Has(i) {
			continue
		}
		clear(may)
		for j, kind := range kinds {
			if s.sets[kind].Has(i) {
				may.Add(j)
			}
		}
		if group < 0 || !slices.Equal(may, last) {
			for w, v := range may {
				binary.LittleEndian.PutUint64(key[8*w:], v)
			}
			var ok bool
			if group, ok = index[string(key)]; !ok {
				group = int32(len(index))
				index[string(key)] = group
			}
			copy(last, may)
		}
		s.group[i] = group
	}
	s.numbers = len(index)
	return s
}

// region is a part of a tier that has no item and no shape in common with the
// others, so that it can be packed alone.
type region struct {
	sale
	tier *tier
	// roomiest is a row for each shape on sale: the most room of it and those before it.
	roomiest []int64
	poured   poured
}

// regionsOf are the regions of a tier, by its number.
func (l *layout) regionsOf(tier int) []*region {
	if l.regions == nil {
		l.regions = make([][]*region, len(l.tiers))
	}
	if l.regions[tier] == nil {
		l.regions[tier] = l.part(&l.tiers[tier])
	}
	return l.regions[tier]
}

// part parts a tier.
func (l *layout) part(t *tier) []*region {
	kinds := l.join(t)
	sets := make([]Set, len(l.shapeKinds.list))
	var shapes [][]int32
	at := map[int32]int{}
	for s := t.first; s < t.end; s++ {
		kind := l.shapes[s].kind
		if sets[kind] == nil {
			sets[kind] = slices.Clone(l.shapeKinds.list[kind].items)
			sets[kind].And(t.buyable)
		}
		root := kinds.root(kind)
		i, ok := at[root]
		if !ok {
			i = len(shapes)
			at[root] = i
			shapes = append(shapes, nil)
		}
		shapes[i] = append(shapes[i], s)
	}
	out := make([]*region, len(shapes))
	for i := range out {
		out[i] = &region{sale: l.newSale(shapes[i], sets), tier: t, roomiest: l.roomiest(shapes[i])}
	}
	return out
}

// roomiest is a row for each of some shapes: the most room of it and those before it.
func (l *layout) roomiest(shapes []int32) []int64 {
	rows := make([]int64, 0, len(shapes)*len(l.dense))
	for i, shape := range shapes {
		rows = append(rows, l.row(l.shapeRows, shape)...)
		if i > 0 {
			for c, v := range l.row(rows, int32(i-1)) {
				at := i*len(l.dense) + c
				rows[at] = max(rows[at], v)
			}
		}
	}
	return rows
}

// join finds which kinds of a tier are tied together by an item that may use both.
func (l *layout) join(t *tier) forest {
	f := make(forest, len(l.shapeKinds.list))
	for i := range f {
		f[i] = int32(i)
	}
	holder := make([]int32, len(l.items)) // a kind that holds the item
	for i := range holder {
		holder[i] = -1
	}
	seen := NewSet(len(f))
	for s := t.first; s < t.end; s++ {
		kind := l.shapes[s].kind
		if seen.Has(int(kind)) {
			continue
		}
		seen.Add(int(kind))
		for i := range l.shapeKinds.list[kind].items.All {
			switch {
			case !t.buyable.Has(i):
			case holder[i] < 0:
				holder[i] = kind
			default:
				f.unite(holder[i], kind)
			}
		}
	}
	return f
}

// forest is sets of small integers, each known by its root.
type forest []int32

func (f forest) root(i int32) int32 {
	for f[i] != i {
		f[i] = f[f[i]]
		i = f[i]
	}
	return i
}

func (f forest) unite(a, b int32) {
	a, b = f.root(a), f.root(b)
	f[max(a, b)] = min(a, b)
}
