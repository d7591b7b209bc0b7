package pack

import (
	"cmp"
	"math"
	"slices"
)

// whole continues a linear program with nodes that are filled with whole numbers
// of each class. It makes sense where classes are uniform: then such a node can be
// bought as it is.
type whole struct {
	*master
	free   []float64
	counts []int32 // of each class on the node at hand
	within []int32 // the classes that the node at hand holds
	load   load    // of the node at hand
}

// wholeRounds bounds the rounds of column generation with whole numbers.
const wholeRounds = 40

// solveWhole solves the program for whole numbers, as far as filling nodes by hand
// gets. The basis then consists of nodes that can be bought.
func (x *master) solveWhole() {
	w := whole{master: x, free: make([]float64, x.dims), counts: make([]int32, len(x.classes)), load: newLoad(&x.sides)}
	x.offers = w.rounded()
	w.begin()
	x.enterAll()
	at := make([]float64, len(x.classes))
	back := backward
	for range wholeRounds {
		for c := range at {
			at[c] = float64(back*x.safe[c]) + float64((1-back)*x.value[c])
		}
		w.offerAll(at)
		if x.enterAll() > 0 {
			continue
		}
		if back == 0 {
			break
		}
		back = 0
	}
}

// begin makes a basis of one column for each class, with as many of it as fit the
// shape that holds them for least.
func (w *whole) begin() {
	n := len(w.classes)
	clear(w.inverse)
	for c := range n {
		w.value[c] = 1e15
		w.basis[c] = column{shape: -1, holds: []portion{{int32(c), 1}}}
	}
	for i, may := range w.may {
		for _, c := range may {
			if fit := math.Floor(w.fit(i, c)); fit >= 1 && w.cost[i]/fit < w.value[c] {
				w.value[c] = w.cost[i] / fit
				w.basis[c] = column{shape: i, holds: []portion{{c, fit}}}
			}
		}
	}
	for c := range n {
		fit := w.basis[c].holds[0].amount
		w.inverse[c*n+c] = 1 / fit
		w.amount[c] = w.classes[c].count / fit
	}
}

// fit is how often a class fits on a node alone.
func (w *whole) fit(shape int, c int32) float64 {
	most := w.mostOf(shape)[c]
	room := w.row(w.room, shape)
	for d, v := range w.row(w.size, int(c)) {
		if v > 0 {
			most = min(most, room[d]*(1+1e-12)/v)
		}
	}
	return most
}

// rounded makes whole nodes of those in the basis.
func (w *whole) rounded() []column {
	w.offers, w.portions = w.offers[:0], nil
	for _, b := range w.basis {
		if b.shape >= 0 {
			w.start(b.shape)
			for _, a := range b.holds {
				w.put(b.shape, a.class, int32(a.amount+1e-9))
			}
			w.finish(b.shape, w.safe)
		}
	}
	return slices.Clone(w.offers)
}

// offerAll fills nodes of the most promising shapes for the given values.
func (w *whole) offerAll(value []float64) {
	w.offers, w.portions = w.offers[:0], nil
	k := w.knapsack
	near := 0
	slices.SortFunc(w.active, func(a, b int) int {
		return cmp.Or(-cmp.Compare(w.worth[a]/w.cost[a], w.worth[b]/w.cost[b]), cmp.Compare(a, b))
	})
	for _, i := range w.active {
		if near++; near > nearest {
			break
		}
		k.solve(w.row(w.room, i), value, w.mostOf(i), w.may[i])
		w.worth[i] = k.worth
		best := k.filled(nil)
		w.start(i)
		w.putAll(i, best)
		w.finish(i, value)
		if near > nearest/2 {
			continue
		}
		for _, c := range w.may[i] {
			w.start(i)
			w.put(i, c, 1)
			w.putAll(i, best)
			w.finish(i, value)
		}
	}
}

func (w *whole) start(shape int) {
	copy(w.free, w.row(w.room, shape))
	w.load.reset()
	for _, c := range w.within {
		w.counts[c] = 0
	}
	w.within = w.within[:0]
}

func (w *whole) putAll(shape int, holds []portion) {
	for _, a := range holds {
		w.put(shape, a.class, int32(a.amount+1e-9))
	}
}

// put adds as many of a class as go in, at most n.
func (w *whole) put(shape int, c, n int32) {
	n = min(n, int32(min(w.mostOf(shape)[c], 1<<30))-w.counts[c])
	size := w.row(w.size, int(c))
	for d, v := range size {
		if v > 0 {
			n = min(n, int32(min(w.free[d]*(1+1e-9)/v, 1<<30)))
		}
	}
	if n > 0 {
		n = w.welcome(c, n)
	}
	if n > 0 {
		w.change(c, n)
	}
}

// change adds n of a class, or with n < 0 takes them away.
func (w *whole) change(c, n int32) {
	if w.counts[c] == 0 {
		w.within = append(w.within, c)
	}
	w.counts[c] += n
	if items := w.classes[c].items; len(items) == 1 {
		w.load.add(items[0], n)
	}
	for d, v := range w.row(w.size, int(c)) {
		w.free[d] -= float64(float64(n) * v)
	}
}

// finish fills the node up, exchanges what makes it worth more, and offers it if
// it lowers the cost.
func (w *whole) finish(shape int, value []float64) {
	w.topUp(shape, value)
	for range 4 {
		if !w.exchange(shape, value) {
			break
		}
	}
	from := len(w.portions)
	for _, c := range w.within {
		if w.counts[c] > 0 && !slices.ContainsFunc(w.portions[from:], func(p portion) bool { return p.class == c }) {
			w.portions = append(w.portions, portion{c, float64(w.counts[c])})
		}
	}
	w.note(shape, from)
}

// topUp adds the class worth most that goes in, again and again.
func (w *whole) topUp(shape int, value []float64) {
	for {
		best := int32(-1)
		for _, c := range w.may[shape] {
			if (best < 0 || value[c] > value[best]) && w.fits(shape, c) {
				best = c
			}
		}
		if best < 0 || value[best] <= 0 {
			return
		}
		w.put(shape, best, 1<<30)
	}
}

func (w *whole) fits(shape int, c int32) bool {
	if float64(w.counts[c]) >= w.mostOf(shape)[c] {
		return false
	}
	for d, v := range w.row(w.size, int(c)) {
		if v > w.free[d]*(1+1e-9) {
			return false
		}
	}
	return w.welcome(c, 1) > 0
}

// welcome is how many of a class, at most n, rules let onto the node at hand, if it is
// of one item: others may be replaced by their like.
func (w *whole) welcome(c, n int32) int32 {
	if items := w.classes[c].items; len(items) == 1 {
		return w.load.most(items[0], n)
	}
	return n
}

// exchange makes the best exchange of one for another; false when none gains.
func (w *whole) exchange(shape int, value []float64) bool {
	gain, out, in := 0.0, int32(-1), int32(-1)
	for _, t := range w.within {
		if w.counts[t] == 0 {
			continue
		}
		w.change(t, -1)
		for _, c := range w.may[shape] {
			if g := value[c] - value[t]; c != t && g > gain+1e-9*value[t] && w.fits(shape, c) {
				gain, out, in = g, t, c
			}
		}
		w.change(t, 1)
	}
	if in < 0 {
		return false
	}
	w.change(out, -1)
	w.change(in, 1)
	w.topUp(shape, value)
	return true
}
