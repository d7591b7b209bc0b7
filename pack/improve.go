package pack

import (
	"cmp"
	"slices"
)

const (
	// worst is how many groups are looked at for a better packing together, those
	// that lose most, and together how many nodes at most.
	worst, together = 12, 4
)

// improve takes back a few of the region's nodes at a time, those that lose most
// first, and keeps what a search finds for their items if it costs less.
func (k *packer) improve() {
	if k.anyLeft() || !k.repriceAll() {
		return
	}
	for better := true; better && k.searching(); {
		better = false
		for n := 1; n <= together && !better; n++ {
			better = k.replaceEach(k.byLoss(), make([]int32, 0, n))
		}
	}
}

// searching tells whether there are steps left to search for something better.
func (k *packer) searching() bool { return k.steps < k.until }

// replaceEach tries to replace chosen, filled up with nodes of the groups in every
// way, until one is an improvement.
func (k *packer) replaceEach(groups, chosen []int32) bool {
	if len(chosen) == cap(chosen) {
		return k.replace(chosen)
	}
	for i, g := range groups {
		if !k.searching() {
			return false
		}
		if k.replaceEach(groups[i:], append(chosen, g)) {
			return true
		}
	}
	return false
}

// replace searches for cheaper nodes for the items of one node of each group; a
// group may be there more than once.
func (k *packer) replace(groups []int32) bool {
	k.steps += 64 // beside what the search spends
	m := k.mark()
	cost := int64(0)
	for _, g := range groups {
		if k.groups[g].copies == 0 {
			k.rollback(m)
			return false
		}
		k.resize(g, -1)
		cost += k.priceOf(k.groups[g].shape)
	}
	if found, _ := k.refit(cost, reach{branches: 200, work: 1_000_000, attempts: 4}); found {
		return true
	}
	k.rollback(m)
	return false
}

// repriceAll works out what everything is worth for all that the region holds;
// false when that is nothing.
func (k *packer) repriceAll() bool {
	m := k.mark()
	for g := range k.groups {
		if k.inRegion(&k.groups[g]) {
			k.resize(int32(g), -k.groups[g].copies)
		}
	}
	ok := k.reprice(k.care.first)
	k.rollback(m)
	return ok
}

func (k *packer) inRegion(g *group) bool {
	return k.sets[k.shapes[g.shape].kind] != nil && k.shapes[g.shape].tier == k.shapes[k.onSale[0]].tier
}

// byLoss returns those of the region's groups that lose most: whose nodes cost
// most beyond what their load is worth.
func (k *packer) byLoss() []int32 {
	var out []int32
	loss := make([]int64, len(k.groups))
	for i := range k.groups {
		g := &k.groups[i]
		if g.copies == 0 || !k.inRegion(g) {
			continue
		}
		loss[i] = k.priceOf(g.shape)*16 - k.worthOf(k.takesOf(g))
		out = append(out, int32(i))
	}
	slices.SortStableFunc(out, func(a, b int32) int { return -cmp.Compare(loss[a], loss[b]) })
	return out[:min(len(out), worst)]
}
