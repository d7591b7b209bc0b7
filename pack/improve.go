package pack

import (
	"cmp"
	"slices"
)

// improve takes back a few of the tier's nodes at a time, the worst first, and
// keeps what a search finds for their pods if it costs less.
func (k *packer) improve() {
	if k.anyLeft() || !k.repriceAll() {
		return
	}
	for better := true; better; {
		better = k.improveOnce(2) || k.improveOnce(3)
	}
}

// improveOnce makes the first improvement that it finds by taking back n nodes.
func (k *packer) improveOnce(n int) bool {
	return k.replaceEach(k.byRate(), make([]int32, 0, n))
}

// replaceEach tries to replace chosen, filled up with nodes of the groups in
// every way.
func (k *packer) replaceEach(groups, chosen []int32) bool {
	if len(chosen) == cap(chosen) {
		return k.replace(chosen)
	}
	for i, g := range groups {
		if k.searched >= k.opt.Steps {
			return false
		}
		if k.replaceEach(groups[i:], append(chosen, g)) {
			return true
		}
	}
	return false
}

// anyLeft tells whether pods are left that the tier could hold: its limits keep
// them out.
func (k *packer) anyLeft() bool {
	for w, have := range k.avail {
		if have&k.tier.buyable[w] != 0 {
			return true
		}
	}
	return false
}

// replace searches for cheaper nodes for the pods of one node of each group; a
// group may be there more than once.
func (k *packer) replace(groups []int32) bool {
	k.searched += 32 // beside what the search spends
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
	if k.search(cost, k.opt.Steps/replaceShare) {
		return true
	}
	k.rollback(m)
	return false
}

// repriceAll prices resources for all that the tier holds; false when that is
// nothing.
func (k *packer) repriceAll() bool {
	m := k.mark()
	for g := range k.groups {
		if k.inTier(&k.groups[g]) {
			k.resize(int32(g), -k.groups[g].copies)
		}
	}
	ok := k.reprice()
	k.rollback(m)
	return ok
}

func (k *packer) inTier(g *group) bool { return k.tier.first <= g.shape && g.shape < k.tier.end }

// byRate returns the tier's groups that have nodes, those first that pay most for
// the worth they hold.
func (k *packer) byRate() []int32 {
	var out []int32
	rate := make([]float64, len(k.groups))
	for i := range k.groups {
		g := &k.groups[i]
		if g.copies == 0 || !k.inTier(g) {
			continue
		}
		worth := int64(0)
		for _, t := range k.takesOf(g) {
			worth += int64(t.count) * k.worth[t.item]
		}
		rate[i] = float64(k.priceOf(g.shape)) / float64(worth)
		out = append(out, int32(i))
	}
	slices.SortStableFunc(out, func(a, b int32) int { return -cmp.Compare(rate[a], rate[b]) })
	return out
}
