package solve

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// purchase is one node of a group with the offering chosen for it.
type purchase struct {
	group  int32   // index into the packing's purchases
	choice int32   // offering
	ranked []int32 // offerings
}

// purchases chooses an offering and the alternatives for every node. Nodes with
// the same alternatives in the same order are next to each other: they are one
// request to the cloud.
func (s *answer) purchases() []purchase {
	s.addWares()
	slack := s.slack()
	var out []purchase
	for g := range s.packed.Bought {
		likely, options := s.candidates(int32(g)), s.options(int32(g), slack)
		var last purchase
		for range s.packed.Bought[g].Copies {
			choice := s.choose(likely)
			s.wares.count(choice)
			if last.ranked == nil || last.choice != choice {
				last = purchase{int32(g), choice, s.rank(options, choice)}
			}
			out = append(out, last)
		}
	}
	slices.SortStableFunc(out, func(a, b purchase) int {
		if a.choice != b.choice { // sorted by pool, price and name
			return cmp.Compare(a.choice, b.choice)
		}
		return slices.Compare(a.ranked, b.ranked)
	})
	return out
}

// wares is what choosing between offerings of equal price looks at.
type wares struct {
	zone  []int32 // of each offering, numbered by name
	taste []int8  // of each offering: its capacity type, the preferred one first
	pool  []int32 // of each offering
	nodes [][]int // of each pool and zone
	risky []int64 // of each offering: its price and what reclaims add to that
}

// hoursAtRisk is for how long a node is looked at: a chance of a twentieth to be
// reclaimed within a month makes an offering a twentieth dearer than it says.
const hoursAtRisk = 720

func (w *wares) count(offering int32) { w.nodes[w.pool[offering]][w.zone[offering]]++ }

// addWares numbers the zones and counts the nodes that pools hold in each.
func (s *answer) addWares() {
	names := map[string]int32{}
	for i := range s.snap.Offerings {
		names[s.snap.Offerings[i].ID.Zone] = 0
	}
	for i, name := range slices.Sorted(maps.Keys(names)) {
		names[name] = int32(i)
	}
	w := &s.wares
	for i := range s.snap.Offerings {
		o := &s.snap.Offerings[i]
		w.zone = append(w.zone, names[o.ID.Zone])
		w.taste = append(w.taste, taste(o.ID))
		w.pool = append(w.pool, int32(o.Pool))
		w.risky = append(w.risky, int64(o.Price)+int64(o.Price)/1000*o.ReclaimPPM*hoursAtRisk/1000)
	}
	for range s.snap.Pools {
		w.nodes = append(w.nodes, make([]int, len(names)))
	}
	for i := range s.snap.Hosts {
		h := &s.snap.Hosts[i]
		if zone, ok := names[h.Labels[cluster.LabelZone]]; ok && h.Pool >= 0 {
			w.nodes[h.Pool][zone]++
		}
	}
}

// offeringOf returns the cheapest offering of a purchase's shape.
func (s *answer) offeringOf(b *pack.Purchase) *cluster.PoolOffering {
	return &s.snap.Offerings[s.offerOf[b.Shape]]
}

func (s *answer) poolOf(b *pack.Purchase) int32 { return int32(s.offeringOf(b).Pool) }

func (s *answer) priceOf(b *pack.Purchase) cluster.Money { return s.offeringOf(b).Price }

// slack returns, for each limit, by how much each planned node of the pool may
// exceed the capacity it was planned with, so that the limit holds whichever
// alternative the cloud launches.
func (s *answer) slack() []int64 {
	nodes := make([]int64, len(s.pools))
	for i := range s.packed.Bought {
		nodes[s.poolOf(&s.packed.Bought[i])] += int64(s.packed.Bought[i].Copies)
	}
	share := slices.Clone(s.room)
	for i, n := range nodes {
		for j := s.quotas.start[i]; j < s.quotas.start[i+1]; j++ {
			share[j] = max(share[j], 0) / max(n, 1)
		}
	}
	return share
}

// options returns the offerings of the pool that hold a group's pods, cheapest
// first: all that its limits leave, and as many more as its minValues need. The
// cloud tries them in order, so the last ones are launched only when all others
// are sold out.
func (s *answer) options(id int32, slack []int64) []int32 {
	b := &s.packed.Bought[id]
	pool, price, planned := s.poolOf(b), s.priceOf(b), s.quotas.uses(nil, s.offeringOf(b))
	sum, usable := s.total(b.Takes), s.admitting(b.Takes)
	need := s.newTally(pool)
	var within, beyond []int32
	var uses []pack.Use
	for o := range s.alternatives(pool, usable, sum) {
		uses = s.quotas.uses(uses[:0], &s.snap.Offerings[o])
		ok := s.snap.Offerings[o].Price >= price
		for i := range int(s.quotas.start[pool+1] - s.quotas.start[pool]) {
			ok = ok && uses[i].Amount-planned[i].Amount <= slack[uses[i].Quota]
		}
		if !ok {
			beyond = append(beyond, o)
			continue
		}
		if len(within) < s.opt.MaxAlternatives || need.adds(o) {
			within = append(within, o)
			need.add(o)
		} else if need.done() {
			break
		}
	}
	for _, o := range beyond {
		if need.adds(o) {
			within = append(within, o)
			need.add(o)
		}
	}
	return within
}

