package pack

import (
	"cmp"
	"slices"
)

// Pack covers the items of a problem. It never fails: what fits nowhere is left,
// and the packing says so.
func Pack(p *Problem, opt Options) *Packing {
	s := newState(newLayout(p, opt))
	s.fillHosts()
	for i := range s.tiers {
		s.packTier(&s.tiers[i])
	}
	return s.packing()
}

// packing writes down the state in the numbers of the problem.
func (s *state) packing() *Packing {
	out := &Packing{Left: make([]int32, len(s.Items)), Bound: s.bound(), Steps: s.searched}
	for i := range s.items {
		out.Left[s.items[i].source] = s.left[i]
	}
	for h, takes := range s.onHost {
		for _, t := range s.translated(takes) {
			out.Placed = append(out.Placed, Placement{int32(h), t})
		}
	}
	for i := range s.groups {
		g := &s.groups[i]
		if g.copies == 0 {
			continue
		}
		out.Bought = append(out.Bought, Purchase{s.shapes[g.shape].source, g.copies, s.translated(s.takesOf(g))})
		out.Objective += int64(g.copies) * s.priceOf(g.shape)
	}
	out.Bought = mergePurchases(out.Bought)
	return out
}

// translated returns takes in the numbers of the problem, by item, those of one
// item added up.
func (s *state) translated(takes []take) []Take {
	out := make([]Take, 0, len(takes))
	for _, t := range takes {
		out = append(out, Take{s.items[t.item].source, t.count})
	}
	slices.SortFunc(out, func(a, b Take) int { return cmp.Compare(a.Item, b.Item) })
	kept := out[:0]
	for _, t := range out {
		if last := len(kept) - 1; last >= 0 && kept[last].Item == t.Item {
			kept[last].Count += t.Count
		} else {
			kept = append(kept, t)
		}
	}
	return kept
}

// mergePurchases makes one purchase of those that are alike.
func mergePurchases(all []Purchase) []Purchase {
	slices.SortStableFunc(all, comparePurchases)
	merged := all[:0]
	for _, b := range all {
		if last := len(merged) - 1; last >= 0 && comparePurchases(merged[last], b) == 0 {
			merged[last].Copies += b.Copies
		} else {
			merged = append(merged, b)
		}
	}
	return merged
}

// comparePurchases orders by shape and load, the number of copies aside.
func comparePurchases(a, b Purchase) int {
	return cmp.Or(cmp.Compare(a.Shape, b.Shape), slices.CompareFunc(a.Takes, b.Takes, func(x, y Take) int {
		return cmp.Or(cmp.Compare(x.Item, y.Item), -cmp.Compare(x.Count, y.Count))
	}))
}
