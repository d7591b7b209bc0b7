package topology

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Relaxation is items that are there in every plan that places so many pods of each
// class, whatever domains it chooses: what a bound for all plans is about.
//
// Pods of a class may go to any of its domains, but for those that its spreads and
// anti-affinity force into one of them. On one node hold the caps that are met by
// whoever comes last: of pods that all count for the constraint that they have.
// Preferences that [New] would treat as constraints are constraints here too.
type Relaxation struct {
	Places []Places
	Items  []Item
	Dims   []Dim
	// Shares are, for each class, what of its pods is in which item.
	Shares [][]Share
}

// Share is a number of a class's pods that an item holds.
type Share struct {
	Item, Pods int32
	// Each is how many pods one unit of the item is.
	Each int32
	// Forced: every plan has these in the places of the item. The others of the class
	// may be in any of its shares' places.
	Forced bool
}

// Loose is how little of what a class asks for counts in a relaxation.
type Loose uint8

// Each is looser than the one before.
const (
	Strict   Loose = iota
	Anywhere       // not which nodes it prefers
	Free           // no preferences, nor spreads: they look at domains that nobody may have bought
	Unknown        // nothing is known of it
)

// Relax relaxes the classes of a snapshot, of which placed have a place. classes, one
// for each of the snapshot's, may be written to.
func Relax(snap *cluster.Snapshot, classes []Class, placed []int32, loose []Loose) *Relaxation {
	for i := range classes {
		switch {
		case loose[i] >= Free:
			classes[i].PreferencePrice = 0
		case loose[i] == Anywhere:
			classes[i].Preferred = nil
		}
	}
	a := &assigner{snap: snap, classes: classes, special: snap.Special(), loose: loose, topologies: map[string]*domains{}, prices: map[int32]int64{}, memory: new(Memory).about(snap.Offerings)}
	a.hostsOut()
	r := relaxer{assigner: a, placed: placed, inAll: make([]int32, len(snap.Groups))}
	for i := range classes {
		for _, g := range snap.Classes[i].Groups {
			r.inAll[g] += placed[i]
		}
		if placed[i] > 0 && loose[i] < Unknown {
			a.portions = append(a.portions, portion{int32(i), placed[i], a.id(classes[i].Places)})
		}
	}
	r.restrict()
	a.favour()
	return r.items()
}

// relaxer makes a relaxation.
type relaxer struct {
	*assigner
	placed []int32
	forced [][]portion // of each portion: what of it is forced into domains
	inAll  []int32     // of each group: how many of its pods have a place
}

