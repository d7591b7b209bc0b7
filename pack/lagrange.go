package pack

import (
	"cmp"
	"math"
	"slices"
)

// lagrangian lowers what items are worth, one by one, until hosts can take little of
// it: an item that many hosts could take is worth less than one that few can. At any
// values, what all items are worth less the best load of every host is what new nodes
// must hold at least. Hosts are filled first, and an item is worth what the dearest one
// is worth that would have its place; from there on the values that make most of it
// are found by a subgradient method. Loads are whole numbers of items, so that what is
// left of a nearly full host counts for no more than what fits into it.
type lagrangian struct {
	*certifier
	full   []int64 // what items are worth on new nodes: the most
	value  []int64 // what they are worth now
	berths []berth
	loader loader
	share  []float64 // of each item, the part of full that it is worth
	mass   []float64 // of each item, what all of it is worth on new nodes
	way    []float64 // of each item, where its share has been going
	use    []float64 // of each item, how many the best loads hold
	best   float64   // the least that hosts take and shares give up, together
	values []int64   // at which that is so
}

// berth is a host on which items with a value fit.
type berth struct {
	host  int32
	fits  []fit   // those worth most first
	room  []int64 // in units
	price []int64 // of a unit of each dimension
	load  []int32 // the best load so far, as places in fits
}

// newLagrangian looks at the hosts that can take something of a row.
func (c *certifier) newLagrangian(r *certRow) *lagrangian {
	n := len(c.items)
	l := &lagrangian{
		certifier: c, full: r.values, value: make([]int64, n), best: -float64(r.need),
		share: make([]float64, n), mass: make([]float64, n), way: make([]float64, n), use: make([]float64, n),
	}
	for i, v := range l.full {
		l.mass[i] = float64(float64(v) * float64(c.held[i]))
		l.best += l.mass[i]
	}
	for h := range c.Hosts {
		b := berth{host: int32(h)}
		for _, x := range c.fits.of(int32(h)) {
			if l.full[x.item] > 0 {
				b.fits = append(b.fits, x)
			}
		}
		if len(b.fits) > 0 {
			b.room, b.price = c.hostRoom(h), make([]int64, len(c.dims))
			slices.SortStableFunc(b.fits, func(x, y fit) int { return -cmp.Compare(l.full[x.item], l.full[y.item]) })
			l.berths = append(l.berths, b)
		}
	}
	l.loader = newLoader(c)
	return l
}

// order lists the items that are worth something, those worth most first.
func (l *lagrangian) order() []int32 {
	var out []int32
	for i, v := range l.full {
		if v > 0 {
			out = append(out, int32(i))
		}
	}
	slices.SortStableFunc(out, func(a, b int32) int { return -cmp.Compare(l.full[a], l.full[b]) })
	return out
}

// lower lowers the values of a row for the sake of its need, which it has already by
// other means. It does nothing where hosts and what fits on them are too many for the
// effort, or where that does not help.
func (c *certifier) lower(r *certRow, effort int) {
	if len(c.Hosts) == 0 || effort == 0 || !c.exact {
		return
	}
	l := c.newLagrangian(r)
	size := 1
	for i := range l.berths {
		size += len(l.berths[i].fits)
	}
	rounds := min(effort/size, mostRounds)
	if rounds < fewRounds {
		return
	}
	if l.climb(l.fill(), rounds); l.values != nil {
		l.write(r)
	}
}

const (
	// lowering is how many items on hosts are looked at for each step of the search for
	// something better.
	lowering = 600
	// mostRounds and fewRounds are how often values are changed.
	mostRounds, fewRounds = 20, 4
	// stride is how far the first steps go, as a part of the way on which what hosts
	// take would come down to what they are known to take, and patience how many of
	// them may lead nowhere before they get shorter.
	stride, patience = 0.3, 6
)

// fill fills the hosts, and with that chooses the first loads and values: an item of
// which some is left is worth all that it is on new nodes, any other what the first one
// is worth that would have had its place. It returns what hosts hold.
func (l *lagrangian) fill() float64 {
	s := newState(l.layout)
	for i, n := range l.held {
		s.add(int32(i), n-s.left[i])
	}
	q := newQuarters(s, s.hostOrder())
	q.house(l.order())
	held := 0.0
	for i, v := range l.full {
		held += float64(float64(v) * float64(l.held[i]-s.left[i]))
		switch by := q.outbid[i]; {
		case s.left[i] > 0:
			l.share[i] = 1
		case by != nobody:
			l.share[i] = min(1, float64(l.full[by])/float64(l.full[i]))
		}
	}
	for i := range l.berths {
		b := &l.berths[i]
		for j, x := range b.fits {
			for _, t := range s.onHost[b.host] {
				if t.item == x.item {
					b.load = append(b.load, slices.Repeat([]int32{int32(j)}, int(t.count))...)
				}
			}
		}
	}
	return held
}

