package pack

import (
	"cmp"
	"math"
	"slices"
)

// fillHosts puts what it can on hosts. Items that nothing can be bought for go first, then the
// largest. If that leaves some, it tries other ways. In a first packing those with the least
// choice come first, if all find room so. With steps to spend, or if it is told to, it takes
// the way that leaves what is worth least: those first that are worth most on new nodes, which
// is better where hosts have room for one item each, or host by host, which is better where
// they have room for many.
func (s *state) fillHosts() {
	hosts := s.hostOrder()
	if len(hosts) == 0 {
		return
	}
	stuck, others := FullSet(len(s.items)), NewSet(len(s.items))
	for i := range s.tiers {
		stuck.AndNot(s.tiers[i].buyable)
		others.Or(s.tiers[i].buyable)
	}
	first, then := stuck.members(), others.members()
	quick := s.opt.Steps == 0 && !s.opt.Hosts
	if len(s.dense) == 0 || quick && !s.roomForAll(hosts) {
		newQuarters(s, hosts).house(first, then)
		return
	}
	begin := func() *quarters { return newQuarters(newState(s.layout), hosts) }
	largest := begin()
	largest.house(first, then)
	if largest.avail.Empty() {
		s.settleAs(largest) // no other way can leave less
		return
	}
	if quick {
		s.settleAs(largest.orChoosiest(begin, first, then))
		return
	}
	worth := s.worthBought()
	even := begin()
	even.house(first)
	even.fillEach()
	even.house(then)
	ways := []*quarters{largest, even}
	if s.opt.Steps > 0 {
		dearest := begin()
		slices.SortStableFunc(then, func(a, b int32) int { return -cmp.Compare(worth[a], worth[b]) })
		dearest.house(first, then)
		ways = append(ways, dearest)
	}
	best, least := largest, largest.worthLeft(worth)
	for _, q := range ways[1:] {
		if w := q.worthLeft(worth); w < least {
			best, least = q, w
		}
	}
	s.settleAs(best)
}

// roomForAll tells whether hosts have room for all that is left, in sum.
func (s *state) roomForAll(hosts []int32) bool {
	sum := make([]int64, len(s.dense))
	for _, h := range hosts {
		for d, v := range s.row(s.free, h) {
			sum[d] += max(v, 0)
		}
	}
	for i, n := range s.left {
		for d, v := range s.row(s.size, int32(i)) {
			sum[d] -= int64(n) * v
		}
	}
	return !slices.ContainsFunc(sum, func(v int64) bool { return v < 0 })
}

// orChoosiest is what has been tried, or the way in which those come first that may go to the
// fewest hosts if that leaves nothing: who may go anywhere leaves these to them.
func (q *quarters) orChoosiest(begin func() *quarters, first, then []int32) *quarters {
	may := q.hostsFor()
	order := slices.Clone(then)
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(may[a], may[b]) })
	if slices.Equal(order, then) {
		return q
	}
	other := begin()
	if other.house(first, order); other.avail.Empty() {
		return other
	}
	return q
}

// hostsFor counts for each item the hosts that take it as long as nothing has been placed.
func (q *quarters) hostsFor() []int {
	may := make([]int, len(q.items))
	for _, h := range q.hosts {
		free := q.row(q.hostRows, h)
		for i := range q.hostKinds.list[q.hostKind[h]].items.All {
			if holds(free, q.row(q.size, int32(i))) {
				may[i]++
			}
		}
	}
	return may
}

// settleAs puts on hosts what has been tried.
func (s *state) settleAs(tried *quarters) {
	for h, takes := range tried.onHost {
		for _, t := range takes {
			s.place(int32(h), t)
		}
	}
}

// worthLeft is what all is worth that has no place.
func (s *state) worthLeft(worth []int64) int64 {
	sum := int64(0)
	for i, n := range s.left {
		sum += int64(n) * worth[i]
	}
	return sum
}

// hostOrder returns the hosts that may take items, those with least room first. Their
// index decides only between hosts that are alike: which of them gets what makes no
// difference to what is left over.
func (s *state) hostOrder() []int32 {
	var order []int32
	for h, kind := range s.hostKind {
		if kind >= 0 {
			order = append(order, int32(h))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(
			slices.Compare(s.row(s.hostRows, a), s.row(s.hostRows, b)),
			slices.Compare(s.hostKinds.list[s.hostKind[a]].items, s.hostKinds.list[s.hostKind[b]].items),
			cmp.Compare(a, b))
	})
	return order
}

// quarters are hosts that items are put on, each on the one that it fills up best: of
// which it leaves least in some dimension. What is left of the others is then for what
// is smaller and comes later.
type quarters struct {
	*state
	hosts  []int32
	most   []int64   // a row for each of blocks: no host of it has more free
	weight []float64 // of a unit of each dimension
	snugs  []snug    // of each block, for the item at hand
	seeker int32     // the item at hand, nobody if those are good for none
	barred Set       // hosts that sides keep the item at hand from, by place in hosts
	// outbid is for each item another one that would have its place if it had anywhere
	// else to go, the first of them; −1 for none.
	outbid []int32
	asked  []int32 // the items that have been outbid by the one at hand
}

