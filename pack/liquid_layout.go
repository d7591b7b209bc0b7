package pack

import (
	"cmp"
	"slices"
)

// mostRows bounds the rows of a liquid program. Groups with least demand go without.
const mostRows = 60

// layOut makes it the program of a market, in the slices of the one that it was.
func (x *liquid) layOut(m *market, stones bool) {
	x.market = m
	x.floats.reset()
	x.numbers.reset()
	x.groups, x.rings, x.stones, x.stands = x.groups[:0], x.rings[:0], x.stones[:0], x.stands[:0]
	x.room, x.cost, x.stand = x.room[:0], x.cost[:0], x.stand[:0]
	x.free, x.scale = x.floats.take(x.dims), x.floats.take(x.dims)
	for d, v := range x.total {
		x.scale[d] = float64(max(v, 1))
	}
	x.stoneOf = zeros(x.stoneOf, len(x.items))
	for i := range x.stoneOf {
		x.stoneOf[i] = -1
	}
	if stones {
		x.addStones()
	}
	x.addGroups()
	x.addRooms()
	x.taken, x.left = x.numbers.take(len(x.stones)), x.numbers.take(len(x.rings))
}

// addGroups finds the groups, those with most demand first.
func (x *liquid) addGroups() {
	last := -1
	for _, i := range x.wanted {
		if x.group[i] < 0 {
			continue
		}
		size := x.sizeOf(i)
		if last = x.flowOf(i, last); last < 0 {
			last = len(x.groups)
			x.groups = append(x.groups, flow{
				of: x.group[i], uses: maskOf(size), item: i,
				row: x.numbers.take(x.dims), total: x.floats.take(x.dims), price: x.floats.take(x.dims),
			})
		}
		g := &x.groups[last]
		n := float64(x.demand[i])
		for d, v := range size {
			part := float64(n * float64(v) / x.scale[d])
			if x.stoneOf[i] < 0 {
				g.total[d] += part
			}
			g.share += part
		}
	}
	slices.SortStableFunc(x.groups, func(a, b flow) int { return -cmp.Compare(a.share, b.share) })
	rows := 0
	for i := range x.groups {
		g := &x.groups[i]
		for d, v := range g.total {
			if g.row[d] = -1; v > 0 && rows < mostRows {
				g.row[d] = int32(rows)
				rows++
			}
		}
	}
	for i := range x.stones {
		x.stones[i].row = int32(rows)
		rows++
	}
	x.tableau = newTableau(rows, &x.floats)
	x.basis = slices.Grow(x.basis[:0], rows)[:rows] // the lists of the columns are used again
}

// addRooms lays out the shapes and finds which groups each is open to.
func (x *liquid) addRooms() {
	type key struct {
		kind int32
		has  uint64
	}
	index := map[key]int32{}
	var row []int64
	for _, s := range x.onSale {
		row = x.unitRoom(row[:0], s)
		for d, v := range row {
			x.room = append(x.room, float64(v)/x.scale[d])
		}
		k := key{x.shapes[s].kind, maskOf(row)}
		x.cost = append(x.cost, x.costOf(s))
		at, ok := index[k]
		if !ok {
			at = int32(len(x.stands))
			index[k] = at
			st := stand{kind: k.kind, has: k.has, price: x.floats.take(x.dims), taker: x.numbers.take(x.dims), groups: x.numbers.take(len(x.groups))[:0]}
			for i := range x.groups {
				if g := &x.groups[i]; g.uses&^k.has == 0 && x.sets[k.kind].Has(int(g.item)) {
					st.groups = append(st.groups, int32(i))
				}
			}
			for i := range x.stones {
				if x.sets[k.kind].Has(int(x.stones[i].items[0])) {
					st.open = append(st.open, int32(i))
				}
			}
			st.beyond = x.floats.take(len(x.stones))
			x.stands = append(x.stands, st)
		}
		x.stand = append(x.stand, at)
	}
}

// flowOf returns the group of an item, −1 if there is none yet; hint is one to try
// first.
func (x *liquid) flowOf(item int32, hint int) int {
	of, uses := x.group[item], maskOf(x.sizeOf(item))
	if hint >= 0 && x.groups[hint].of == of && x.groups[hint].uses == uses {
		return hint
	}
	return slices.IndexFunc(x.groups, func(g flow) bool { return g.of == of && g.uses == uses })
}

// maskOf is which amounts are not zero.
func maskOf(row []int64) uint64 {
	mask := uint64(0)
	for d, v := range row {
		if v > 0 {
			mask |= 1 << (d % 64)
		}
	}
	return mask
}