// climb changes shares step by step along the subgradient, bent towards where it went
// before, where hosts are known to hold so much. If the first shares show less than is
// known already, it begins with all that items are worth on new nodes.
func (l *lagrangian) climb(held float64, rounds int) {
	step, fails := stride, 0
	var best, steepest []float64
	slope := make([]float64, len(l.share))
	for range rounds {
		total := l.evaluate()
		for i, v := range l.full {
			slope[i] = float64(float64(v) * (l.use[i] - float64(l.held[i])))
		}
		switch {
		case total < l.best:
			if total < l.best*(1-1e-4) {
				fails = 0
			}
			l.best, l.values = total, append(l.values[:0], l.value...)
			best, steepest = append(best[:0], l.share...), append(steepest[:0], slope...)
		case best == nil:
			best = slices.Repeat([]float64{1}, len(l.share))
			copy(l.share, best)
			continue
		default:
			fails++
		}
		if fails >= patience && steepest != nil {
			step, fails, total = step*0.7, 0, l.best
			copy(l.share, best)
			copy(slope, steepest)
			clear(l.way)
		}
		if !l.move(slope, step*(total-held)) {
			return
		}
	}
}

// move moves the shares along a slope, by what ought to gain so much.
func (l *lagrangian) move(slope []float64, gain float64) bool {
	norm, dot, past := 0.0, 0.0, 0.0
	for i := range slope {
		if l.mass[i] == 0 || slope[i] < 0 && l.share[i] >= 1 || slope[i] > 0 && l.share[i] <= 0 {
			slope[i] = 0
			continue
		}
		slope[i] /= math.Sqrt(l.mass[i])
		dot += float64(slope[i] * l.way[i])
		norm += float64(slope[i] * slope[i])
		past += float64(l.way[i] * l.way[i])
	}
	if norm == 0 {
		return false
	}
	bend := 0.0
	if past > norm*1e-9 {
		bend = 0.3 * math.Sqrt(norm/past)
		if dot < 0 {
			bend = min(-1.5*dot/past, math.Sqrt(norm/past))
		}
	}
	norm = 0
	for i := range slope {
		l.way[i] = slope[i] + float64(bend*l.way[i])
		norm += float64(l.way[i] * l.way[i])
	}
	if norm == 0 {
		return false
	}
	for i, w := range l.way {
		if l.mass[i] > 0 {
			l.share[i] = min(1, max(0, l.share[i]-float64(gain/norm*w)/math.Sqrt(l.mass[i])))
		}
	}
	return true
}

// evaluate returns what hosts take at the present shares, and what is given up by
// them.
func (l *lagrangian) evaluate() float64 {
	total := 0.0
	for i, v := range l.full {
		l.value[i] = int64(float64(v) * l.share[i])
		total += float64(float64(v-l.value[i]) * float64(l.held[i]))
	}
	clear(l.use)
	for i := range l.berths {
		b := &l.berths[i]
		total += float64(l.loader.fill(b, l.value))
		for _, j := range b.load {
			l.use[b.fits[j].item]++
		}
	}
	return total
}

// write puts the best values into a row, and what they show of each host, if that
// leaves more for new nodes.
func (l *lagrangian) write(r *certRow) {
	most, by := make([]int64, len(l.Hosts)), make([]int32, len(l.Hosts))
	need, first := int64(0), len(l.prices)
	for i, v := range l.values {
		need = addSaturating(need, v, int64(l.held[i]))
	}
	for h := range by {
		by[h] = -1
	}
	for i := range l.berths {
		b := &l.berths[i]
		most[b.host] = l.loader.fill(b, l.values)
		need -= most[b.host]
		by[b.host] = int32(first + i)
	}
	// Values mean the same before and after: what shapes hold at most is no more.
	if need <= r.need {
		return
	}
	for i := range l.berths {
		l.prices = append(l.prices, l.berths[i].price)
	}
	r.values, r.need, r.hostMost, r.hostBy = l.values, need, most, by
}
