package pack

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/ullage-sh/ullage/internal/radix"
)

// layout is a problem laid out for packing. It does not change once built.
type layout struct {
	*Problem
	opt    Options
	memory *Memory

	items []item // largest first
	// dense are the dimensions that rows below hold; column is the place of a
	// dimension in them, −1 for one that is counted (see [sides]).
	dense  []int32
	column []int32
	size   []int64 // a row for each item
	// grain divides all sizes in the dimension of a row, and grains are sizes as
	// multiples of it; 0 where nobody needs any.
	grain, grains []int64
	// alike is for each item the first one of exactly the same size.
	alike []int32
	// least and greatest are a row for each 64 items: the least and the most that any
	// of them needs.
	least, greatest []int64
	sides           sides

	hostRows  []int64 // a row for each host
	hostKinds kinds
	hostKind  []int32 // of each host, −1 where nothing can be added

	shapes     []shape // by tier, then price
	shapeRows  []int64 // a row for each shape
	shapeKinds kinds
	tiers      []tier
	regions    [][]*region // of each tier; nil until somebody asks
	varieties  map[*Variety]*variety
	// standsFor is for each shape of the problem the one here that does all it does
	// for no more: itself, one that betters it, or −1 if it can hold nothing.
	standsFor []int32
}

// item is an item under its new number.
type item struct {
	source  int32 // index into Problem.Items
	profile int32
	count   int32
}

func newLayout(p *Problem, opt Options) *layout {
	l := &layout{Problem: p, opt: opt, memory: cmp.Or(opt.Memory, new(Memory)), varieties: map[*Variety]*variety{}}
	l.addDims()
	l.addItems()
	l.sides = newSides(l)
	l.addHosts()
	l.addShapes()
	return l
}

// manyUsers is how many items make it worth while to keep a dimension as a row
// although all shapes offer the same, if they are also an eighth of all.
const manyUsers = 64

// addDims decides which dimensions are rows: those in which shapes differ (hosts
// where there are none), and those that many items use.
func (l *layout) addDims() {
	asked, differs := make([]int, len(l.Room)), make([]bool, len(l.Room))
	for i := range l.Items {
		for _, a := range l.Items[i].Size {
			asked[a.Dim]++
		}
	}
	see := func(room []Amount) {
		for _, a := range room {
			differs[a.Dim] = differs[a.Dim] || a.Value != l.Room[a.Dim]
		}
	}
	for i := range l.Hosts {
		if len(l.Shapes) == 0 {
			see(l.Hosts[i].Room)
		}
	}
	for i := range l.Shapes {
		see(l.Shapes[i].Room)
		if v := l.Shapes[i].Variety; v != nil && l.varieties[v] == nil {
			l.varieties[v] = &variety{Variety: v}
			for j := range v.Alternatives {
				see(v.Alternatives[j].Room)
			}
		}
	}
	l.column = make([]int32, len(l.Room))
	for d, n := range asked {
		l.column[d] = -1
		if n > 0 && (differs[d] || n > max(manyUsers, len(l.Items)/8)) {
			l.column[d] = int32(len(l.dense))
			l.dense = append(l.dense, int32(d))
		}
	}
}

// row returns the i-th row of a matrix whose rows are as wide as dense.
func (l *layout) row(m []int64, i int32) []int64 {
	n := len(l.dense)
	return m[int(i)*n : (int(i)+1)*n : (int(i)+1)*n]
}

// appendRoom appends a row of room.
func (l *layout) appendRoom(m []int64, room []Amount) []int64 {
	first := len(m)
	for _, d := range l.dense {
		m = append(m, l.Room[d])
	}
	for _, a := range room {
		if c := l.column[a.Dim]; c >= 0 {
			m[first+int(c)] = a.Value
		}
	}
	return m
}

// addItems numbers the items that there are any of, largest first, measured by
// how much of all demand one of them is. Those of about the same size are in order
// of their proportions, so that 64 in a row are alike.
func (l *layout) addItems() {
	weight := l.weights()
	ranks := make([]radix.Entry[item], 0, len(l.Items)) // by the complements of size and proportion
	for i := range l.Items {
		x := &l.Items[i]
		if x.Count <= 0 {
			continue
		}
		large, proportion := 0.0, int32(0)
		for _, a := range x.Size {
			large += float64(float64(a.Value) * weight[a.Dim])
			switch l.column[a.Dim] {
			case 0:
				proportion += log2(a.Value)
			case 1:
				proportion -= log2(a.Value)
			}
		}
		size := log2(int64(large*(1<<40))+1) >> 6
		ranks = append(ranks, radix.Entry[item]{
			Key:  uint64(^size)<<32 | uint64(uint32(^proportion)^1<<31),
			Item: item{int32(i), x.Profile, x.Count},
		})
	}
	radix.Sort(ranks)
	l.items = make([]item, len(ranks))
	for i := range ranks {
		l.items[i] = ranks[i].Item
	}
	l.addSizes()
	l.addAlike()
}

