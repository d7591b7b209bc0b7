package pack

import "slices"

// region is a part of a tier that has no item and no shape in common with the
// others, so that it can be packed alone.
type region struct {
	tier   *tier
	onSale []int32 // shapes, by price
	within Set     // the items that it can hold
	sets   []Set   // of each kind for sale, its items among these; nil for others
}

// regions parts a tier.
func (l *layout) regions(t *tier) []region {
	kinds := l.join(t)
	var out []region
	at := map[int32]int{}
	for s := t.first; s < t.end; s++ {
		kind := l.shapes[s].kind
		root := kinds.root(kind)
		i, ok := at[root]
		if !ok {
			i = len(out)
			at[root] = i
			out = append(out, region{tier: t, within: NewSet(len(l.items)), sets: make([]Set, len(l.shapeKinds.list))})
		}
		r := &out[i]
		r.onSale = append(r.onSale, s)
		if r.sets[kind] == nil {
			r.sets[kind] = slices.Clone(l.shapeKinds.list[kind].items)
			r.sets[kind].and(t.buyable)
			r.within.or(r.sets[kind])
		}
	}
	return out
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
		for i := range l.shapeKinds.list[kind].items.all {
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