// restrict finds for each portion the domains that are open to it, and what of it is
// forced into some.
func (r *relaxer) restrict() {
	r.forced = make([][]portion, len(r.portions))
	keys := map[string]bool{}
	for i := range r.classes {
		if r.placed[i] == 0 {
			continue
		}
		d := r.snap.Classes[i].Demand
		for j := range d.Spreads {
			keys[d.Spreads[j].Key] = keys[d.Spreads[j].Key] || d.Spreads[j].Counts()
		}
		for j := range d.PodAntiAffinity {
			keys[d.PodAntiAffinity[j].Key] = true
		}
	}
	for _, x := range r.snap.Repulsions {
		keys[x.Key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !keys[key] || onNode(key) {
			continue
		}
		x := newDealing(r.assigner, r.topology(key))
		for i := range r.portions {
			role := x.roleOf(r.portions[i].class)
			if role != nil && len(role.spreads)+len(role.apart)+len(role.flees) > 0 && x.covers(r.portions[i].places) {
				r.confine(x, i, role)
			}
		}
	}
}

// covers tells whether all of these places are in some domain: where a label is
// missing, nobody counts.
func (x *dealing) covers(places int32) bool {
	hosts, offerings := x.list[places].Hosts, x.list[places].Offerings
	for at := range x.n {
		hosts, offerings = without(hosts, x.hostSets[at]), without(offerings, x.offeringSets[at])
	}
	return hosts.Empty() && offerings.Empty()
}

// confine cuts a portion down to the domains that have room for it, and finds how
// many of its pods each domain has in every plan.
func (r *relaxer) confine(x *dealing, i int, role *role) {
	p := r.portions[i]
	room := x.room(&hand{portion: p, role: role})
	var forced []portion
	sum, was := int32(0), int32(0)
	free := r.free(p.class, role)
	for at := range int32(x.n) {
		if n := x.leastIn(at, p, role, room, free); n > 0 {
			forced = append(forced, portion{p.class, n, x.in(p.places, x.domains, at)})
			sum += n
		}
	}
	for _, q := range r.forced[i] {
		was += q.pods
	}
	r.portions[i] = x.union(p, room)
	if sum > was && sum <= p.pods {
		r.forced[i] = forced
	}
}

// free is, for each spread of a role, how many pods of other classes may count for
// it, wherever they go; nil for classes whose spreads do not count.
func (r *relaxer) free(class int32, role *role) []int32 {
	if r.isLoose(class) {
		return nil
	}
	out := make([]int32, len(role.spreads))
	for j, s := range role.spreads {
		out[j] = r.inAll[s.group]
		if r.snap.Classes[class].In(s.group) {
			out[j] -= r.placed[class]
		}
	}
	return out
}

// leastIn is how many pods of a portion a domain has at least, whatever the order in
// which they come: with fewer of them there, the other domains could not have taken
// the rest. When a pod comes to another domain, that has at most a spread's skew more
// pods than this one, which never has more than in the end.
func (x *dealing) leastIn(at int32, p portion, role *role, room, free []int32) int32 {
	enough := func(k int32) bool {
		left := int64(p.pods - k)
		for e := range int32(x.n) {
			if e == at {
				continue
			}
			most := int64(room[e])
			for j, s := range role.spreads {
				if free == nil || s.self == 0 || !s.eligible[at] {
					continue
				}
				least := int64(s.there[at]) + int64(k) + int64(free[j])
				if x.few(s) {
					least = 0
				}
				most = min(most, max(0, least+int64(s.c.MaxSkew)-int64(s.there[e])))
			}
			if left -= most; left <= 0 {
				return true
			}
		}
		return left <= 0
	}
	low, high := int32(0), p.pods
	for low < high {
		if mid := low + (high-low)/2; enough(mid) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}

// few tells whether a spread has fewer domains to look at than it asks for.
func (x *dealing) few(s *spread) bool {
	n := int32(0)
	for _, is := range s.eligible {
		if is {
			n++
		}
	}
	return n < s.c.MinDomains
}

// items makes items of the portions.
func (r *relaxer) items() *Relaxation {
	b := newItemizer(r.assigner)
	out := &Relaxation{Shares: make([][]Share, len(r.classes))}
	put := func(p portion, forced bool) {
		if i := b.add(p); i >= 0 {
			out.Shares[p.class] = append(out.Shares[p.class], Share{i, p.pods, 1, forced})
		}
	}
	for i, p := range r.portions {
		if r.together(p.class) {
			u := b.newUnit()
			u.parts, u.places, u.size = []Part{{p.class, p.pods}}, r.list[p.places], scaled(r.snap.Classes[p.class].Requests, int64(p.pods))
			out.Shares[p.class] = []Share{{int32(len(b.out.Items)), p.pods, p.pods, false}}
			u.close(1)
			continue
		}
		for _, q := range r.forced[i] {
			put(q, true)
			p.pods -= q.pods
		}
		put(p, false)
	}
	b.translate()
	out.Places, out.Items, out.Dims = r.list, b.out.Items, b.out.Dims
	return out
}

// together tells whether all pods of a class share one node: they want to be near
// pods of their own kind, of which there are no others.
func (r *relaxer) together(class int32) bool {
	c := &r.snap.Classes[class]
	if !nearOver(c, cluster.LabelHostname) || !c.In(c.Affinity) || len(r.snap.Groups[c.Affinity].Hosts) > 0 || r.isLoose(class) {
		return false
	}
	for i := range r.snap.Classes {
		if int32(i) != class && r.placed[i] > 0 && r.snap.Classes[i].In(c.Affinity) {
			return false
		}
	}
	return true
}

func scaled(v cluster.Vector, n int64) cluster.Vector {
	out := slices.Clone(v)
	for i := range out {
		out[i] *= n
	}
	return out
}
