package topology

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// nearOver tells whether the class's pods must be near others in domains of a key.
func nearOver(c *cluster.Class, key string) bool {
	return slices.ContainsFunc(c.Demand.PodAffinity, func(t cluster.PodAffinityTerm) bool { return t.Key == key })
}

// nearIn tells whether the class's pods are near others in domains of a key that
// hold whole nodes: who shares a node shares its zone.
func nearIn(c *cluster.Class, key string) bool {
	return nearOver(c, key) || nearOver(c, cluster.LabelHostname)
}

// bundle makes one item of pods that must share a node: those with affinity over
// the host name to pods that wait as well. Where the pods they want near run
// already, they are bound to those hosts.
func (b *itemizer) bundle() {
	if !slices.ContainsFunc(b.portions, func(p portion) bool { return nearOver(&b.snap.Classes[p.class], cluster.LabelHostname) }) {
		return
	}
	near := map[int32][]portion{} // by group
	var groups []int32
	var others []portion
	for _, p := range b.portions {
		c := &b.snap.Classes[p.class]
		if !nearOver(c, cluster.LabelHostname) {
			others = append(others, p)
			continue
		}
		if near[c.Affinity] == nil {
			groups = append(groups, c.Affinity)
		}
		near[c.Affinity] = append(near[c.Affinity], p)
	}
	b.portions = others
	slices.Sort(groups)
	for _, g := range groups {
		if b.entangled(g, near) {
			b.out.Uncertain = true // who goes where decides who can: left over, one by one
			continue
		}
		b.gather(g, near[g])
	}
}

// entangled tells whether pods of a group want to be near pods of another one.
func (b *itemizer) entangled(group int32, near map[int32][]portion) bool {
	for other, portions := range near {
		if other != group && slices.ContainsFunc(portions, func(p portion) bool { return b.snap.Classes[p.class].In(group) }) {
			return true
		}
	}
	return false
}

// gather places the portions that want to be near a group.
func (b *itemizer) gather(group int32, portions []portion) {
	hosts := pack.NewSet(len(b.snap.Hosts))
	for _, n := range b.snap.Groups[group].Hosts {
		if _, ok := b.snap.Hosts[n.Host].Label(cluster.LabelHostname); ok {
			hosts.Add(int(n.Host))
		}
	}
	if !hosts.Empty() {
		for _, p := range portions {
			only := Places{meet(b.list[p.places].Hosts, hosts), pack.NewSet(len(b.snap.Offerings))}
			b.portions = append(b.portions, portion{p.class, p.pods, b.id(only)})
		}
		return
	}
	wanted := slices.ContainsFunc(b.portions, func(p portion) bool { return p.pods > 0 && b.snap.Classes[p.class].In(group) })
	switch {
	case wanted: // whoever of the group comes first, the others follow it
		b.beside(group, portions)
	case b.snap.Classes[portions[0].class].In(group):
		b.together(portions)
	}
}

// together makes one unit of as many pods as a node holds: the pods are near their
// own kind, so that wherever the first goes the others must follow.
func (b *itemizer) together(portions []portion) {
	u := b.newUnit()
	for _, p := range portions {
		u.add(p, p.pods)
	}
	u.close(1)
}

// beside makes units of one pod of the group with its share of those that want to
// be near it.
func (b *itemizer) beside(group int32, portions []portion) {
	want := int32(0)
	for _, p := range portions {
		want += p.pods
	}
	for i := range b.portions {
		m := &b.portions[i]
		if want == 0 {
			return
		}
		if !b.snap.Classes[m.class].In(group) {
			continue
		}
		for m.pods > 0 && want > 0 {
			u := b.newUnit()
			if u.add(portion{m.class, 1, m.places}, 1) == 0 {
				break
			}
			share := (want + m.pods - 1) / m.pods
			got := int32(0)
			for j := range portions {
				n := u.add(portions[j], min(share-got, portions[j].pods))
				portions[j].pods -= n
				got += n
			}
			if got == 0 {
				break
			}
			m.pods--
			want -= got
			u.close(1)
		}
	}
}

// unit is an item in the making that is several pods at once.
type unit struct {
	*itemizer
	places Places
	size   cluster.Vector
	codes  []int32
	parts  []Part
	// held are the members that the unit has of each ruling, closed those of which it
	// has a holder.
	held   map[int32]int32
	closed map[int32]bool
}

func (b *itemizer) newUnit() *unit {
	return &unit{itemizer: b, held: map[int32]int32{}, closed: map[int32]bool{}}
}

// add puts up to n pods of a portion into the unit, as many as still leave a place
// that holds all of it, and returns how many those are.
func (u *unit) add(p portion, n int32) int32 {
	places := u.list[p.places]
	if u.size != nil {
		places = Places{meet(u.places.Hosts, places.Hosts), meet(u.places.Offerings, places.Offerings)}
	} else {
		u.size = make(cluster.Vector, len(u.snap.Resources))
	}
	request := u.snap.Classes[p.class].Requests
	fits := func(n int32) bool {
		size := slices.Clone(u.size)
		for i, v := range request {
			size[i] += int64(n) * v
		}
		return u.heldBy(places, size)
	}
	// Most that fit, by bisection: more never fit where fewer do not.
	low, high := int32(0), min(n, u.allowed(p.class))
	for low < high {
		if mid := (low + high + 1) / 2; fits(mid) {
			low = mid
		} else {
			high = mid - 1
		}
	}
	if low == 0 {
		return 0
	}
	u.places = places
	for i, v := range request {
		u.size[i] += int64(low) * v
	}
	u.codes = append(u.codes, u.codesOf(p.class)...)
	for _, code := range u.codesOf(p.class) {
		r := code >> codeBits
		if code&isMember != 0 {
			u.held[r] += low
		}
		u.closed[r] = u.closed[r] || code&isHolder != 0
	}
	u.parts = append(u.parts, Part{p.class, low})
	return low
}

// allowed is how many pods of a class rulings let into the unit.
func (u *unit) allowed(class int32) int32 {
	most := int32(1<<31 - 1)
	for _, code := range u.codesOf(class) {
		r := code >> codeBits
		if !u.closed[r] && code&isHolder == 0 {
			continue
		}
		limit := u.caps.list[r].limit
		switch {
		case u.held[r] > limit:
			return 0
		case code&isMember != 0:
			most = min(most, limit-u.held[r])
		}
	}
	return most
}

// heldBy tells whether some place can hold a size.
func (u *unit) heldBy(p Places, size cluster.Vector) bool {
	for h := range p.Hosts.All {
		if u.snap.Hosts[h].Closed == "" && size.Fits(u.snap.Hosts[h].Free) {
			return true
		}
	}
	for o := range p.Offerings.All {
		if size.Fits(u.snap.Offerings[o].Free) {
			return true
		}
	}
	return false
}

// close makes an item of the unit.
func (u *unit) close(units int32) {
	if len(u.parts) == 0 {
		return
	}
	u.out.Uncertain = true
	u.out.Items = append(u.out.Items, Item{Places: u.id(u.places), Units: units, Size: u.size, Lots: []Lot{{Units: units, Parts: u.parts}}})
	slices.Sort(u.codes)
	u.addCodes(slices.Compact(u.codes))
}
