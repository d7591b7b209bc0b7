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
		k.beginWith(k.row(k.shapeRows, s), takes)
		k.topUp(k.setOf(s))
		more := k.filler.takes
		r := float64(k.worthOf(more)) / float64(max(k.priceOf(s), 1))
		if r <= rate {
			continue
		}
		all := merged(takes, more)
		k.sum(k.total, all)
		if k.varied(k.shapes[s].variety, all, k.total) {
			best, rate, found = s, r, all
		}
	}
	for _, t := range takes {
		k.add(t.item, t.count)
	}
	return best, found
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
