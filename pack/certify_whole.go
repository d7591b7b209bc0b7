package pack

import (
	"cmp"
	"slices"
)

// wholes finds values of classes at which no whole load of a shape is worth more than
// the shape costs: where few items go on a node, that is more than what fractions of
// them allow. It is column generation with the best loads that there are.
type wholes struct {
	*master
	c      *certifier
	scale  float64
	loader loader
	berths []berth // of each of onSale, for the first item of each class
	class  []int32 // of each item that is the first of its class
	worths []int64 // of each item, the present values
	most   []int64 // of each of onSale, the value that a node holds at most
	best   float64 // what all is worth at the best values so far, if no shape were too dear
	row    certRow // with these
}

const (
	// wholeTries bounds the rounds of finding better values.
	wholeTries = 12
	// fewClasses is up to how many classes it is tried for.
	fewClasses = 12
	// tooDear is by what part a load may be worth more than its shape costs.
	tooDear = 1e-4
)

// addWhole adds a row in which nodes hold whole items: where classes are few, each of
// one size, and there are no hosts, which could take far more of it than they can hold.
func (c *certifier) addWhole(x *master, scale float64) {
	if len(c.Hosts) > 0 || !x.fine() || len(x.classes) > fewClasses {
		return
	}
	x.solveWhole()
	w := &wholes{
		c: c, master: x, scale: scale, loader: newLoader(c), class: make([]int32, len(c.items)),
		worths: make([]int64, len(c.items)), most: make([]int64, len(c.onSale)),
	}
	w.addBerths()
	for range wholeTries {
		if !w.fillAll() || x.enterAll() == 0 {
			break
		}
	}
	if w.best == 0 {
		return
	}
	first := int32(len(c.prices))
	for i := range w.berths {
		c.prices = append(c.prices, w.berths[i].price)
		w.row.by = append(w.row.by, first+int32(i))
	}
	c.addNeed(&w.row, nil)
	c.rows = append(c.rows, w.row)
}

// addBerths makes an empty node of each shape.
func (w *wholes) addBerths() {
	for k := range w.classes {
		w.class[w.classes[k].items[0]] = int32(k)
	}
	for i, s := range w.onSale {
		b := berth{room: w.c.room[i], price: make([]int64, len(w.c.dims))}
		dense, set := w.layout.row(w.shapeRows, s), w.sets[w.shapes[s].kind]
		for k := range w.classes {
			items, n := w.classes[k].items, int32(0)
			if !set.Has(int(items[0])) {
				continue
			}
			for _, item := range items {
				n += min(w.c.held[item], w.sides.alone[item])
			}
			if n = howMany(dense, w.layout.row(w.layout.size, items[0]), min(n, w.sides.counted[items[0]])); n > 0 {
				b.fits = append(b.fits, fit{items[0], n})
			}
		}
		slices.SortStableFunc(b.fits, func(x, y fit) int { return -cmp.Compare(w.safe[w.class[x.item]], w.safe[w.class[y.item]]) })
		w.berths = append(w.berths, b)
	}
}

// fillAll finds the best load of each shape at the present values, and notes those that
// are worth more than it costs. It keeps the values if they show more than any before;
// false if no shape is too dear.
func (w *wholes) fillAll() bool {
	sum, ratio := 0.0, 1.0
	for k := range w.classes {
		v := int64(max(0, w.value[k]) * w.scale)
		for _, item := range w.classes[k].items {
			w.worths[item] = v
		}
		sum += float64(float64(v) * w.classes[k].count)
	}
	w.offers, w.portions = w.offers[:0], nil
	for i := range w.berths {
		b := &w.berths[i]
		cost := w.cost[i] * w.scale
		w.most[i] = w.loader.fill(b, w.worths)
		if float64(w.most[i]) > cost*(1+tooDear) {
			ratio = min(ratio, cost/float64(w.most[i]))
			w.offer(i)
		}
	}
	if v := float64(sum * ratio); v > w.best {
		w.best = v
		w.row = certRow{values: slices.Clone(w.worths), most: slices.Clone(w.most)}
	}
	return ratio < 1
}

// offer offers the load of a shape as a column.
func (w *wholes) offer(i int) {
	b, from := &w.berths[i], len(w.portions)
	for _, j := range b.load {
		k := w.class[b.fits[j].item]
		at := slices.IndexFunc(w.portions[from:], func(p portion) bool { return p.class == k })
		if at < 0 {
			w.portions = append(w.portions, portion{k, 0})
			at = len(w.portions) - 1 - from
		}
		w.portions[from+at].amount++
	}
	w.note(i, from)
}