// addAlike finds items of the same size.
func (l *layout) addAlike() {
	size := func(i int32) []Amount { return l.Items[l.items[i].source].Size }
	hash := func(i int32) (h Hash) {
		for _, a := range size(i) {
			h = h.With(int64(a.Dim)).With(a.Value)
		}
		return h
	}
	l.alike = Alike(len(l.items), hash, func(i, j int32) bool { return slices.Equal(size(i), size(j)) })
}

// weights returns for each dimension what part of all demand a unit is: of the sum
// of sizes in a row, of the nodes needed in a counted one.
func (l *layout) weights() []float64 {
	total := make([]float64, len(l.Room))
	for i := range l.Items {
		for _, a := range l.Items[i].Size {
			total[a.Dim] += float64(float64(a.Value) * float64(max(l.Items[i].Count, 0)))
		}
	}
	most := 1.0 // nodes that a counted dimension needs
	for d, c := range l.column {
		if c < 0 && l.Room[d] > 0 {
			most = max(most, total[d]/float64(l.Room[d]))
		}
	}
	weight := make([]float64, len(l.Room))
	for d, c := range l.column {
		switch {
		case c >= 0 && total[d] > 0:
			weight[d] = 1 / total[d]
		case c < 0 && l.Room[d] > 0:
			weight[d] = 1 / float64(most*float64(l.Room[d]))
		}
	}
	return weight
}

func (l *layout) addSizes() {
	n := len(l.dense)
	l.size = make([]int64, len(l.items)*n)
	l.least = make([]int64, (len(l.items)+63)/64*n)
	l.greatest = make([]int64, len(l.least))
	for i := range l.items {
		row := l.row(l.size, int32(i))
		for _, a := range l.Items[l.items[i].source].Size {
			if c := l.column[a.Dim]; c >= 0 {
				row[c] = a.Value
			}
		}
		least, greatest := l.row(l.least, int32(i/64)), l.row(l.greatest, int32(i/64))
		for c, v := range row {
			if i%64 == 0 || v < least[c] {
				least[c] = v
			}
			greatest[c] = max(greatest[c], v)
		}
	}
	l.addGrains()
}

func (l *layout) addGrains() {
	n := len(l.dense)
	l.grain, l.grains = make([]int64, n), make([]int64, len(l.size))
	for i := range l.items {
		for c, v := range l.row(l.size, int32(i)) {
			if v > 0 && l.grain[c] != 1 {
				l.grain[c] = gcd(l.grain[c], v)
			}
		}
	}
	for i := range l.items {
		row := l.row(l.grains, int32(i))
		for c, v := range l.row(l.size, int32(i)) {
			if row[c] = v; v > 0 && l.grain[c] > 1 {
				row[c] = v / l.grain[c]
			}
		}
	}
}

// addHosts finds the hosts that can take anything at all.
func (l *layout) addHosts() {
	l.hostKind = make([]int32, len(l.Hosts))
	for i := range l.Hosts {
		h := &l.Hosts[i]
		l.hostRows = l.appendRoom(l.hostRows, h.Room)
		l.hostKind[i] = -1
		if l.roomForAny(l.row(l.hostRows, int32(i))) {
			l.hostKind[i] = l.hostKinds.id(l, h.Kind, nil, 0)
		}
	}
}

// fitting returns those of a set of which one fits into free.
func (l *layout) fitting(set Set, free []int64) Set {
	out := NewSet(len(l.items))
	for w, have := range set {
		switch {
		case have == 0 || !holds(free, l.row(l.least, int32(w))):
		case holds(free, l.row(l.greatest, int32(w))):
			out[w] = have
		default:
			for ; have != 0; have &= have - 1 {
				if i := w*64 + bits.TrailingZeros64(have); holds(free, l.row(l.size, int32(i))) {
					out.Add(i)
				}
			}
		}
	}
	return out
}

// roomForAny tells whether room that small could hold an item; some that could
// not pass as well.
func (l *layout) roomForAny(free []int64) bool {
	for i := range (len(l.items) + 63) / 64 {
		if holds(free, l.row(l.least, int32(i))) {
			return true
		}
	}
	return false
}

// holds tells whether free has room for size. What is not asked for never
// rejects, even where it is overcommitted.
func holds(free, size []int64) bool {
	for i, want := range size {
		if want > 0 && want > free[i] {
			return false
		}
	}
	return true
}

// howMany returns how often size goes into free, at most n times.
func howMany(free, size []int64, n int32) int32 {
	for i, want := range size {
		if want <= 0 {
			continue
		}
		if free[i] < want {
			return 0
		}
		// The product of an int32 and less than 2³² cannot overflow.
		if n > 1 && (want >= 1<<32 || int64(n)*want > free[i]) {
			n = int32(min(int64(n), free[i]/want))
		}
	}
	return n
}

// take is a number of one item, under its new number, on one node.
type take struct{ item, count int32 }

// sum adds up what takes need.
func (l *layout) sum(row []int64, takes []take) {
	clear(row)
	for _, t := range takes {
		for c, v := range l.row(l.size, t.item) {
			row[c] += int64(t.count) * v
		}
	}
}
