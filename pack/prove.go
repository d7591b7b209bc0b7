package pack

// Standing is what a packing that is to be proven good has made of the items.
type Standing struct {
	// Hosted is how many of each item are on hosts. It tells where to look for a
	// proof; whatever it says, the proof holds.
	Hosted []int32
	// Tier is the last tier that any of each item is in.
	Tier []int32
}

// Prove bounds what it costs to hold all items of a problem, whoever has packed them
// and however: on hosts and on what is bought, each in the first tier that can hold
// it, unless a packing that stands so has put some into a later one.
func Prove(p *Problem, s Standing, opt Options) *Proof {
	l := newLayout(p, opt)
	b := bounder{layout: l, held: make([]int32, len(l.items)), bought: make([]int32, len(l.items))}
	spills := false
	for i := range l.items {
		x := &l.items[i]
		b.held[i] = x.count
		b.bought[i] = max(0, x.count-s.Hosted[x.source])
		spills = spills || s.Tier[x.source] > max(0, l.firstTier(int32(i)))
	}
	return b.prove(spills)
}
