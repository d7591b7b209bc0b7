package topology

import (
	"slices"

	"github.com/ullage-sh/ullage/pack"
)

// play deals one hand out to domains.
func (x *dealing) play(h *hand) {
	room := x.room(h)
	if h.near {
		room = x.nearby(h, room)
	}
	if len(h.counted) == 0 && len(h.apart) == 0 && len(h.spreads) == 0 && len(h.softs) == 0 {
		// Nobody counts these pods: any of the domains will do.
		x.loose = append(x.loose, x.union(h.portion, room))
		return
	}
	deal := x.fill
	if len(h.softs) > 0 && len(h.balance) == 0 && len(h.spreads) == 0 {
		deal = x.please
	}
	given := deal(h, room)
	for at, n := range given {
		if n > 0 {
			x.give(part{portion{h.class, n, h.places}, h.role, int32(at)}, n)
			x.parts = append(x.parts, part{portion{h.class, n, h.places}, h.role, int32(at)})
		}
	}
}

// give counts n pods of a part as dealt out, or takes them back.
func (x *dealing) give(p part, n int32) {
	for _, g := range p.counted {
		x.tell(g, p.places, p.domain, n)
	}
	for _, g := range p.apart {
		x.shutFor(g)[p.domain] = x.shutFor(g)[p.domain] || n > 0
	}
	x.load[p.domain] += n
}

// union binds a portion to the domains that have room.
func (x *dealing) union(p portion, room []int32) portion {
	all := Places{pack.NewSet(len(x.snap.Hosts)), pack.NewSet(len(x.snap.Offerings))}
	for at, n := range room {
		if n == 0 {
			continue
		}
		part := x.list[x.in(p.places, x.domains, int32(at))]
		for i, w := range part.Hosts {
			all.Hosts[i] |= w
		}
		for i, w := range part.Offerings {
			all.Offerings[i] |= w
		}
	}
	p.places = x.id(all)
	return p
}

// room is how many pods of a hand each domain may take, going by who must be apart
// and by what would fit if nobody else came.
func (x *dealing) room(h *hand) []int32 {
	room := make([]int32, x.n)
	for at := range room {
		room[at] = x.capacity(h.class, h.pods, x.in(h.places, x.domains, int32(at)))
		for _, g := range h.flees {
			if x.shutFor(g)[at] {
				room[at] = 0
			}
		}
		for _, g := range h.apart {
			switch {
			case x.onHosts(g)[at]+x.row(x.dealt, g)[at] > 0:
				room[at] = 0
			case slices.Contains(h.flees, g): // its own kind
				room[at] = min(room[at], 1)
			}
		}
	}
	return room
}

// capacity is how many of these pods of a class fit into places: all where one fits
// into something that can be bought.
func (a *assigner) capacity(class, pods, places int32) int32 {
	want, p := a.snap.Classes[class].Requests, &a.list[places]
	for o := range p.Offerings.All {
		if want.Fits(a.snap.Offerings[o].Free) {
			return pods
		}
	}
	sum := int64(0)
	for i := range p.Hosts.All {
		fit := int64(pods)
		for d, v := range want {
			if v > 0 {
				fit = min(fit, max(a.snap.Hosts[i].Free[d], 0)/v)
			}
		}
		if sum += fit; sum >= int64(pods) {
			return pods
		}
	}
	return int32(sum)
}

// nearby keeps the domains in which the pods are that a hand wants near. If there
// are none anywhere and its own pods would do, all go to one domain.
func (x *dealing) nearby(h *hand, room []int32) []int32 {
	g := x.snap.Classes[h.class].Affinity
	there, dealt := x.onHosts(g), x.row(x.dealt, g)
	anywhere := false
	for at := range room {
		anywhere = anywhere || there[at]+dealt[at] > 0
	}
	if anywhere {
		for at := range room {
			if there[at]+dealt[at] == 0 {
				room[at] = 0
			}
		}
		return room
	}
	best := int32(-1)
	if slices.Contains(x.snap.Classes[h.class].Groups, g) {
		for _, at := range x.rank {
			if room[at] > 0 && (best < 0 || x.share[at] == x.share[best] && x.load[at] < x.load[best]) {
				best = at
			}
		}
	}
	for at := range room {
		if int32(at) != best {
			room[at] = 0
		}
	}
	return room
}

