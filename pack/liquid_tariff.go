package pack

import "slices"

// pouring makes tariffs of liquid markets, each in the slices of the one before.
type pouring struct {
	market market
	liquid liquid
	tariff tariff
}

// poured is the first tariff of a region: what is packed in several ways begins with the same
// demand each time.
type poured struct {
	demand []int32 // nil while there is none
	tariff tariff
}

// pour makes a tariff of the region for a demand. It is good until the next one of any region.
func (r *region) pour(l *layout, demand []int32) *tariff {
	p := &l.memory.pouring
	switch {
	case r.poured.demand == nil:
		r.poured = poured{slices.Clone(demand), *p.solve(l, &r.sale, demand)}
		p.tariff = tariff{} // that one stays as it is
	case !slices.Equal(r.poured.demand, demand):
		return p.solve(l, &r.sale, demand)
	}
	t := r.poured.tariff
	t.worth, t.planned = slices.Clone(t.worth), slices.Clone(t.planned) // which packers change
	return &t
}

// solve solves a market without a price for any counted dimension. The tariff is good
// until the next one.
func (p *pouring) solve(l *layout, s *sale, demand []int32) *tariff {
	m, x, t := &p.market, &p.liquid, &p.tariff
	m.begin(l, s, demand)
	m.addUnits()
	x.layOut(m, true)
	x.solve()
	x.setPrices()
	x.setGroupPrices()
	t.clear(m)
	for i, s := range m.onSale {
		t.rate(m, s, x.worth(i), x.stands[x.stand[i]].price, x.scale)
	}
	x.worthOfItems(t)
	x.plan(t)
	return t
}

// plan notes what the solution buys, and that all but the stones of other columns
// belong there.
func (x *liquid) plan(t *tariff) {
	for i, b := range x.basis {
		if b.shape < 0 || x.amount[i] <= 1e-9 {
			continue
		}
		s := x.onSale[b.shape]
		t.planned[s] += x.amount[i]
		set := x.sets[x.shapes[s].kind]
		if t.home[s] == nil {
			t.home[s] = slices.Clone(set)
			if t.rare != nil {
				t.home[s].AndNot(t.rare)
			}
		}
		for _, a := range b.holds {
			if at := int(a.class) - (len(x.basis) - len(x.stones)); at >= 0 {
				for _, item := range x.stones[at].items {
					t.home[s].Add(int(item))
				}
			}
		}
	}
}

// worthOfItems values items, and notes the stones: they go first.
func (x *liquid) worthOfItems(t *tariff) {
	of := -1
	for _, i := range x.wanted {
		if x.group[i] < 0 {
			continue
		}
		size := x.sizeOf(i)
		of = x.flowOf(i, of)
		price := x.groups[of].price
		w := 0.0
		if at := x.stoneOf[i]; at >= 0 {
			c := &x.stones[at]
			w = x.value[c.row]
			for d, v := range c.size {
				w -= float64(price[d] * v)
			}
			if t.rare == nil {
				t.rare = NewSet(len(x.items))
			}
			t.rare.Add(int(i))
			w = max(w, 0)
		}
		for d, v := range size {
			w += float64(price[d] * (float64(v) / x.scale[d]))
		}
		t.worth[i] = int64(w*16) + 1
	}
}
