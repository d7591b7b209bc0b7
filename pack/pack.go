package pack

import (
	"cmp"
	"slices"
)

// Pack covers the items of a problem. It never fails: what fits nowhere is left,
// and the packing says so. With a memory it may be one that was returned before, and must
// not be written to.
func Pack(p *Problem, opt Options) *Packing {
	k := p.knowing(opt)
	if k == nil {
		return anew(p, opt, nil)
	}
	market := k.market(p, opt)
	d := k.problem(p, opt, market)
	out, ok := k.packings.get(d)
	if !ok {
		out = anew(p, opt, &market)
		k.packings.put(d, out)
	}
	return out
}

// anew packs a problem that is not known. Of parts of it something may be if there is a digest of
// its market.
func anew(p *Problem, opt Options, market *digest) *Packing {
	s := newState(newLayout(p, opt))
	s.market = market
	if s.exactly() {
		return s.packing()
	}
	s.fillHosts()
	s.buyAll()
	return s.packing()
}

// packTier packs what is left of a tier's demand as well as steps allow.
func (s *state) packTier(tier int) {
	for _, r := range s.regionsOf(tier) {
		newPacker(s, r).pack()
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

// packOnce packs what is left. With steps to spend it looks for something better.
func (k *packer) packOnce() {
	m := k.mark()
	k.care = &quick
	if k.construct() {
		return
	}
	// Nothing pours that well: some of it will cost more than was promised.
	fell := k.costSince(m) > k.promised+k.promised/20
	if fell && !k.crowded() {
		k.retry(m, &solid)
	}
	if k.opt.Steps == 0 {
		return
	}
	if fell || k.crowded() {
		for i := range careful {
			if k.retry(m, &careful[i]); k.fine {
				break
			}
		}
	}
	k.improve()
}

// retry packs anew what has been packed since a mark, with other care, and keeps the
// better of the two.
func (k *packer) retry(m mark, c *care) {
	was, before, cost, complete := k.since(m), k.resizedSince(m), k.costSince(m), !k.anyLeft()
	k.rollback(m)
	k.care = c
	k.construct()
	k.care = &quick
	if complete && (k.anyLeft() || k.costSince(m) >= cost) {
		k.rollback(m)
		for _, x := range before {
			k.resize(x.group, x.copies)
		}
		for i := range was {
			k.buy(was[i].shape, was[i].takes, was[i].copies)
		}
	}
}

// crowded tells whether items are in each other's way.
func (k *packer) crowded() bool { return len(k.sides.needs.list) > 0 || len(k.sides.roles.list) > 0 }

// construct buys nodes for what is left; true if nothing can be cheaper.
func (k *packer) construct() (best bool) {
	if k.packSingle() {
		return true
	}
	if !k.reprice(k.care.first) {
		return false
	}
	k.promised, k.fine = k.leftWorth()/16, k.tariff.fine
	begun := len(k.groups)
	for first := true; first || k.reprice(k.care.again); first = false {
		k.bulk()
		if !k.anyLeft() || k.packSingle() {
			break
		}
		all := len(k.groups) == begun
		if k.fewLeft() {
			found, best := k.refit(noCost, k.care.tail)
			if best && all {
				return true
			}
			if found {
				break
			}
		}
		if !k.greedy() {
			break
		}
	}
	if !k.anyLeft() {
		k.join()
	}
	return false
}

// bought is nodes alike.
type bought struct {
	shape, copies int32
	takes         []take
}

// since lists what has been bought since a mark.
func (s *state) since(m mark) []bought {
	var out []bought
	for i := range s.groups[m.groups:] {
		if g := &s.groups[m.groups+i]; g.copies > 0 {
			out = append(out, bought{g.shape, g.copies, slices.Clone(s.takesOf(g))})
		}
	}
	return out
}

// resizedSince lists what has been bought of groups that were there at a mark, or given back:
// nodes that larger ones have taken the place of.
func (s *state) resizedSince(m mark) []step {
	var out []step
	for _, x := range s.log[m.log:] {
		if x.group >= 0 && int(x.group) < m.groups {
			out = append(out, x)
		}
	}
	return out
}

// costSince is what all of that costs.
func (s *state) costSince(m mark) int64 {
	sum := int64(0)
	for _, x := range s.log[m.log:] {
		if x.group >= 0 {
			sum += int64(x.copies) * s.priceOf(s.groups[x.group].shape)
		}
	}
	return sum
}

// packing writes down the state in the numbers of the problem.
func (s *state) packing() *Packing {
	out := &Packing{Left: make([]int32, len(s.Items)), Steps: s.steps / stepSize}
	if !s.opt.Unproven {
		out.Proof = s.prove()
		out.Bound = out.Proof.Bound
	}
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
