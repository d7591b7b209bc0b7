package pack

import (
	"cmp"
	"slices"
)

// Pack covers the items of a problem. It never fails: what fits nowhere is left,
// and the packing says so.
func Pack(p *Problem, opt Options) *Packing {
	s := newState(newLayout(p, opt))
	if s.exactly() {
		return s.packing()
	}
	s.fillHosts()
	for i := range s.tiers {
		s.packTier(&s.tiers[i])
	}
	return s.packing()
}

// packTier packs what is left of a tier's demand as well as steps allow.
func (s *state) packTier(t *tier) {
	for _, r := range s.regions(t) {
		newPacker(s, &r).pack()
	}
}

// pack packs what is left of the region's demand, and again where changes have
// left quotas more room.
func (k *packer) pack() {
	k.until = k.steps + k.opt.Steps*stepSize
	for k.anyLeft() {
		k.packOnce()
		if !k.settle() {
			return
		}
	}
}

func (k *packer) packOnce() {
	if k.packSingle() || !k.reprice(k.opt.first()) {
		return
	}
	begun := len(k.groups)
	for first := true; first || k.reprice(k.opt.again()); first = false {
		k.bulk()
		if !k.anyLeft() || k.packSingle() {
			break
		}
		all := len(k.groups) == begun
		if k.fewLeft() {
			found, best := k.refit(noCost, k.opt.tail())
			if best && all {
				return // nothing can be cheaper
			}
			if found {
				break
			}
		}
		if !k.greedy() {
			break
		}
	}
	if k.opt.Steps > 0 {
		k.improve()
	}
}

// stepSize is how many numbers are looked at in a step.
const stepSize = 500

// first is how well what everything is worth is worked out at the beginning, again
// how well when part of the demand is gone.
func (o Options) first() effort {
	if o.Steps > 0 {
		return effort{48, 60, 2e-3}
	}
	return effort{48, 40, 4e-3}
}

func (o Options) again() effort {
	if o.Steps > 0 {
		return effort{48, 40, 3e-3}
	}
	return effort{32, 30, 5e-3}
}

// proof is how much is done to prove a bound.
func (o Options) proof() prowess {
	if o.Steps > 0 {
		return prowess{effort{64, 100, 1e-3}, 3000}
	}
	return prowess{effort{48, 40, 4e-3}, 200}
}

// tail is how far the nodes for the last demand are searched for.
func (o Options) tail() reach {
	if o.Steps > 0 {
		return reach{4000, 100}
	}
	return reach{300, 16}
}

// packing writes down the state in the numbers of the problem.
func (s *state) packing() *Packing {
	out := &Packing{Left: make([]int32, len(s.Items)), Proof: s.prove(), Steps: s.steps / stepSize}
	out.Bound = out.Proof.Bound
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
