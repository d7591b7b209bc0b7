package pack

// Worth returns what one of each item is worth, in micro-USD per hour, at the prices
// of the cheapest mix of shapes that holds all items if they could be poured; hosts
// are not looked at. A node whose items are worth less than it costs costs more than it
// would have to. An item that no shape can hold is worth nothing. Memory is that of the packing
// before, nil for none.
func Worth(p *Problem, memory *Memory) []int64 {
	s := newState(newLayout(p, Options{Unproven: true, Memory: memory}))
	out := make([]int64, len(p.Items))
	for i := range s.tiers {
		for _, r := range s.regionsOf(i) {
			k := newPacker(s, r)
			if !k.reprice(quick.first) {
				continue
			}
			for item := range k.items {
				if k.within.Has(item) && k.left[item] > 0 {
					at := k.items[item].source
					out[at] = max(out[at], k.worth[item]/16)
				}
			}
		}
	}
	return out
}
