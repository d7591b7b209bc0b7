package topology

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// Split is the classes of a snapshot as items for packing.
type Split struct {
	// Places are the sets of places that items are bound to.
	Places []Places
	Items  []Item
	// Dims are dimensions beside the snapshot's resources.
	Dims  []Dim
	Rules []Rule
	// Uncertain: some constraint may not hold when all is in place as the items say.
	Uncertain bool
}

// Item is pods that packing need not tell apart: of equal size, bound to the same
// places, with equal parts in dimensions and rules.
type Item struct {
	Places int32
	Units  int32
	// Lots are what the units stand for, used up in order.
	Lots []Lot
	// Size is what a unit takes of the snapshot's resources, Dims what it takes of
	// the dimensions beside them, by index into [Split.Dims].
	Size cluster.Vector
	Dims []pack.Amount
}

// Lot is a number of units that are alike down to their classes.
type Lot struct {
	Units int32
	// Parts are the pods that make one unit.
	Parts []Part
}

// Part is a number of pods of a class.
type Part struct{ Class, Pods int32 }

// Dim is a dimension in which a node offers Room. There are the members on hosts,
// which have taken one each.
type Dim struct {
	Room  int32
	There []cluster.Count
}

// Rule caps what a node may hold. Holders and members are items.
type Rule struct {
	pack.Rule
	There []cluster.Count // members on hosts
}

// New splits the classes of a snapshot. classes, one for each of the snapshot's,
// may be written to. What is in no item has no domain to go to. Memory is of the split before, nil
// for none.
func New(snap *cluster.Snapshot, classes []Class, memory *Memory) *Split {
	a := &assigner{snap: snap, classes: classes, special: snap.Special(), topologies: map[string]*domains{}, prices: map[int32]int64{}, memory: memory.about(snap.Offerings)}
	a.hostsOut()
	a.assign()
	b := newItemizer(a)
	b.bundle()
	for _, p := range a.portions {
		b.add(p)
	}
	b.translate()
	b.out.Places = a.list
	b.out.Uncertain = b.out.Uncertain || a.uncertain || a.spreadElsewhere()
	return &b.out
}

// spreadElsewhere tells whether pods of some class are spread over domains that their
// volumes do not let them reach: where somebody else opens one, it counts.
func (a *assigner) spreadElsewhere() bool {
	counts := func(s cluster.TopologySpread) bool { return s.Counts() }
	binds := func(v cluster.ClassVolume) bool { return v.Affinity != nil || len(v.Zones) > 0 }
	for _, i := range a.special {
		c := &a.snap.Classes[i]
		if len(c.Refused) == 0 && slices.ContainsFunc(c.Volumes, binds) && slices.ContainsFunc(c.Demand.Spreads, counts) {
			return true
		}
	}
	return false
}

// itemizer makes items of portions.
type itemizer struct {
	*assigner
	caps  *caps
	codes [][]int32 // of each class: its parts in rulings; nil where there are none
	sizes []int32   // of each class: the number of its size and parts
	index map[itemKey]int32
	items [][]int32 // of each item: its parts in rulings; nil where there are none
	lots  []Lot     // slabs for the first of each item
	parts []Part
	out   Split
}

// itemKey is the size and, below it, the places of an item.
type itemKey uint64

// A code is a ruling's index with these bits below it.
const (
	isMember int32 = 1 << iota
	isHolder
	codeBits = 2
)

func newItemizer(a *assigner) *itemizer {
	b := &itemizer{assigner: a, caps: newCaps(a), index: make(map[itemKey]int32, len(a.portions))}
	if len(b.caps.list) > 0 {
		b.codes, b.items = make([][]int32, len(a.snap.Classes)), make([][]int32, 0, len(a.portions))
	}
	for i := range b.caps.list {
		r := &b.caps.list[i]
		both := slices.Clone(r.holders)
		for w := range both {
			both[w] |= r.members[w]
		}
		for c := range both.All {
			code := int32(i) << codeBits
			if r.members.Has(c) {
				code |= isMember
			}
			if r.holders.Has(c) {
				code |= isHolder
			}
			b.codes[c] = append(b.codes[c], code)
		}
	}
	b.out.Items = make([]Item, 0, len(a.portions))
	b.addSizes()
	return b
}

