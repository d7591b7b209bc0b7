package pack

import (
	"cmp"
	"math"
	"slices"
)

// lagrangian lowers what items are worth, one by one, until hosts can take little of
// it: an item that many hosts could take is worth less than one that few can. At any
// values, what all items are worth less the best load of every host is what new nodes
// must hold at least; the values that make this most are found by a subgradient
// method. Loads are whole numbers of items, so that what is left of a nearly full
// host counts for no more than what fits into it.
type lagrangian struct {
	*certifier
	full   []int64 // what items are worth on new nodes: the most
	value  []int64 // what they are worth now
	berths []berth
	loader loader
	group  []int32   // of each item, whose share it has
	share  []float64 // of each group, the part of full that its items are worth
	mass   []float64 // of each group
	way    []float64 // of each group, where shares have been going
	use    []float64 // of each item, how many the best loads hold
	best   float64   // the least that hosts take and shares give up, together
	values []int64   // at which that is so
}

// berth is a host on which items with a value fit.
type berth struct {
	host  int32
	items []int32 // those worth most first
	times []int32 // how often each of them fits alone
	room  []int64 // in units
	price []int64 // of a unit of each dimension
	load  []int32 // the best load so far, as places in items
}

// newLagrangian looks at the hosts that can take something of a row.
func (c *certifier) newLagrangian(r *certRow) *lagrangian {
	l := &lagrangian{certifier: c, full: slices.Clone(r.values), value: slices.Clone(r.values), use: make([]float64, len(c.items))}
	order := make([]int32, 0, len(c.items))
	for i, v := range r.values {
		if v > 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortStableFunc(order, func(a, b int32) int { return -cmp.Compare(r.values[a], r.values[b]) })
	for h := range c.Hosts {
		kind := c.hostKind[h]
		if kind < 0 {
			continue
		}
		dense := c.row(c.hostRows, int32(h))
		may := c.fitting(c.hostKinds.list[kind].items, dense)
		b := berth{host: int32(h)}
		for _, i := range order {
			if !may.Has(int(i)) {
				continue
			}
			if n := howMany(dense, c.row(c.layout.size, i), min(c.held[i], c.hosting.alone[i])); n > 0 {
				b.items, b.times = append(b.items, i), append(b.times, n)
			}
		}
		if len(b.items) > 0 {
			b.room, b.price = c.hostRoom(h), make([]int64, len(c.dims))
			l.berths = append(l.berths, b)
		}
	}
	l.loader = newLoader(c)
	return l
}

// lower lowers the values of a row for the sake of its need, which it has already by
// other means. It does nothing where hosts and what fits on them are too many for the
// effort, or where that does not help.
func (c *certifier) lower(r *certRow, effort int) {
	if len(c.Hosts) == 0 || effort == 0 || !c.exact {
		return
	}
	l := c.newLagrangian(r)
	size, hosted := 1, 0.0
	for i := range l.berths {
		size += len(l.berths[i].items)
	}
	for i, v := range l.full {
		hosted += float64(float64(v) * float64(c.held[i]-c.bought[i]))
	}
	rounds := min(effort/size, mostRounds)
	if rounds < fewRounds {
		return
	}
	l.gather()
	l.climb(hosted, rounds/4)
	l.single()
	l.climb(hosted, rounds)
	l.write(r)
}

const (
	// lowering is how many items on hosts are looked at for each step of the search for
	// something better.
	lowering = 600
	// mostRounds and fewRounds are how often values are changed, and grid how many
	// sizes in each of two dimensions are told apart at first.
	mostRounds, fewRounds, grid = 180, 8, 12
	// stride is how far the first steps go, as a part of the way on which what hosts
	// take would come down to what they are known to take.
	stride = 1.8
	// contenders is how many hosts there must be for an item until it is taken to be
	// worth less at first.
	contenders = 20
)

// gather makes groups of items of similar size, so that few shares are looked for at
// first.
func (l *lagrangian) gather() {
	n := len(l.items)
	l.group, l.best = make([]int32, n), math.Inf(1)
	for d := range min(2, len(l.dims)) {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		sortBy(order, func(i int) float64 { return float64(l.sizeOf(i)[d]) })
		for at, i := range order {
			l.group[i] = l.group[i]*grid + int32(at*grid/n)
		}
	}
	l.share = make([]float64, grid*grid)
	l.weigh()
	places := make([]int, n)
	for i := range l.berths {
		for _, item := range l.berths[i].items {
			places[item]++
		}
	}
	for i, v := range l.full {
		scarce := min(1, contenders*float64(l.held[i])/float64(max(places[i], 1)))
		if mass := float64(float64(v) * float64(l.held[i])); mass > 0 {
			l.share[l.group[i]] += float64(mass*scarce) / l.mass[l.group[i]]
		}
	}
	for g := range l.share {
		l.share[g] = min(l.share[g], 1)
	}
}

// single makes a group of each item, at the best values so far.
func (l *lagrangian) single() {
	share := make([]float64, len(l.items))
	for i := range share {
		l.group[i] = int32(i)
		if l.full[i] > 0 {
			share[i] = float64(l.values[i]) / float64(l.full[i])
		}
	}
	l.share = share
	l.weigh()
}

func (l *lagrangian) weigh() {
	l.mass, l.way = make([]float64, len(l.share)), make([]float64, len(l.share))
	for i, v := range l.full {
		l.mass[l.group[i]] += float64(float64(v) * float64(l.held[i]))
	}
}

// climb changes shares step by step along the subgradient, bent towards where it went
// before.
func (l *lagrangian) climb(hosted float64, rounds int) {
	step, fails := stride, 0
	best := slices.Clone(l.share)
	slope := make([]float64, len(l.share))
	for range rounds {
		total := l.evaluate()
		if total < l.best {
			if total < l.best*(1-1e-4) {
				fails = 0
			}
			l.keep(total)
			copy(best, l.share)
		} else if fails++; fails >= 16 {
			step, fails = step*0.7, 0
			copy(l.share, best)
			clear(l.way)
		}
		clear(slope)
		for i, v := range l.full {
			slope[l.group[i]] += float64(float64(v) * (l.use[i] - float64(l.held[i])))
		}
		if !l.move(slope, step*(total-hosted)) {
			return
		}
	}
}

// move moves the shares along a slope, by what ought to gain so much.
func (l *lagrangian) move(slope []float64, gain float64) bool {
	norm, dot, past := 0.0, 0.0, 0.0
	for g := range slope {
		if l.mass[g] == 0 || slope[g] < 0 && l.share[g] >= 1 || slope[g] > 0 && l.share[g] <= 0 {
			slope[g] = 0
			continue
		}
		slope[g] /= math.Sqrt(l.mass[g])
		dot += float64(slope[g] * l.way[g])
		norm += float64(slope[g] * slope[g])
		past += float64(l.way[g] * l.way[g])
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
	for g := range slope {
		l.way[g] = slope[g] + float64(bend*l.way[g])
		norm += float64(l.way[g] * l.way[g])
	}
	if norm == 0 {
		return false
	}
	for g, w := range l.way {
		if l.mass[g] > 0 {
			l.share[g] = min(1, max(0, l.share[g]-float64(gain/norm*w)/math.Sqrt(l.mass[g])))
		}
	}
	return true
}

// evaluate returns what hosts take at the present shares, and what is given up by
// them.
func (l *lagrangian) evaluate() float64 {
	total := 0.0
	for i, v := range l.full {
		l.value[i] = int64(float64(v) * l.share[l.group[i]])
		total += float64(float64(v-l.value[i]) * float64(l.held[i]))
	}
	clear(l.use)
	for i := range l.berths {
		b := &l.berths[i]
		total += float64(l.loader.fill(b, l.value))
		for _, j := range b.load {
			l.use[b.items[j]]++
		}
	}
	return total
}

func (l *lagrangian) keep(total float64) {
	l.best = total
	l.values = append(l.values[:0], l.value...)
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