// fill deals the pods of a hand to where fewest of their groups are, within room.
func (x *dealing) fill(h *hand, room []int32) []int32 {
	level := make([]int32, x.n)
	for at := range level {
		for _, g := range h.balance {
			level[at] += x.onHosts(g)[at] + x.row(x.dealt, g)[at]
		}
		if len(h.balance) == 0 {
			level[at] = x.over(h.role, int32(at))
		}
	}
	given := make([]int32, x.n)
	for left := h.pods; left > 0; {
		lowest, next := int32(-1), int32(0)
		open := int32(0)
		for _, at := range x.rank {
			if given[at] >= room[at] {
				continue
			}
			l := level[at] + given[at]
			switch {
			case lowest < 0 || l < level[lowest]+given[lowest]:
				if lowest >= 0 {
					next = level[lowest] + given[lowest]
				}
				lowest, open = at, 1
			case l == level[lowest]+given[lowest]:
				open++
			case next <= level[lowest]+given[lowest] || l < next:
				next = l
			}
		}
		if lowest < 0 {
			break
		}
		left -= x.raise(given, room, level, level[lowest]+given[lowest], next, open, left)
	}
	return given
}

// raise lifts the open domains at level low, to next at most, by whole rounds where
// it can, and returns how many pods that took.
func (x *dealing) raise(given, room, level []int32, low, next, open, left int32) int32 {
	step := int32(1)
	if left >= open {
		step = left / open
		if next > low {
			step = min(step, next-low)
		}
	}
	used := int32(0)
	for _, at := range x.rank {
		if level[at]+given[at] != low || given[at] >= room[at] || used == left {
			continue
		}
		n := min(step, room[at]-given[at], left-used)
		given[at] += n
		used += n
	}
	return used
}

// over is by how much the fullest of a role's spreads exceeds what is allowed in a
// domain; 0 if none does.
func (x *dealing) over(r *role, at int32) int32 {
	most := int32(0)
	for _, s := range r.spreads {
		most = max(most, x.count(s, at)-x.least(s)-s.c.MaxSkew)
	}
	return most
}

func (x *dealing) count(s *spread, at int32) int32 { return s.there[at] + s.dealt[at] }

// least is the smallest count in a domain that a spread looks at.
func (x *dealing) least(s *spread) int32 {
	n, least := int32(0), int32(-1)
	for at := range int32(x.n) {
		if !s.eligible[at] {
			continue
		}
		n++
		if c := x.count(s, at); least < 0 || c < least {
			least = c
		}
	}
	if n < s.c.MinDomains {
		return 0
	}
	return max(least, 0)
}

// settle moves pods whose spread is exceeded to other domains, and takes out those
// that can go nowhere.
func (x *dealing) settle() {
	for range x.n + 2 {
		moved := false
		for i := 0; i < len(x.parts); i++ {
			moved = x.relieve(i) || moved
		}
		if !moved {
			return
		}
	}
}

// relieve moves what is too much of one part, and tells whether there was anything.
func (x *dealing) relieve(i int) bool {
	p := x.parts[i]
	excess := int32(0)
	for _, s := range p.spreads {
		by := x.count(s, p.domain) - x.least(s) - s.c.MaxSkew
		if by <= 0 {
			continue
		}
		if s.self == 0 {
			by = p.pods // fewer of them would not help
		}
		excess = max(excess, by)
	}
	excess = min(excess, p.pods)
	if excess <= 0 {
		return false
	}
	x.uncertain = true
	x.parts[i].pods -= excess
	x.give(p, -excess)
	h := hand{portion: portion{p.class, excess, p.places}, role: p.role}
	room := x.room(&h)
	room[p.domain] = 0
	for at := range room {
		if !x.allows(p.role, int32(at)) {
			room[at] = 0
		}
	}
	for _, at := range x.rank {
		for room[at] > 0 && excess > 0 && x.allows(p.role, at) {
			q := part{portion{p.class, 1, p.places}, p.role, at}
			x.give(q, 1)
			x.parts = append(x.parts, q)
			room[at]--
			excess--
		}
	}
	return true
}

// allows tells whether the spreads of a role allow one more pod in a domain.
func (x *dealing) allows(r *role, at int32) bool {
	for _, s := range r.spreads {
		if x.count(s, at)+s.self-x.least(s) > s.c.MaxSkew {
			return false
		}
	}
	return true
}
