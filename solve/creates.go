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
func (a *answer) purchases() []purchase {
	a.addWares()
	slack := a.slack()
	var out []purchase
	for g := range a.packed.Bought {
		likely, options := a.candidates(int32(g)), a.options(int32(g), slack)
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
		if x.choice != y.choice { // sorted by pool, price and name
			return cmp.Compare(x.choice, y.choice)
		}
		return slices.Compare(x.ranked, y.ranked)
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
func (a *answer) addWares() {
	names := map[string]int32{}
	for i := range a.snap.Offerings {
		names[a.snap.Offerings[i].ID.Zone] = 0
	}
	for i, name := range slices.Sorted(maps.Keys(names)) {
		names[name] = int32(i)
	}
	w := &a.wares
	for i := range a.snap.Offerings {
		o := &a.snap.Offerings[i]
		w.zone = append(w.zone, names[o.ID.Zone])
		w.taste = append(w.taste, taste(o.ID))
		w.pool = append(w.pool, int32(o.Pool))
		w.risky = append(w.risky, int64(o.Price)+int64(o.Price)/1000*o.ReclaimPPM*hoursAtRisk/1000)
	}
	for range a.snap.Pools {
		w.nodes = append(w.nodes, make([]int, len(names)))
	}
	for i := range a.snap.Hosts {
		h := &a.snap.Hosts[i]
		if zone, ok := names[h.Labels[cluster.LabelZone]]; ok && h.Pool >= 0 {
			w.nodes[h.Pool][zone]++
		}
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

// options returns the offerings of the pool that hold a group's pods, cheapest
// first: all that its limits leave, and as many more as its minValues need. The
// cloud tries them in order, so the last ones are launched only when all others
// are sold out.
func (a *answer) options(id int32, slack []int64) []int32 {
	b := &a.packed.Bought[id]
	if a.snap.Pools[a.poolOf(b)].Shape != cluster.Free { // the cloud chooses
		return a.candidates(id)
	}
	pool, price, planned := a.poolOf(b), a.priceOf(b), a.quotas.uses(nil, a.offeringOf(b))
	sum, usable := a.total(b.Takes), a.admitting(b.Takes)
	need := a.newTally(pool)
	var within, beyond []int32
	var uses []pack.Use
	for o := range a.alternatives(pool, usable, sum) {
		uses = a.quotas.uses(uses[:0], &a.snap.Offerings[o])
		ok := a.snap.Offerings[o].Price >= price
		for i := range int(a.quotas.start[pool+1] - a.quotas.start[pool]) {
			ok = ok && uses[i].Amount-planned[i].Amount <= slack[uses[i].Quota]
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
func (a *answer) candidates(id int32) []int32 {
	b := &a.packed.Bought[id]
	price, planned := a.priceOf(b), a.quotas.uses(nil, a.offeringOf(b))
	sum, usable := a.total(b.Takes), a.admitting(b.Takes)
	var out []int32
	for o := range a.alternatives(a.poolOf(b), usable, sum) {
		if a.snap.Offerings[o].Price > price {
			break
		}
		if a.snap.Offerings[o].Price == price && slices.Equal(a.quotas.uses(nil, &a.snap.Offerings[o]), planned) {
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
		if w.taste[i] != w.taste[j] {
			return cmp.Compare(w.taste[i], w.taste[j])
		}
		if m, n := w.nodes[w.pool[i]][w.zone[i]], w.nodes[w.pool[j]][w.zone[j]]; m != n {
			return cmp.Compare(m, n)
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
	if cutOff && len(sorted) > 1 && len(a.pools[a.wares.pool[choice]].keys) == 0 {
		sorted = sorted[:len(sorted)-1]
	}
	risky := a.wares.risky
	byRisk := func(i, j int32) int { return cmp.Compare(risky[i], risky[j]) }
	if !slices.IsSortedFunc(sorted[1:], byRisk) { // they come by price
		slices.SortStableFunc(sorted[1:], byRisk)
	}
	for first := 1; first < len(sorted); {
		end := first + 1
		for end < len(sorted) && risky[sorted[end]] == risky[sorted[first]] {
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
	w := &a.wares
	slices.SortFunc(options, func(i, j int32) int {
		if w.taste[i] != w.taste[j] {
			return cmp.Compare(w.taste[i], w.taste[j])
		}
		if near, far := w.zone[i] == w.zone[choice], w.zone[j] == w.zone[choice]; near != far {
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
