package pack

import "math"

// loader finds the load of a host that is worth most, in whole numbers: a search in
// which what the rest of the room could be worth at most is its price, and what the
// remaining items are worth beyond theirs.
type loader struct {
	*certifier
	knapsack *knapsack
	scale    []float64
	room     []float64 // of the berth, as parts of scale
	value    []float64 // of each item
	times    []float64 // of each item
	classes  []int32   // the items that fit on the berth

	berth  *berth
	more   []int64 // of each item of the berth, what it is worth beyond its room
	wares  []ware
	rest   []int64 // of each ware, what it and those after it are worth beyond their room
	free   []int64
	chosen []int32
	best   int64
	bound  int64
	tried  int
	most   int // that may be tried
}

// ware is an item that may be part of a load better than the best one known.
type ware struct {
	at    int32 // its place in the berth
	left  int32 // how often it may still be taken
	worth int64
	more  int64 // than what the room that it takes is worth
	size  []int64
}

// mostTried bounds the loads that are looked at for one host, fewWares how many
// items are searched through without working prices out anew.
const (
	mostTried = 4000
	fewTried  = 100
	fewWares  = 48
)

func newLoader(c *certifier) loader {
	n := len(c.dims)
	size := make([]float64, n*len(c.items))
	l := loader{certifier: c, scale: make([]float64, n), room: make([]float64, n), value: make([]float64, len(c.items)), times: make([]float64, len(c.items))}
	for d, v := range c.total {
		l.scale[d] = float64(max(v, 1))
	}
	for i := range c.items {
		for d, v := range c.sizeOf(i) {
			size[i*n+d] = float64(v) / l.scale[d]
		}
	}
	l.knapsack = newKnapsack(n, size)
	return l
}

// fill finds the best load of a berth at some values and leaves it there. It returns
// what that is worth, or if it gave up, something above.
func (l *loader) fill(b *berth, value []int64) int64 {
	l.begin(b, value)
	if l.choose(value); len(l.wares) > fewWares || !l.searchAll(fewTried) {
		l.price(value)
		l.choose(value)
		if !l.searchAll(mostTried) {
			return l.bound
		}
	}
	return l.best
}

// searchAll tries all loads that could be better than the best one known; false if
// they are more than so many.
func (l *loader) searchAll(most int) bool {
	l.arrange()
	l.tried, l.most = 0, most
	l.search(0, 0, l.slack())
	return l.tried <= most
}

// begin starts with the best load of the last time.
func (l *loader) begin(b *berth, value []int64) {
	l.berth, l.best = b, 0
	for _, j := range b.load {
		l.best += value[b.fits[j].item]
	}
	l.free = append(l.free[:0], b.room...)
	l.chosen = l.chosen[:0]
}

// choose finds the items that may be part of something better.
func (l *loader) choose(value []int64) {
	b := l.berth
	l.bound, l.wares, l.more = l.slack(), l.wares[:0], l.more[:0]
	for _, x := range b.fits {
		more := int64(0)
		if v := value[x.item]; v > 0 {
			if more = v - worthAt(l.sizeOf(int(x.item)), b.price); more > 0 {
				l.bound = addSaturating(l.bound, more, int64(x.times))
			}
		}
		l.more = append(l.more, more)
	}
	if l.bound <= l.best {
		return
	}
	for j, x := range b.fits {
		if more := l.more[j]; value[x.item] > 0 && l.bound+min(0, more) > l.best {
			l.wares = append(l.wares, ware{at: int32(j), left: x.times, worth: value[x.item], more: more, size: l.sizeOf(int(x.item))})
		}
	}
}

// slack is what the room is worth.
func (l *loader) slack() int64 { return worthAt(l.free, l.berth.price) }

// worthAt is what an amount that fits into the room of a berth is worth at its prices,
// which are low enough for that, see [loader.price].
func worthAt(amount, price []int64) int64 {
	sum := int64(0)
	for d, v := range amount {
		sum += price[d] * v
	}
	return sum
}

// search tries all loads that add wares from j on to those that are chosen.
func (l *loader) search(j int, worth, slack int64) {
	if worth > l.best {
		l.best = worth
		l.berth.load = append(l.berth.load[:0], l.chosen...)
	}
	for ; j < len(l.wares); j++ {
		w := &l.wares[j]
		most := worth + slack + l.rest[j]
		if most <= l.best || l.tried > l.most {
			return
		}
		if most+min(0, w.more) <= l.best || w.left == 0 {
			continue
		}
		if l.tried++; !holds(l.free, w.size) {
			continue
		}
		l.move(w, 1)
		l.search(j, worth+w.worth, slack-w.worth+w.more)
		l.move(w, -1)
	}
}

// arrange adds up what wares are worth beyond their room.
func (l *loader) arrange() {
	l.rest = append(l.rest[:0], make([]int64, len(l.wares)+1)...)
	for j := len(l.wares) - 1; j >= 0; j-- {
		l.rest[j] = addSaturating(l.rest[j+1], max(0, l.wares[j].more), int64(l.wares[j].left))
	}
}

// move takes a ware, or with −1 puts it back.
func (l *loader) move(w *ware, n int32) {
	for d, v := range w.size {
		l.free[d] -= int64(n) * v
	}
	w.left -= n
	if n > 0 {
		l.chosen = append(l.chosen, w.at)
	} else {
		l.chosen = l.chosen[:len(l.chosen)-1]
	}
}

// price finds prices of room by the linear program of the berth.
func (l *loader) price(value []int64) {
	b := l.berth
	l.classes = l.classes[:0]
	for _, x := range b.fits {
		l.value[x.item], l.times[x.item] = float64(value[x.item]), float64(x.times)
		l.classes = append(l.classes, x.item)
	}
	for d, v := range b.room {
		l.room[d] = float64(v) / l.scale[d]
	}
	l.knapsack.solve(l.room, l.value, l.times, l.classes)
	for d, p := range l.knapsack.price {
		most := float64(int64(1)<<60) / float64(float64(len(b.room))*float64(max(b.room[d], 1)))
		b.price[d] = int64(min(most, max(0, math.Round(p/l.scale[d]))))
	}
}
