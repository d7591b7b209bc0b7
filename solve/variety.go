package solve

// keepVariety cuts what fills a node of shape down until the alternatives are as
// many as the pool's minValues ask for. It returns takes if they are.
func (k *packer) keepVariety(shape int32, takes []take) []take {
	pool := k.shapes[shape].pool
	sum := make([]int64, len(k.dims))
	ok := func(takes []take) bool {
		k.sum(sum, takes)
		return len(takes) > 0 && k.varied(pool, takes, sum)
	}
	if ok(takes) {
		return takes
	}
	// Classes may each leave enough alternatives, and together too few: stay with
	// those that may use what the largest may.
	lead := takes[0].class
	alike := newBitset(len(k.classes))
	for c := range k.classes {
		if k.classes[c].profile == k.classes[lead].profile && !k.pools[pool].barred.has(c) {
			alike.add(c)
		}
	}
	alike.and(k.sets[k.shapes[shape].kind])
	free := make([]int64, len(k.dims))
	copy(free, k.row(k.shapeFree, shape))
	if takes = k.fill(free, alike); ok(takes) {
		return takes
	}
	// Smaller nodes have more alternatives. One pod of the largest class always
	// leaves enough, or the class would be barred.
	for n := k.left[lead]; n > 1; n /= 2 {
		least := []take{{lead, min(n, howMany(free, k.row(k.request, lead), n))}}
		if ok(least) {
			return least
		}
	}
	return []take{{lead, 1}}
}
