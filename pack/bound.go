package pack

import (
	"cmp"
	"slices"
)

// bounder proves what new nodes for all that has a place must cost, if the hosts'
// room could go to any of it.
type bounder struct {
	*layout
	held    []int32 // of each item, on hosts and on new nodes
	bought  []int32 // on new nodes
	tier    []int32 // of each item, the tier it keeps to; nil if it need not
	admits  []Set   // of each shape kind, the items that it may be bought for, variety aside
	hosting times
	exact   bool     // whether hosts are few enough to look at every item on each
	fits    csr[fit] // of each host, if so
	// hostable is what fits on hosts, see onHosts; nil until somebody asks.
	hostable []int32
}

// prove bounds the objective of a packing.
func (s *state) prove() *Proof {
	b := bounder{layout: s.layout, held: make([]int32, len(s.items)), bought: make([]int32, len(s.items))}
	spills := false
	for i := range s.groups {
		g := &s.groups[i]
		for _, t := range s.takesOf(g) {
			b.bought[t.item] += t.count * g.copies
			spills = spills || (g.copies > 0 && s.firstTier(t.item) != s.shapes[g.shape].tier)
		}
	}
	copy(b.held, b.bought)
	for _, takes := range s.onHost {
		for _, t := range takes {
			b.held[t.item] += t.count
		}
	}
	return b.prove(spills)
}

// prove bounds what is held. spills tells that items may be in any tier.
func (b *bounder) prove(spills bool) *Proof {
	if !spills {
		b.tier = make([]int32, len(b.items))
		for i := range b.tier {
			b.tier[i] = b.firstTier(int32(i))
		}
	}
	b.exact = len(b.Hosts)*len(b.items) <= b.opt.proof().looks
	b.addAdmits()
	b.addTimes()
	if b.exact {
		b.addFits()
	}
	proof := &Proof{Held: make([]int32, len(b.Items))}
	if b.tier != nil {
		proof.Tier = make([]int32, len(b.Items))
	}
	for i := range b.items {
		proof.Held[b.items[i].source] = b.held[i]
		if b.tier != nil {
			proof.Tier[b.items[i].source] = b.tier[i]
		}
	}
	for _, shapes := range b.parts() {
		if p := b.provePart(shapes, b.opt.proof()); p.Bound > 0 {
			proof.Parts = append(proof.Parts, p)
			proof.Bound += p.Bound
		}
	}
	return proof
}

// times is how often items fit on one place at most, as far as sides go: because of
// all of them, and of dimensions alone.
type times struct{ alone, counted []int32 }

// addTimes finds how often items fit on hosts, of which some may have more of a
// counted dimension than new nodes.
func (b *bounder) addTimes() {
	b.hosting = times{b.sides.alone, b.sides.counted}
	room, roomier := slices.Clone(b.sides.room), false
	for h := range b.Hosts {
		for _, a := range b.Hosts[h].Room {
			if at := b.sides.index[a.Dim]; at >= 0 && a.Value > room[at] {
				room[at], roomier = a.Value, true
			}
		}
	}
	if !roomier {
		return
	}
	b.hosting = times{make([]int32, len(b.items)), make([]int32, len(b.items))}
	for i := range b.items {
		b.hosting.alone[i], b.hosting.counted[i] = b.sides.times(int32(i), room)
	}
}

// addAdmits finds which items may be bought in shapes of each kind.
func (b *bounder) addAdmits() {
	b.admits = make([]Set, len(b.shapeKinds.list))
	for i := range b.shapes {
		x := &b.shapes[i]
		if b.admits[x.kind] != nil {
			continue
		}
		set := NewSet(len(b.items))
		admits := b.Admits[b.Shapes[x.source].Kind]
		for j := range b.items {
			if admits.Has(int(b.items[j].profile)) && b.sides.alone[j] > 0 && (b.tier == nil || b.tier[j] == x.tier) {
				set.Add(j)
			}
		}
		b.admits[x.kind] = set
	}
}

// parts parts the shapes into those that no item with a place on a new node ties
// together.
func (b *bounder) parts() [][]int32 {
	f := make(forest, len(b.shapeKinds.list))
	for i := range f {
		f[i] = int32(i)
	}
	for i, n := range b.held {
		last := int32(-1)
		for k, set := range b.admits {
			if n > 0 && set != nil && set.Has(i) {
				if last >= 0 {
					f.unite(last, int32(k))
				}
				last = int32(k)
			}
		}
	}
	var out [][]int32
	at := map[int32]int{}
	for s := range b.shapes {
		root := f.root(b.shapes[s].kind)
		i, ok := at[root]
		if !ok {
			i = len(out)
			at[root] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], int32(s))
	}
	return out
}

// provePart bounds what the shapes of a part must cost.
func (b *bounder) provePart(shapes []int32, r prowess) Part {
	part := b.newSale(shapes, b.admits)
	demand := make([]int32, len(b.items))
	some := false
	for i, n := range b.bought {
		if n > 0 && part.within.Has(i) {
			demand[i], some = n, true
		}
	}
	if !some {
		return Part{}
	}
	c := &certifier{bounder: b, sale: &part}
	if r.classes == 0 {
		c.addPoured(demand)
	} else {
		c.addValues(demand, r.effort)
	}
	c.addAmounts()
	slices.SortStableFunc(c.rows, func(x, y certRow) int { return -cmp.Compare(x.need, y.need) }) // empty ones last
	for len(c.rows) > 0 && c.rows[len(c.rows)-1].need <= 0 {
		c.rows = c.rows[:len(c.rows)-1]
	}
	return c.certify(r)
}

// prowess is how much is done to prove a bound.
type prowess struct {
	effort
	branches, work int
	// looks is up to how many pairs of hosts and items each is looked at.
	looks int
}
