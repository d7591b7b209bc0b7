package verify

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ullage-sh/ullage/pack"
)

// holds checks that a place holds a value of no more than most: by a list of prices, or
// by trying its loads. With no list each item counts as if it were alone.
func (c *checker) holds(r *pack.Row, extra *extras, x place, by int32, most int64) error {
	if by < 0 {
		if worth := c.alone(r, x); worth > most {
			return fmt.Errorf("it may hold value %d, the row says at most %d", worth, most)
		}
		return nil
	}
	if c.most(x, extra.of(x, by), by) <= most {
		return nil
	}
	l, err := c.newLoads(r, x, by, most)
	if err != nil {
		return err
	}
	return l.try(0, 0, l.slack)
}

// mostTried bounds the loads that are tried for one place.
const mostTried = 100_000

// loads are the loads of a place, of which one may be worth too much.
type loads struct {
	most, slack int64   // slack is what the room is worth
	free        []int64 // in units
	wares       []ware  // those worth most for their size first
	rest        []int64 // of each ware, what it and those after it are worth beyond that
	tried       int
}

// ware is items of one size and value that fit on the place.
type ware struct {
	size        []int64 // in units
	group       int     // the first item of that size
	times       int64   // how many of them still fit alone
	value, cost int64   // cost is what the room is worth that it takes
}

func (c *checker) newLoads(r *pack.Row, x place, by int32, most int64) (*loads, error) {
	l := &loads{most: most, free: make([]int64, len(c.part.Dims))}
	prices := c.part.Prices[by]
	for i, d := range c.part.Dims {
		if u := c.part.Units[i]; u > 0 {
			l.free[i] = min(max(0, c.roomIn(x, d))/u, c.total[i])
		}
		l.slack = sum(l.slack, product(prices[i], l.free[i]))
	}
	if l.slack == math.MaxInt64 {
		return nil, errors.New("its room is worth more than can be counted")
	}
	for i, v := range r.Values {
		if v == 0 || !c.admits(x, i) || c.times(x, i) == 0 {
			continue
		}
		like := func(w ware) bool { return w.group == c.groups[i] && w.value == v }
		if at := slices.IndexFunc(l.wares, like); at >= 0 {
			l.wares[at].times = min(sum(l.wares[at].times, c.times(x, i)), c.room(x, i))
			continue
		}
		w := ware{size: make([]int64, len(l.free)), group: c.groups[i], times: c.times(x, i), value: v}
		for _, a := range c.problem.Items[i].Size {
			if at := c.column[a.Dim] - 1; at >= 0 {
				w.size[at] = a.Value / c.part.Units[at]
				w.cost = sum(w.cost, product(prices[at], w.size[at]))
			}
		}
		l.wares = append(l.wares, w)
	}
	slices.SortStableFunc(l.wares, func(a, b ware) int { return -cmp.Compare(a.value-a.cost, b.value-b.cost) })
	l.rest = make([]int64, len(l.wares)+1)
	for j := len(l.wares) - 1; j >= 0; j-- {
		l.rest[j] = sum(l.rest[j+1], product(max(0, l.wares[j].value-l.wares[j].cost), l.wares[j].times))
	}
	return l, nil
}

// try tries all loads that add wares from j on to some that are worth so much and
// leave room worth slack. What they could add at most is the worth of that room, and
// of the wares beyond their size.
func (l *loads) try(j int, worth, slack int64) error {
	if worth > l.most {
		return fmt.Errorf("a load has value %d, the row says at most %d", worth, l.most)
	}
	for ; j < len(l.wares); j++ {
		w := &l.wares[j]
		if sum(sum(worth, slack), l.rest[j])+min(0, w.value-w.cost) <= l.most {
			return nil // nor can any of the wares that come after it
		}
		if l.tried++; l.tried > mostTried {
			return errors.New("too many loads would have to be tried")
		}
		if w.times == 0 || !l.fits(w) {
			continue
		}
		l.put(w, 1)
		err := l.try(j, worth+w.value, slack-w.cost)
		l.put(w, -1)
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *loads) fits(w *ware) bool {
	for d, v := range w.size {
		if v > l.free[d] {
			return false
		}
	}
	return true
}

func (l *loads) put(w *ware, n int64) {
	w.times -= n
	for d, v := range w.size {
		l.free[d] -= n * v
	}
}
