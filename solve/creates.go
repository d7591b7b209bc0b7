package solve

import (
	"cmp"
	"encoding/binary"
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
func (a *answer) purchases() []purchase {
	a.addWares()
	slack := a.slack()
	var out []purchase
	for g := range a.packed.Bought {
		b := &a.packed.Bought[g]
		load := nodeLoad{a.total(b.Takes), a.admitting(b.Takes)}
		likely, options := a.candidates(b, &load), a.options(b, &load, slack)
		var last purchase
		for range a.packed.Bought[g].Copies {
			choice := a.choose(likely)
			a.wares.count(choice)
			if last.ranked == nil || last.choice != choice {
				last = purchase{int32(g), choice, a.rank(options, choice)}
			}
			out = append(out, last)
		}
	}
	slices.SortStableFunc(out, func(x, y purchase) int {
		if x.choice != y.choice || x.group == y.group { // sorted by pool, price and name
			return cmp.Compare(x.choice, y.choice)
		}
		return slices.Compare(x.ranked, y.ranked)
	})
	return out
}

// wares is what choosing between offerings of equal price looks at.
type wares struct {
	of    []ware    // each offering
	nodes [][]int64 // of each pool and zone
}

// ware is what matters of one offering then.
type ware struct {
	pool, zone int32 // indexes into the snapshot's
	taste      int8  // its capacity type, the preferred one first
	risky      int64 // its price and what reclaims add to that
}

// hoursAtRisk is for how long a node is looked at: a chance of a twentieth to be
// reclaimed within a month makes an offering a twentieth dearer than it says.
const hoursAtRisk = 720

func (w *wares) count(offering int32) { *w.there(offering)++ }

// there is how many nodes an offering's pool has in its zone.
func (w *wares) there(offering int32) *int64 {
	return &w.nodes[w.of[offering].pool][w.of[offering].zone]
}

// addWares counts the nodes that pools hold in each zone.
func (a *answer) addWares() {
	w := &a.wares
	w.of = make([]ware, len(a.snap.Offerings))
	for i := range a.snap.Offerings {
		o := &a.snap.Offerings[i]
		risky := int64(o.Price) + int64(o.Price)/1000*o.ReclaimPPM*hoursAtRisk/1000
		w.of[i] = ware{int32(o.Pool), o.Zone, taste(o.ID), risky}
	}
	for i := range a.snap.Pools {
		nodes := make([]int64, len(a.snap.Zones))
		for j, zone := range a.snap.Zones {
			nodes[j] = a.snap.Pools[i].Zones[zone]
		}
		w.nodes = append(w.nodes, nodes)
	}
}

// offeringOf returns the cheapest offering of a purchase's shape.
func (a *answer) offeringOf(b *pack.Purchase) *cluster.PoolOffering {
	return &a.snap.Offerings[a.offerOf[b.Shape]]
}

func (a *answer) poolOf(b *pack.Purchase) int32 { return int32(a.offeringOf(b).Pool) }

func (a *answer) priceOf(b *pack.Purchase) cluster.Money { return a.offeringOf(b).Price }

// slack returns, for each limit, by how much each planned node of the pool may
// exceed the capacity it was planned with, so that the limit holds whichever
// alternative the cloud launches.
func (a *answer) slack() []int64 {
	nodes := make([]int64, len(a.pools))
	for i := range a.packed.Bought {
		nodes[a.poolOf(&a.packed.Bought[i])] += int64(a.packed.Bought[i].Copies)
	}
	share := slices.Clone(a.room)
	for i, n := range nodes {
		for j := a.quotas.start[i]; j < a.quotas.start[i+1]; j++ {
			share[j] = max(share[j], 0) / max(n, 1)
		}
	}
	return share
}

// nodeLoad is what a node is bought for: what that asks for, in dims, and the offerings
// that it may use.
type nodeLoad struct {
	sum    []int64
	usable pack.Set
}

// options returns the offerings of the pool that hold a group's pods, cheapest
// first: all that its limits leave, and as many more as its minValues need. The
// cloud tries them in order, so the last ones are launched only when all others
// are sold out.
func (a *answer) options(b *pack.Purchase, load *nodeLoad, slack []int64) []int32 {
	if a.snap.Pools[a.poolOf(b)].Shape != cluster.Free { // the cloud chooses
		return a.candidates(b, load)
	}
	pool, price, planned := a.poolOf(b), a.priceOf(b), a.quotas.uses(a.offerOf[b.Shape])
	need := a.newTally(pool)
	within, beyond := make([]int32, 0, min(a.opt.MaxAlternatives, int(a.pools[pool].end-a.pools[pool].first))), []int32(nil)
	least := price
	if !need.done() {
		least = 0
	}
	limits := int(a.quotas.start[pool+1] - a.quotas.start[pool])
	for o := range a.alternativesFrom(least, pool, load.usable, load.sum) {
		ok := a.prices[o] >= price
		if limits > 0 {
			uses := a.quotas.uses(o)
			for i := range limits {
				ok = ok && uses[i].Amount-planned[i].Amount <= slack[uses[i].Quota]
			}
		}
		if !ok {
			beyond = append(beyond, o)
			continue
		}
		if len(within) < a.opt.MaxAlternatives || need.adds(o) {
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
func (a *answer) candidates(b *pack.Purchase, load *nodeLoad) []int32 {
	price, planned := a.priceOf(b), a.quotas.uses(a.offerOf[b.Shape])
	var out []int32
	for o := range a.alternativesFrom(price, a.poolOf(b), load.usable, load.sum) {
		if a.prices[o] > price {
			break
		}
		if slices.Equal(a.quotas.uses(o), planned) {
			out = append(out, o)
		}
	}
	return out
}

// choose returns, among offerings of equal price, the one of the capacity type
// that is preferred, then in the zone in which the pool has fewest nodes.
func (a *answer) choose(candidates []int32) int32 {
	w := &a.wares
	return slices.MinFunc(candidates, func(i, j int32) int {
		x, y := &w.of[i], &w.of[j]
		if x.taste != y.taste {
			return cmp.Compare(x.taste, y.taste)
		}
		if m, n := *w.there(i), *w.there(j); m != n {
			return cmp.Compare(m, n)
		}
		if x.zone != y.zone {
			return cmp.Compare(x.zone, y.zone)
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
func (a *answer) rank(options []int32, choice int32) []int32 {
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
	if cutOff && len(sorted) > 1 && len(a.pools[a.wares.of[choice].pool].keys) == 0 {
		sorted = sorted[:len(sorted)-1]
	}
	of := a.wares.of
	byRisk := func(i, j int32) int { return cmp.Compare(of[i].risky, of[j].risky) }
	if !slices.IsSortedFunc(sorted[1:], byRisk) { // they come by price
		slices.SortStableFunc(sorted[1:], byRisk)
	}
	for first := 1; first < len(sorted); {
		end := first + 1
		for end < len(sorted) && of[sorted[end]].risky == of[sorted[first]].risky {
			end++
		}
		a.rankEqual(sorted[first:end], choice)
		first = end
	}
	return sorted
}

// rankEqual orders options of equal price and risk.
func (a *answer) rankEqual(options []int32, choice int32) {
	if len(options) == 1 {
		return
	}
	of := a.wares.of
	slices.SortFunc(options, func(i, j int32) int {
		if of[i].taste != of[j].taste {
			return cmp.Compare(of[i].taste, of[j].taste)
		}
		if near, far := of[i].zone == of[choice].zone, of[j].zone == of[choice].zone; near != far {
			if near {
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
