package pack

import (
	"cmp"
	"slices"
)

// ring is items of which a node may hold few, whatever its room: sets of items that
// are in each other's way, which need about as many nodes as each other.
type ring struct {
	items []int32 // largest first
	nodes float64 // that the set needs which needs most
	most  int32   // items on a node
	group int32
}

// stone is those of a ring that are alike enough to have one value.
type stone struct {
	items []int32
	ring  int
	row   int32     // in the program
	count float64   // of all of its items
	size  []float64 // mean, as parts of scale
}

const (
	// mostRings bounds the rings of a market, and mostSizes into how many stones each
	// is parted.
	mostRings, mostSizes = 6, 6
	// alike is how much less than the first set of a ring another may need.
	alikeInNodes = 0.75
)

// addStones parts the items with demand into stones and others.
func (x *liquid) addStones() {
	x.addRings()
	for at := range x.rings {
		r := &x.rings[at]
		total := 0.0
		for _, i := range r.items {
			total += float64(x.demand[i])
		}
		sizes := min(mostSizes, 2*mostSizes/len(x.rings))
		var last *stone
		for _, i := range r.items {
			if last == nil || last.count >= total/float64(sizes) {
				x.stones = append(x.stones, stone{ring: at, size: make([]float64, x.dims)})
				last = &x.stones[len(x.stones)-1]
			}
			x.stoneOf[i] = int32(len(x.stones) - 1)
			n := float64(x.demand[i])
			last.items = append(last.items, i)
			last.count += n
			for d, v := range x.sizeOf(i) {
				last.size[d] += float64(n * (float64(v) / x.scale[d]))
			}
		}
	}
	for i := range x.stones {
		for d := range x.stones[i].size {
			x.stones[i].size[d] /= x.stones[i].count
		}
	}
}

// addRings finds the sets of items that share what they need of counted dimensions
// and may use the same shapes, and makes rings of those that need most nodes.
func (x *liquid) addRings() {
	if len(x.sides.needs.list) == 0 && len(x.sides.roles.list) == 0 {
		return
	}
	sets := x.crowds()
	slices.SortStableFunc(sets, func(a, b ring) int {
		return cmp.Or(cmp.Compare(a.group, b.group), -cmp.Compare(a.nodes, b.nodes))
	})
	for _, s := range sets {
		if last := len(x.rings) - 1; last >= 0 && x.rings[last].group == s.group && s.nodes >= alikeInNodes*x.rings[last].nodes {
			x.rings[last].items = append(x.rings[last].items, s.items...)
			x.rings[last].most += s.most
		} else if s.nodes >= 2 {
			x.rings = append(x.rings, s)
		}
	}
	slices.SortStableFunc(x.rings, func(a, b ring) int { return -cmp.Compare(a.nodes, b.nodes) })
	x.rings = x.rings[:min(len(x.rings), mostRings)]
	for i := range x.rings {
		slices.Sort(x.rings[i].items)
	}
}

func (x *liquid) crowds() []ring {
	type key struct {
		group int32
		needs uint64
		item  int32 // that is a set by itself; −1 for none
	}
	index := map[key]int{}
	var sets []ring
	for _, i := range x.wanted {
		n, most := x.demand[i], x.sides.alone[i]
		if x.group[i] < 0 || most > fewOnNode || most == 0 {
			continue
		}
		needs := x.sides.needs.of(i)
		k := key{x.group[i], 14695981039346656037, -1}
		for _, y := range needs {
			k.needs = (k.needs ^ uint64(y.at)) * 1099511628211
			k.needs = (k.needs ^ uint64(y.amount)) * 1099511628211
		}
		if len(needs) == 0 {
			k.item = i
		}
		at, ok := index[k]
		if !ok {
			at = len(sets)
			index[k] = at
			sets = append(sets, ring{group: k.group, most: most})
		}
		sets[at].items = append(sets[at].items, i)
		sets[at].nodes += float64(n) / float64(most)
	}
	return sets
}

// fitOf is how many of a stone fit into free, at most n.
func (c *stone) fitOf(free []float64, n int32) int32 {
	most := float64(n)
	for d, v := range c.size {
		if float64(most*v) > free[d]*(1+1e-9) {
			most = free[d] * (1 + 1e-9) / v
		}
	}
	return int32(max(most, 0))
}