// addSizes numbers the classes by size and parts in rulings: each by the first that is
// like it.
func (b *itemizer) addSizes() {
	hash := func(i int32) (h pack.Hash) {
		for _, v := range b.snap.Classes[i].Requests {
			h = h.With(v)
		}
		for _, code := range b.codesOf(i) {
			h = h.With(int64(code))
		}
		return h
	}
	b.sizes = pack.Alike(len(b.snap.Classes), hash, b.alike)
}

// alike tells whether two classes have the same size and parts in rulings.
func (b *itemizer) alike(i, j int32) bool {
	return slices.Equal(b.snap.Classes[i].Requests, b.snap.Classes[j].Requests) && slices.Equal(b.codesOf(i), b.codesOf(j))
}

// codesOf are the parts of a class in rulings.
func (b *itemizer) codesOf(class int32) []int32 {
	if b.codes == nil {
		return nil
	}
	return b.codes[class]
}

// addCodes notes the parts of the next item in rulings.
func (b *itemizer) addCodes(codes []int32) {
	if b.codes != nil {
		b.items = append(b.items, codes)
	}
}

// add makes a portion part of an item and returns its number; −1 for none.
func (b *itemizer) add(p portion) int32 {
	if p.pods == 0 || b.list[p.places].empty() {
		return -1
	}
	key := itemKey(b.sizes[p.class])<<32 | itemKey(p.places)
	i, ok := b.index[key]
	if !ok {
		i = int32(len(b.out.Items))
		b.index[key] = i
		lots := take(&b.lots, len(b.portions))
		b.out.Items = append(b.out.Items, Item{Places: p.places, Size: b.snap.Classes[p.class].Requests, Lots: lots[:0]})
		b.addCodes(b.codesOf(p.class))
	}
	parts := take(&b.parts, len(b.portions))
	parts[0] = Part{p.class, 1}
	x := &b.out.Items[i]
	x.Units += p.pods
	x.Lots = append(x.Lots, Lot{Units: p.pods, Parts: parts})
	return i
}

// take cuts a list of one off a slab; a new slab has room for n.
func take[T any](slab *[]T, n int) []T {
	if len(*slab) == 0 {
		*slab = make([]T, max(n, 1))
	}
	one := (*slab)[:1:1]
	*slab = (*slab)[1:]
	return one
}

// translate turns rulings into dimensions and rules of items.
func (b *itemizer) translate() {
	at := make([]int32, len(b.caps.list)) // index of the dimension or, after them, of the rule
	isDim := make([]bool, len(b.caps.list))
	for i := range b.caps.list {
		r := &b.caps.list[i]
		if slices.Equal(r.holders, r.members) {
			isDim[i], at[i] = true, int32(len(b.out.Dims))
			b.out.Dims = append(b.out.Dims, Dim{Room: r.limit, There: r.there})
			continue
		}
		at[i] = int32(len(b.out.Rules))
		b.out.Rules = append(b.out.Rules, Rule{There: r.there, Rule: pack.Rule{
			Holders: pack.NewSet(len(b.out.Items)), Members: pack.NewSet(len(b.out.Items)), Cap: r.limit,
		}})
	}
	for i, codes := range b.items {
		for _, code := range codes {
			r := code >> codeBits
			if isDim[r] {
				b.out.Items[i].Dims = addAmount(b.out.Items[i].Dims, at[r])
				continue
			}
			rule := &b.out.Rules[at[r]]
			if code&isMember != 0 {
				rule.Members.Add(i)
			}
			if code&isHolder != 0 {
				rule.Holders.Add(i)
			}
		}
	}
}

// addAmount adds one of a dimension.
func addAmount(list []pack.Amount, dim int32) []pack.Amount {
	for i := range list {
		if list[i].Dim == dim {
			list[i].Value++
			return list
		}
	}
	return append(list, pack.Amount{Dim: dim, Value: 1})
}
