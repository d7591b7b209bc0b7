package pack

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// maxGroups bounds the groups of items that get resource prices of their own.
const maxGroups = 12

// tariff says what resources are worth in a market: a price for a unit of each,
// for each group of items that may use the same shapes. The prices solve the
// linear program
//
//	maximise    Σ price[group]·demand[group]
//	subject to  the worth of a shape's room ≤ its price, for every shape,
//
// where room is worth what the group pays that pays most for that resource, of
// those that the shape admits. The dual program buys fractions of nodes and
// shares out the room of each resource apart from the others, so its optimum is
// at most the cost of any real plan.
type tariff struct {
	*market
	groups int
	group  []int32   // of each item, −1 where none could be needed
	worth  []float64 // micro-USD per hour of a unit, a row for each group
	admits [][]int32 // the groups that may use shapes of a kind
}

func newTariff(m *market) *tariff {
	t := &tariff{market: m}
	t.addGroups()
	t.addAdmits()
	t.worth = newCovering(t).solve()
	return t
}

// addGroups puts items into one group that may use the same kinds. Which
// items share a group matters for how good prices are, never for whether they
// are valid: a group may use what any of its items may.
func (t *tariff) addGroups() {
	words := (len(t.usable) + 63) / 64
	bits := make(Set, len(t.items)*words)
	allowed := func(c int) Set { return bits[c*words : (c+1)*words] }
	for k, set := range t.usable {
		for c := range set.all {
			allowed(c).Add(k)
		}
	}
	t.group = make([]int32, len(t.items))
	index := map[string]int32{}
	var weight []float64
	var key []byte
	for c, n := range t.ceiling {
		t.group[c] = -1
		if n == 0 || allowed(c).empty() {
			continue
		}
		key = key[:0]
		for _, w := range allowed(c) {
			key = binary.LittleEndian.AppendUint64(key, w)
		}
		g, ok := index[string(key)]
		if !ok {
			g = int32(len(weight))
			index[string(key)] = g
			weight = append(weight, 0)
		}
		t.group[c] = g
		for d, v := range t.row(t.unitRequest, int32(c)) {
			if t.total[d] > 0 {
				weight[g] += float64(float64(v) / float64(t.total[d]) * float64(n))
			}
		}
	}
	t.mergeGroups(weight)
}

// mergeGroups keeps the groups with most demand and makes one of all others.
func (t *tariff) mergeGroups(weight []float64) {
	order := make([]int32, len(weight))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return -cmp.Compare(weight[a], weight[b]) })
	to := make([]int32, len(weight))
	for i, g := range order {
		to[g] = int32(min(i, maxGroups-1))
	}
	t.groups = min(len(weight), maxGroups)
	for c, g := range t.group {
		if g >= 0 {
			t.group[c] = to[g]
		}
	}
}

// addAdmits finds which groups may use each kind.
func (t *tariff) addAdmits() {
	t.admits = make([][]int32, len(t.usable))
	for k, set := range t.usable {
		var has [maxGroups]bool
		for c := range set.all {
			if g := t.group[c]; g >= 0 {
				has[g] = true
			}
		}
		for g, is := range has {
			if is {
				t.admits[k] = append(t.admits[k], int32(g))
			}
		}
	}
}

// worthOf returns what one pod of each item is worth, in sixteenths of a
// micro-USD per hour. Every pod with demand is worth something, so that none is
// forgotten because it asks only for what there is too much of.
func (t *tariff) worthOf() []int64 {
	out := make([]int64, len(t.items))
	for c, g := range t.group {
		if g < 0 {
			continue
		}
		sum := 0.0
		for d, v := range t.row(t.unitRequest, int32(c)) {
			sum += float64(float64(v) * t.worth[int(g)*len(t.dense)+d])
		}
		out[c] = int64(sum*16) + 1
	}
	return out
}

// roomWorth returns what the room of each shape on sale is worth if all of it is
// used, in the same unit.
func (t *tariff) roomWorth() []int64 {
	out := make([]int64, len(t.onSale))
	for i, s := range t.onSale {
		sum := 0.0
		for d, v := range t.row(t.unitRoom, int32(i)) {
			best := 0.0
			for _, g := range t.admits[t.shapes[s].kind] {
				best = max(best, t.worth[int(g)*len(t.dense)+d])
			}
			sum += float64(float64(v) * best)
		}
		out[i] = int64(sum*16) + 1
	}
	return out
}