// block is how many hosts are passed over at once where none has room.
const block = 16

// snug is the host of a block that an item fills up best, good until one of them changes: most
// of a large packing is asking thousands of hosts again of which one has changed.
type snug struct {
	known, open bool    // open: some host may have room
	rest        float64 // what is left of the host
	at          int     // its place, −1 for none
	n           int32   // how many of the item it takes
	left, most  int32   // how many there were, and how many fit where most do
}

// good tells whether it is what it would be with so many of the item left.
func (x *snug) good(left int32) bool {
	return x.known && (left == x.left || x.most <= min(left, x.left))
}

func newQuarters(s *state, hosts []int32) *quarters {
	n := len(s.dense)
	q := &quarters{state: s, hosts: hosts, most: make([]int64, (len(hosts)+block-1)/block*n), weight: make([]float64, n), barred: NewSet(len(hosts)), seeker: nobody}
	q.snugs = make([]snug, (len(hosts)+block-1)/block)
	for i := range s.items {
		for d, v := range s.row(s.size, int32(i)) {
			q.weight[d] += float64(float64(v) * float64(s.items[i].count))
		}
	}
	for d, v := range q.weight {
		q.weight[d] = 1 / max(v, 1)
	}
	q.outbid = slices.Repeat([]int32{nobody}, len(s.items))
	for b := range len(q.most) / max(n, 1) {
		q.survey(b)
	}
	return q
}

// survey finds out how much room hosts of a block have at most.
func (q *quarters) survey(b int) {
	most := q.row(q.most, int32(b))
	clear(most)
	for _, h := range q.hosts[b*block : min(len(q.hosts), (b+1)*block)] {
		for d, v := range q.row(q.free, h) {
			most[d] = max(most[d], v)
		}
	}
}

// house puts items on hosts, in the order of the lists.
func (q *quarters) house(lists ...[]int32) {
	for _, i := range slices.Concat(lists...) {
		for q.left[i] > 0 {
			if !q.lodge(i) && !q.rehouse(i) {
				break
			}
		}
		clear(q.barred)
		q.seeker = nobody
	}
}

// lodge puts as many of an item as fit on the host that they fill up best; false if
// none has room for one.
func (q *quarters) lodge(item int32) bool {
	for {
		at, n := q.snuggest(item)
		if at < 0 {
			return false
		}
		if n = q.welcome(q.hosts[at], item, n); n > 0 {
			q.put(at, take{item, n})
			return true
		}
		q.barred.Add(at)
		q.snugs[at/block].known = false
	}
}

// put puts a number of an item on the host at a place.
func (q *quarters) put(at int, t take) {
	q.place(q.hosts[at], t)
	q.snugs[at/block].known = false
	if len(q.dense) > 0 {
		q.survey(at / block)
	}
}

// snuggest returns the host, by its place, that as many of an item as fit into it fill
// up best, and how many those are; −1 if none has room for one.
func (q *quarters) snuggest(item int32) (at int, n int32) {
	if q.seeker != item {
		q.seeker = item
		clear(q.snugs)
	}
	best, at, left := math.Inf(1), -1, q.left[item]
	for b := range q.snugs {
		x := &q.snugs[b]
		if !x.good(left) {
			*x = q.snugOf(item, b)
		}
		if x.open {
			q.steps += block
		}
		if x.at >= 0 && (at < 0 || x.rest < best) {
			best, at, n = x.rest, x.at, x.n
		}
	}
	return at, n
}

// snugOf asks the hosts of a block.
func (q *quarters) snugOf(item int32, b int) snug {
	size := q.row(q.size, item)
	x := snug{known: true, at: -1, left: q.left[item], rest: math.Inf(1)}
	if x.open = len(size) == 0 || holds(q.row(q.most, int32(b)), size); !x.open {
		return x
	}
	for i := b * block; i < min(len(q.hosts), (b+1)*block); i++ {
		h := q.hosts[i]
		free := q.row(q.free, h)
		if !holds(free, size) || q.barred.Has(i) || !q.hostKinds.list[q.hostKind[h]].items.Has(int(item)) {
			continue
		}
		fit := howMany(free, size, math.MaxInt32)
		k := min(fit, x.left)
		x.most = max(x.most, fit)
		rest := math.Inf(1)
		for d, v := range size {
			if v > 0 {
				rest = min(rest, float64(free[d]-int64(k)*v)*q.weight[d])
			}
		}
		if x.at < 0 || rest < x.rest {
			x.rest, x.at, x.n = rest, i, k
		}
	}
	return x
}

// welcome is how many of an item, at most n, sides let onto a host.
func (q *quarters) welcome(host, item, n int32) int32 {
	if len(q.sides.needs.of(item)) == 0 && len(q.sides.roles.of(item)) == 0 {
		return n
	}
	q.beginHost(host)
	return q.filler.load.most(item, n)
}
