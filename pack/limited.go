package pack

import "slices"

// settle changes nodes where quotas have been in the way: to cheaper shapes that
// hold their load, and to shapes that hold some of what is left as well. It tells
// whether it did anything.
func (k *packer) settle() bool {
	if k.tier.plain {
		return false
	}
	tightened := k.tighten()
	return k.squeeze() || tightened
}

// tighten changes nodes to cheaper shapes that hold their load. Packing has done
// so already but where a quota was in the way that has room now.
func (k *packer) tighten() bool {
	changed := false
	for g := 0; g < len(k.groups); g++ {
		for k.inRegion(&k.groups[g]) && k.groups[g].copies > 0 {
			takes := slices.Clone(k.takesOf(&k.groups[g]))
			k.resize(int32(g), -1)
			shape := k.cheapest(k.groups[g].shape, takes)
			if shape == k.groups[g].shape {
				k.resize(int32(g), 1)
				break
			}
			k.buy(shape, takes, 1)
			changed = true
		}
	}
	return changed
}

// squeezing bounds the numbers that are looked at to give what is left a place.
const squeezing = 20_000_000

// squeeze changes nodes to shapes that hold some of what is left as well, where
// quotas allow no node more.
func (k *packer) squeeze() bool {
	if !k.anyLeft() || !k.reprice(k.care.again) {
		return false
	}
	k.pricePlaced()
	changed := false
	until := k.steps + squeezing
	for g := 0; g < len(k.groups) && k.anyLeft() && k.steps < until; g++ {
		for k.inRegion(&k.groups[g]) && k.groups[g].copies > 0 {
			takes := slices.Clone(k.takesOf(&k.groups[g]))
			k.resize(int32(g), -1)
			shape, all := k.widest(takes)
			if len(all) == 0 {
				k.resize(int32(g), 1)
				break
			}
			k.buy(shape, all, 1)
			changed = true
		}
	}
	return changed
}

// pricePlaced makes everything worth something that is only worth nothing because
// none of it is left.
func (k *packer) pricePlaced() {
	for i := range k.worth {
		k.worth[i] = max(k.worth[i], 1)
	}
}

// widest returns the shape that holds takes and most worth of what is left beside
// them, for its price, and all that it then holds; nothing if none holds more than
// takes.
func (k *packer) widest(takes []take) (int32, []take) {
	for _, t := range takes { // they are not to be taken twice
		k.add(t.item, -t.count)
	}
	var found []take
	best, rate := int32(-1), 0.0
	for _, s := range k.onSale {
		k.sum(k.total, takes)
		k.steps += len(takes) + 4
		if !k.takesAll(s, takes, k.total) {
			continue
		}
		more := k.beside(s, takes)
		if r := float64(k.worthOf(more)) / float64(max(k.priceOf(s), 1)); r > rate {
			best, rate, found = s, r, merged(takes, more)
		}
	}
	for _, t := range takes {
		k.add(t.item, t.count)
	}
	return best, found
}

// beside is what else of what is left a node of a shape holds that holds takes: all that goes
// in, or one of what is worth most where all of it leaves too few alternatives.
func (k *packer) beside(shape int32, takes []take) []take {
	k.beginWith(k.row(k.shapeRows, shape), takes)
	k.topUp(k.setOf(shape))
	v := k.shapes[shape].variety
	varied := func(more []take) bool {
		all := merged(takes, more)
		k.sum(k.total, all)
		return k.varied(v, all, k.total)
	}
	if more := k.filler.takes; v == nil || len(more) == 0 || varied(more) {
		return more
	}
	k.beginWith(k.row(k.shapeRows, shape), takes)
	var best []take
	for i := range k.avail.All {
		k.steps++
		one := []take{{int32(i), 1}}
		if k.setOf(shape).Has(i) && (best == nil || k.worth[i] > k.worth[best[0].item]) && k.mayTake(int32(i), 1) > 0 && varied(one) {
			best = one
		}
	}
	return best
}

// merged adds up two lists of takes.
func merged(a, b []take) []take {
	out := slices.Clone(a)
	for _, t := range b {
		if i := slices.IndexFunc(out, func(x take) bool { return x.item == t.item }); i >= 0 {
			out[i].count += t.count
		} else {
			out = append(out, t)
		}
	}
	return out
}
