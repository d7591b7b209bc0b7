package verify

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/ullage-sh/ullage/pack"
)

// checker checks one part of a proof.
type checker struct {
	problem *pack.Problem
	proof   *pack.Proof
	part    *pack.Part

	column []int   // of each dimension, its place in part.Dims plus 1
	total  []int64 // of all items that have a value, in units
	caps   []int64 // of each item, how many of it rules let share a node
	groups []int   // of each item, the first one of the same size
	leaves map[varietyKey]bool
}

func (c *checker) check() error {
	c.column, c.leaves = make([]int, len(c.problem.Room)), map[varietyKey]bool{}
	for i, d := range c.part.Dims {
		c.column[d] = i + 1
	}
	if err := c.units(); err != nil {
		return err
	}
	c.addCaps()
	c.addGroups()
	for i := range c.part.Rows {
		if err := c.row(&c.part.Rows[i]); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	for s, as := range c.part.As {
		if as >= 0 && c.problem.Shapes[as].Price > c.problem.Shapes[s].Price {
			return fmt.Errorf("shape %d counts as shape %d, which costs more", s, as)
		}
	}
	return c.cases()
}

// units checks that sizes are multiples of their units, and sums them up.
func (c *checker) units() error {
	c.total = make([]int64, len(c.part.Dims))
	for i := range c.problem.Items {
		if !c.counts(i) {
			continue
		}
		for _, a := range c.problem.Items[i].Size {
			at := c.column[a.Dim] - 1
			if at < 0 {
				continue
			}
			if u := c.part.Units[at]; u <= 0 || a.Value%u != 0 {
				return fmt.Errorf("item %d needs %d in dimension %d, which is no multiple of %d", i, a.Value, a.Dim, u)
			}
			c.total[at] = sum(c.total[at], product(a.Value/c.part.Units[at], int64(c.proof.Held[i])))
		}
	}
	return nil
}

// counts tells whether an item has a value in some row.
func (c *checker) counts(item int) bool {
	for i := range c.part.Rows {
		if c.part.Rows[i].Values[item] > 0 {
			return true
		}
	}
	return false
}

// addCaps finds how many of each item may share a node because of a rule that it
// falls under with itself.
func (c *checker) addCaps() {
	c.caps = make([]int64, len(c.problem.Items))
	for i := range c.caps {
		c.caps[i] = math.MaxInt64
		for _, r := range c.problem.Rules {
			if r.Holders.Has(i) && r.Members.Has(i) {
				c.caps[i] = min(c.caps[i], max(0, int64(r.Cap)))
			}
		}
	}
}

// addGroups finds items of the same size.
func (c *checker) addGroups() {
	first := map[string]int{}
	for i := range c.problem.Items {
		key := fmt.Sprint(c.problem.Items[i].Size)
		if _, known := first[key]; !known {
			first[key] = i
		}
		c.groups = append(c.groups, first[key])
	}
}

// row checks what a row says of shapes and hosts.
func (c *checker) row(r *pack.Row) error {
	extra := newExtras(c, r)
	for s := range c.problem.Shapes {
		x := &c.problem.Shapes[s]
		place := place{room: x.Room, kind: x.Kind, tier: x.Tier, variety: x.Variety}
		as := c.part.As[s]
		if as < 0 {
			if most := c.alone(r, place); most > 0 {
				return fmt.Errorf("shape %d is not of this part and holds value %d", s, most)
			}
			continue
		}
		if r.By[as] < 0 {
			return fmt.Errorf("shape %d has no list of prices", as)
		}
		if err := c.holds(r, extra, place, r.By[as], r.Most[as]); err != nil {
			return fmt.Errorf("a node of shape %d: %w", s, err)
		}
	}
	return c.need(r, extra)
}

// need checks how much of a row new nodes must hold.
func (c *checker) need(r *pack.Row, extra *extras) error {
	all, onHosts := int64(0), int64(0)
	for i, v := range r.Values {
		if v > 0 {
			all = sum(all, product(v, int64(c.proof.Held[i])))
		}
	}
	if all == math.MaxInt64 {
		return fmt.Errorf("the values of all items are too large to be summed up")
	}
	for h := range c.problem.Hosts {
		host := place{room: c.problem.Hosts[h].Room, kind: c.problem.Hosts[h].Kind, tier: onHost}
		if err := c.holds(r, extra, host, r.HostBy[h], r.HostMost[h]); err != nil {
			return fmt.Errorf("host %d: %w", h, err)
		}
		onHosts = sum(onHosts, r.HostMost[h])
	}
	if len(c.problem.Hosts) > 0 {
		onHosts = min(onHosts, c.fitting(r))
	}
	if least := max(0, all-onHosts); r.Need > least {
		return fmt.Errorf("it says that new nodes must hold %d, but hosts may leave only %d", r.Need, least)
	}
	return nil
}

// place is a shape or a host.
type place struct {
	room    []pack.Amount
	kind    int32
	tier    int32
	variety *pack.Variety
}

// onHost is the tier of what costs nothing.
const onHost = int32(-1)

// admits tells whether an item may be on a place, room aside.
func (c *checker) admits(x place, item int) bool {
	if c.proof.Held[item] == 0 || !c.problem.Admits[x.kind].Has(int(c.problem.Items[item].Profile)) {
		return false
	}
	if x.tier == onHost {
		return true
	}
	return (c.proof.Tier == nil || c.proof.Tier[item] == x.tier) && c.varied(x.variety, item)
}

// varied tells whether an item alone on a node leaves enough alternatives.
func (c *checker) varied(v *pack.Variety, item int) bool {
	if v == nil {
		return true
	}
	key := varietyKey{v, item}
	if ok, known := c.leaves[key]; known {
		return ok
	}
	ok := true
	for k, least := range v.Least {
		values := map[int32]bool{}
		for _, a := range v.Alternatives {
			one := place{room: a.Room, kind: a.Kind}
			if a.Values[k] >= 0 && c.problem.Admits[a.Kind].Has(int(c.problem.Items[item].Profile)) && c.times(one, item) > 0 {
				values[a.Values[k]] = true
			}
		}
		ok = ok && len(values) >= int(least)
	}
	c.leaves[key] = ok
	return ok
}

type varietyKey struct {
	variety *pack.Variety
	item    int
}

// roomIn is what a place offers in a dimension.
func (c *checker) roomIn(x place, dim int32) int64 {
	for _, a := range x.room {
		if a.Dim == dim {
			return a.Value
		}
	}
	return c.problem.Room[dim]
}

// times is how often an item fits on a place alone, no more than there are of it.
func (c *checker) times(x place, item int) int64 {
	return min(int64(c.proof.Held[item]), c.caps[item], c.room(x, item))
}

// room is how many items of the size of this one have room on a place.
func (c *checker) room(x place, item int) int64 {
	n := int64(math.MaxInt64)
	for _, a := range c.problem.Items[item].Size {
		if a.Value > 0 {
			n = min(n, max(0, c.roomIn(x, a.Dim))/a.Value)
		}
	}
	return n
}

// most bounds the value that a place holds by a list of prices.
func (c *checker) most(x place, extra []extraItem, by int32) int64 {
	worth := int64(0)
	for i, d := range c.part.Dims {
		if u := c.part.Units[i]; u > 0 {
			units := min(max(0, c.roomIn(x, d))/u, c.total[i])
			worth = sum(worth, product(c.part.Prices[by][i], units))
		}
	}
	for i := 0; i < len(extra); {
		each, most, group := int64(0), int64(0), extra[i].group
		room := c.room(x, extra[i].item)
		for ; i < len(extra) && extra[i].group == group; i++ {
			each = sum(each, product(extra[i].worth, c.times(x, extra[i].item)))
			most = max(most, extra[i].worth)
		}
		worth = sum(worth, min(each, product(most, room)))
	}
	return worth
}

// alone is what all items are worth that fit on a place, each as if it were alone
// there.
func (c *checker) alone(r *pack.Row, x place) int64 {
	worth := int64(0)
	for i, v := range r.Values {
		if v > 0 && c.admits(x, i) {
			worth = sum(worth, product(v, c.times(x, i)))
		}
	}
	return worth
}

// fitting is what those of each item are worth that fit on some host, each item as
// if it were alone.
func (c *checker) fitting(r *pack.Row) int64 {
	worth := int64(0)
	for i, v := range r.Values {
		if v == 0 {
			continue
		}
		n := int64(0)
		for h := 0; h < len(c.problem.Hosts) && n < int64(c.proof.Held[i]); h++ {
			host := place{room: c.problem.Hosts[h].Room, kind: c.problem.Hosts[h].Kind, tier: onHost}
			if c.admits(host, i) {
				n += c.times(host, i)
			}
		}
		worth = sum(worth, product(v, min(n, int64(c.proof.Held[i]))))
	}
	return worth
}

// extraItem is an item that is worth more than its size.
type extraItem struct {
	item  int
	group int   // the first item of the same size
	worth int64 // beyond its size
}

// extras lists the items of a row that are worth more than their size by a list of
// prices, for each kind of place, those of the same size next to each other.
type extras struct {
	*checker
	row  *pack.Row
	list map[extrasKey][]extraItem
}

type extrasKey struct {
	kind, tier, by int32
	variety        *pack.Variety
}

func newExtras(c *checker, r *pack.Row) *extras {
	return &extras{c, r, map[extrasKey][]extraItem{}}
}

func (e *extras) of(x place, by int32) []extraItem {
	key := extrasKey{x.kind, x.tier, by, x.variety}
	if list, ok := e.list[key]; ok {
		return list
	}
	var list []extraItem
	for i, v := range e.row.Values {
		if v == 0 || !e.admits(x, i) {
			continue
		}
		worth := int64(0)
		for _, a := range e.problem.Items[i].Size {
			if at := e.column[a.Dim]; at > 0 {
				worth = sum(worth, product(e.part.Prices[by][at-1], a.Value/e.part.Units[at-1]))
			}
		}
		if v > worth {
			list = append(list, extraItem{i, e.groups[i], v - worth})
		}
	}
	slices.SortStableFunc(list, func(a, b extraItem) int { return cmp.Compare(a.group, b.group) })
	e.list[key] = list
	return list
}

// product and sum stay at the largest number instead of running over. Neither
// takes negative ones.
func product(a, b int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi > 0 || lo > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(lo)
}

func sum(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
