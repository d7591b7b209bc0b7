package pack

import "slices"

// addPoured adds a row in which items are worth what their size is worth when all is
// poured: a fraction of the work of [certifier.addValues].
func (c *certifier) addPoured(demand []int32) {
	m := newMarket(c.layout, c.sale, demand)
	c.addDims(append(slices.Clone(m.extra), m.cramped()...))
	x := &liquid{}
	x.layOut(m, false)
	x.solve()
	x.setPrices()
	scale := c.valueScale(x.demandWorth(), x.cost, demand)
	r := certRow{values: make([]int64, len(c.items)), by: make([]int32, len(c.onSale)), most: make([]int64, len(c.onSale))}
	first := len(c.prices)
	c.lists = c.lists[:0]
	factor := make([]float64, len(x.stands))
	for i := range factor {
		factor[i] = 1
	}
	for i := range c.onSale {
		if w := x.worth(i); w > x.cost[i] {
			factor[x.stand[i]] = min(factor[x.stand[i]], x.cost[i]/w)
		}
	}
	for i := range x.stands {
		price := make([]int64, len(c.dims))
		for d := range x.unit {
			if c.unit[d] > 0 && x.unit[d] > 0 {
				price[d] = int64(float64(x.stands[i].price[d]*scale*factor[i]) / x.scale[d] * (float64(c.unit[d]) / float64(x.unit[d])))
			}
		}
		c.prices, c.lists = append(c.prices, price), append(c.lists, x.itemsOf(i))
	}
	for i, at := range x.stand {
		r.by[i] = int32(first) + at
		r.most[i] = c.worthOf(c.room[i], c.prices[r.by[i]])
	}
	c.valueBySize(first, &r)
	c.addRow(r, first)
}

// cramped returns those counted dimensions without a price that need most nodes for
// themselves: what pours takes no notice of them, but there are rows for amounts.
func (m *market) cramped() []int32 {
	nodes := make([]float64, len(m.sides.room))
	for _, i := range m.wanted {
		n := m.demand[i]
		for _, x := range m.sides.needs.of(i) {
			if room := m.sides.room[x.at]; room >= x.amount {
				nodes[x.at] += float64(float64(n) * (float64(x.amount) / float64(room)))
			}
		}
	}
	for _, at := range m.extra {
		nodes[at] = 0
	}
	return largest(nodes, fewUsers)
}

// demandWorth is what all that is wanted is worth.
func (x *liquid) demandWorth() float64 {
	sum := 0.0
	for i := range x.groups {
		for d, r := range x.groups[i].row {
			if r >= 0 {
				sum += float64(max(x.value[r], 0) * x.groups[i].total[d])
			}
		}
	}
	return sum
}

// itemsOf is the items that shapes of a stand may hold as far as dimensions go.
func (x *liquid) itemsOf(at int) Set {
	st := &x.stands[at]
	out := NewSet(len(x.items))
	for i := range x.sets[st.kind].All {
		if maskOf(x.sizeOf(int32(i)))&^st.has == 0 {
			out.Add(i)
		}
	}
	return out
}
