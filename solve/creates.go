package solve

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// purchase is one node of a group with the offering chosen for it.
type purchase struct {
	group  int32 // index into the packing's purchases
	choice int32 // offering
	ranked []cluster.OfferingID
}

// purchases chooses an offering and the alternatives for every node. Nodes with
// the same alternatives in the same order are next to each other: they are one
// request to the cloud.
func (s *answer) purchases() []purchase {
	zones := s.countZones()
	slack := s.slack()
	var out []purchase
	for g := range s.packed.Bought {
		likely, options := s.candidates(int32(g)), s.options(int32(g), slack)
		ranked := map[int32][]cluster.OfferingID{}
		for range s.packed.Bought[g].Copies {
			choice := s.choose(likely, zones)
			zones[zoneOf{s.poolOf(&s.packed.Bought[g]), s.snap.Offerings[choice].ID.Zone}]++
			if ranked[choice] == nil {
				ranked[choice] = s.rank(options, choice)
			}
			out = append(out, purchase{int32(g), choice, ranked[choice]})
		}
	}
	slices.SortStableFunc(out, func(a, b purchase) int {
		x, y := &s.snap.Offerings[a.choice], &s.snap.Offerings[b.choice]
		return cmp.Or(cmp.Compare(x.Pool, y.Pool), cmp.Compare(x.Price, y.Price), x.ID.Compare(y.ID), compareRanked(a, b))
	})
	return out
}

// offeringOf returns the cheapest offering of a purchase's shape.
func (s *answer) offeringOf(b *pack.Purchase) *cluster.PoolOffering {
	return &s.snap.Offerings[s.offerOf[b.Shape]]
}

func (s *answer) poolOf(b *pack.Purchase) int32 { return int32(s.offeringOf(b).Pool) }

func (s *answer) priceOf(b *pack.Purchase) cluster.Money { return s.offeringOf(b).Price }

// capacityOf returns what each node of a purchase takes of its pool's limits.
func (s *answer) capacityOf(b *pack.Purchase) []int64 {
	return s.quotas.capacity(nil, s.offeringOf(b))
}

func compareRanked(a, b purchase) int {
	if a.group == b.group { // and so is the choice
		return 0
	}
	return slices.CompareFunc(a.ranked, b.ranked, cluster.OfferingID.Compare)
}

type zoneOf struct {
	pool int32
	zone string
}

// countZones counts the nodes that pools hold in each zone.
func (s *answer) countZones() map[zoneOf]int {
	n := map[zoneOf]int{}
	for i := range s.snap.Hosts {
		if h := &s.snap.Hosts[i]; h.Pool >= 0 {
			n[zoneOf{int32(h.Pool), h.Labels[cluster.LabelZone]}]++
		}
	}
	return n
}

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
	pool, price, planned := s.poolOf(b), s.priceOf(b), s.capacityOf(b)
	sum, usable := s.total(b.Takes), s.admitting(b.Takes)
	need := s.newTally(pool)
	share := s.quotas.of(slack, pool)
	var within, beyond []int32
	var capacity []int64
	for o := range s.alternatives(pool, usable, sum) {
		capacity = s.quotas.capacity(capacity[:0], &s.snap.Offerings[o])
		ok := s.snap.Offerings[o].Price >= price
		for i, c := range capacity {
			ok = ok && c-planned[i] <= share[i]
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
	price, planned := s.priceOf(b), s.capacityOf(b)
	sum, usable := s.total(b.Takes), s.admitting(b.Takes)
	var out []int32
	for o := range s.alternatives(s.poolOf(b), usable, sum) {
		if s.snap.Offerings[o].Price > price {
			break
		}
		if s.snap.Offerings[o].Price == price && slices.Equal(s.quotas.capacity(nil, &s.snap.Offerings[o]), planned) {
			out = append(out, o)
		}
	}
	return out
}

// choose returns, among offerings of equal price, the one of the capacity type
// that is preferred, then in the zone in which the pool has fewest nodes.
func (s *answer) choose(candidates []int32, zones map[zoneOf]int) int32 {
	return slices.MinFunc(candidates, func(i, j int32) int {
		a, b := &s.snap.Offerings[i], &s.snap.Offerings[j]
		return cmp.Or(
			cmp.Compare(preference(a.ID), preference(b.ID)),
			cmp.Compare(zones[zoneOf{int32(a.Pool), a.ID.Zone}], zones[zoneOf{int32(b.Pool), b.ID.Zone}]),
			strings.Compare(a.ID.Zone, b.ID.Zone), a.ID.Compare(b.ID))
	})
}

// preference orders capacity types at equal price.
func preference(id cluster.OfferingID) int {
	switch id.CapacityType {
	case cluster.Reserved:
		return 0
	case cluster.Spot:
		return 1
	}
	return 2
}

// rank orders options: the chosen one, then by price, and at equal price those
// in the chosen one's zone first.
func (s *answer) rank(options []int32, choice int32) []cluster.OfferingID {
	zone := s.snap.Offerings[choice].ID.Zone
	later := func(is bool) int {
		if is {
			return 0
		}
		return 1
	}
	sorted := slices.Clone(options)
	if !slices.Contains(sorted, choice) { // cut off among many of its price
		if len(s.pools[s.snap.Offerings[choice].Pool].keys) == 0 {
			sorted = sorted[:len(sorted)-1]
		}
		sorted = append(sorted, choice)
	}
	slices.SortFunc(sorted, func(i, j int32) int {
		a, b := &s.snap.Offerings[i], &s.snap.Offerings[j]
		return cmp.Or(
			cmp.Compare(later(i == choice), later(j == choice)),
			cmp.Compare(a.Price, b.Price), cmp.Compare(preference(a.ID), preference(b.ID)),
			cmp.Compare(later(a.ID.Zone == zone), later(b.ID.Zone == zone)), a.ID.Compare(b.ID))
	})
	ids := make([]cluster.OfferingID, len(sorted))
	for i, o := range sorted {
		ids[i] = s.snap.Offerings[o].ID
	}
	return ids
}
