package topology

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// Class is what node selection says of a class of the snapshot.
type Class struct {
	// Places that admit its pods, room aside. Empty for one that is refused.
	Places Places
	*Looks
	// Preferred are the places that its preferences of nodes name.
	Preferred []Preferred
	// PreferencePrice is what a preference of weight 100 may cost, in micro-USD per
	// node and hour; 0 ignores all of them.
	PreferencePrice int64
}

// Looks are the hosts that the spreads of a class may look at: those that its node
// selector and affinity match, and those whose taints it tolerates.
type Looks struct{ Selected, Tolerated pack.Set }

// portion is a number of pods of a class with the places they are bound to.
type portion struct{ class, pods, places int32 }

// assigner deals the pods of classes out to domains.
type assigner struct {
	snap    *cluster.Snapshot
	classes []Class
	special []int32 // the classes that are not plain
	// loose is what of classes does not count, see [Relax]; nil where all does.
	loose []Loose
	table
	topologies map[string]*domains
	memory     *Memory
	portions   []portion
	dealings   []*dealing
	prices     map[int32]int64 // typical ones, by class
	uncertain  bool            // pods were moved after others had been dealt out with them in view
}

// isLoose tells whether the spreads of a class do not count.
func (a *assigner) isLoose(class int32) bool { return a.loose != nil && a.loose[class] >= Free }

// assign decides every constraint over domains of more than one node.
func (a *assigner) assign() {
	a.portions = make([]portion, 0, len(a.classes))
	for i := range a.classes {
		if c := &a.snap.Classes[i]; len(c.Refused) == 0 {
			a.portions = append(a.portions, portion{int32(i), int32(len(c.Pods)), a.id(a.classes[i].Places)})
		}
	}
	keys := map[string]bool{}
	for _, i := range a.special {
		d := a.snap.Classes[i].Demand
		soft := a.classes[i].PreferencePrice > 0
		for j := range d.Spreads {
			keys[d.Spreads[j].Key] = keys[d.Spreads[j].Key] || d.Spreads[j].Counts() || soft
		}
		for j := range d.Preferences {
			if near := d.Preferences[j].Near; near != nil && soft {
				keys[near.Key] = true
			}
		}
		for _, terms := range [][]cluster.PodAffinityTerm{d.PodAffinity, d.PodAntiAffinity} {
			for j := range terms {
				keys[terms[j].Key] = true
			}
		}
	}
	for _, r := range a.snap.Repulsions {
		keys[r.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] && !onNode(key) {
			a.deal(a.topology(key))
		}
	}
	a.rehearse()
	a.favour()
}

// deal deals out what has a part in a constraint over a topology.
func (a *assigner) deal(d *domains) {
	x := newDealing(a, d)
	a.dealings = append(a.dealings, x)
	portions := a.portions
	a.portions = nil
	var concerned []hand
	for _, p := range portions {
		if r := x.roleOf(p.class); r != nil {
			concerned = append(concerned, hand{portion: p, role: r, wide: x.width(p.places)})
		} else {
			a.portions = append(a.portions, p)
		}
	}
	slices.SortStableFunc(concerned, func(p, q hand) int {
		return cmp.Or(cmp.Compare(p.turn(), q.turn()), cmp.Compare(p.wide, q.wide))
	})
	for i := range concerned {
		x.play(&concerned[i])
	}
	x.settle()
	for _, p := range x.parts {
		if p.pods > 0 {
			a.portions = append(a.portions, portion{p.class, p.pods, a.in(p.places, d, p.domain)})
		}
	}
	a.portions = append(a.portions, x.loose...)
}

// hand is a portion that is about to be dealt out.
type hand struct {
	portion
	*role
	wide int // domains it could go to
}

// turn says who is dealt out when: first who must be apart from others, last who
// must be near them. In between, who has fewer domains to go to comes first.
func (h *hand) turn() int {
	switch {
	case h.near:
		return 3
	case len(h.apart) > 0:
		return 0
	case len(h.balance) > 0:
		return 1
	}
	return 2
}
