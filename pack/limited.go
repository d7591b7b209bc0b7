package pack

import "slices"

// tighten changes nodes to cheaper shapes that hold their pods. Packing has done
// so already but where a limit was in the way that has room now. It tells
// whether it did anything.
func (k *packer) tighten() bool {
	changed := false
	for g := 0; !k.tier.plain && g < len(k.groups); g++ {
		for k.inTier(&k.groups[g]) && k.groups[g].copies > 0 {
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

// squeezeFactor is how many times the usual steps may be spent where that gives
// pods a place rather than a lower price.
const squeezeFactor = 10

// squeeze changes nodes to shapes that hold some of what is left as well, where
// limits allow no node more. It tells whether it did anything.
func (k *packer) squeeze() bool {
	changed := false
	until := k.steps + squeezeFactor*k.opt.Steps
	for g := 0; g < len(k.groups) && k.anyLeft() && k.steps < until; g++ {
		for k.inTier(&k.groups[g]) && k.groups[g].copies > 0 {
			takes := slices.Clone(k.takesOf(&k.groups[g]))
			k.resize(int32(g), -1)
			shape, more := k.widest(takes)
			if len(more) == 0 {
				k.resize(int32(g), 1)
				break
			}
			k.buy(shape, more, 1)
			changed = true
		}
	}
	return changed
}

// widest returns the shape that holds takes and most worth of what is left
// beside them, for its price, and all that it then holds; nothing if none holds
// more than takes.
func (k *packer) widest(takes []take) (int32, []take) {
	for _, t := range takes { // they are not to be taken twice
		k.add(t.item, -t.count)
	}
	var found []take
	best, rate := int32(-1), 0.0
	for s := k.tier.first; s < k.tier.end; s++ {
		k.sum(k.total, takes)
		if !k.takesAll(s, takes, k.total) {
			continue
		}
		free := slices.Clone(k.row(k.shapeRows, s))
		for d, v := range k.total {
			free[d] -= v
		}
		worth := int64(0)
		k.filler.load.together(takes)
		more := k.topUp(free, k.sets[k.shapes[s].kind])
		for _, t := range more {
			worth += int64(t.count) * k.worth[t.item]
		}
		r := float64(worth) / float64(max(k.priceOf(s), 1))
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