// candidates returns the offerings that may be the first of a group's: the
// cheapest that hold its pods, with the capacity that was counted against the
// pool's limits.
func (s *answer) candidates(id int32) []int32 {
	b := &s.packed.Bought[id]
	price, planned := s.priceOf(b), s.quotas.uses(nil, s.offeringOf(b))
	sum, usable := s.total(b.Takes), s.admitting(b.Takes)
	var out []int32
	for o := range s.alternatives(s.poolOf(b), usable, sum) {
		if s.snap.Offerings[o].Price > price {
			break
		}
		if s.snap.Offerings[o].Price == price && slices.Equal(s.quotas.uses(nil, &s.snap.Offerings[o]), planned) {
			out = append(out, o)
		}
	}
	return out
}

// choose returns, among offerings of equal price, the one of the capacity type
// that is preferred, then in the zone in which the pool has fewest nodes.
func (s *answer) choose(candidates []int32) int32 {
	w := &s.wares
	return slices.MinFunc(candidates, func(i, j int32) int {
		if w.taste[i] != w.taste[j] {
			return cmp.Compare(w.taste[i], w.taste[j])
		}
		if a, b := w.nodes[w.pool[i]][w.zone[i]], w.nodes[w.pool[j]][w.zone[j]]; a != b {
			return cmp.Compare(a, b)
		}
		if w.zone[i] != w.zone[j] {
			return cmp.Compare(w.zone[i], w.zone[j])
		}
		return cmp.Compare(i, j)
	})
}

// taste orders capacity types at equal price.
func taste(id cluster.OfferingID) int8 {
	switch id.CapacityType {
	case cluster.Reserved:
		return 0
	case cluster.Spot:
		return 1
	}
	return 2
}

// rank orders options: the chosen one, then by price and risk of being reclaimed,
// and where that is equal those in the chosen one's zone first.
func (s *answer) rank(options []int32, choice int32) []int32 {
	sorted := make([]int32, 1, len(options)+1)
	sorted[0] = choice
	cutOff := true // among many of its price
	for _, o := range options {
		if o == choice {
			cutOff = false
			continue
		}
		sorted = append(sorted, o)
	}
	if cutOff && len(sorted) > 1 && len(s.pools[s.wares.pool[choice]].keys) == 0 {
		sorted = sorted[:len(sorted)-1]
	}
	risky := s.wares.risky
	byRisk := func(i, j int32) int { return cmp.Compare(risky[i], risky[j]) }
	if !slices.IsSortedFunc(sorted[1:], byRisk) { // they come by price
		slices.SortStableFunc(sorted[1:], byRisk)
	}
	for first := 1; first < len(sorted); {
		end := first + 1
		for end < len(sorted) && risky[sorted[end]] == risky[sorted[first]] {
			end++
		}
		s.rankEqual(sorted[first:end], choice)
		first = end
	}
	return sorted
}

// rankEqual orders options of equal price and risk.
func (s *answer) rankEqual(options []int32, choice int32) {
	if len(options) == 1 {
		return
	}
	w := &s.wares
	slices.SortFunc(options, func(i, j int32) int {
		if w.taste[i] != w.taste[j] {
			return cmp.Compare(w.taste[i], w.taste[j])
		}
		if a, b := w.zone[i] == w.zone[choice], w.zone[j] == w.zone[choice]; a != b {
			if a {
				return -1
			}
			return 1
		}
		return cmp.Compare(i, j)
	})
}

// idsOf turns lists of offerings into the plan's. Equal ones share one.
type idsOf struct {
	snap  *cluster.Snapshot
	lists map[string][]cluster.OfferingID
	key   []byte
}

func (x *idsOf) list(offerings []int32) []cluster.OfferingID {
	key := x.key[:0]
	for _, o := range offerings {
		key = binary.LittleEndian.AppendUint32(key, uint32(o))
	}
	x.key = key
	if ids, ok := x.lists[string(key)]; ok {
		return ids
	}
	ids := make([]cluster.OfferingID, len(offerings))
	for i, o := range offerings {
		ids[i] = x.snap.Offerings[o].ID
	}
	x.lists[string(key)] = ids
	return ids
}
