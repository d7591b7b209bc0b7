package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/fit"
)

// Where a pod would go is asked of thousands of hosts, again and again. Most have not enough
// cpu or memory free, or are in a domain that takes no more: they are passed over without being
// asked.

// spot is a host that takes pods, and what is free there of cpu and memory.
type spot struct {
	cpu, memory int64
	host        int32
}

// byCPU orders those first that have the least cpu free.
func byCPU(a, b spot) int { return cmp.Or(cmp.Compare(a.cpu, b.cpu), cmp.Compare(a.host, b.host)) }

// spotOf is a host as it is now.
func (p *pass) spotOf(host int) spot {
	room := p.world.Room(host)
	return spot{room[0], room[1], int32(host)}
}

// sortRoom sorts the hosts that take pods. Hosts that are gone, or are being tried, leave the
// order.
func (p *pass) sortRoom() {
	p.byRoom, p.coming = p.byRoom[:0], p.coming[:0]
	for i := range p.snap.Hosts {
		switch h := &p.snap.Hosts[i]; {
		case h.Closed != "":
		case h.InFlight:
			p.coming = append(p.coming, int32(i))
		default:
			p.byRoom = append(p.byRoom, p.spotOf(i))
		}
	}
	slices.SortFunc(p.byRoom, byCPU)
}

// place puts pods on a host, and keeps the order by room.
func (p *pass) place(class, to int, pods int32) {
	p.reorder(to, func() { p.world.Place(class, to, pods) })
}

// unplace takes them away again.
func (p *pass) unplace(class, from int, pods int32) {
	p.reorder(from, func() {
		for range pods {
			p.world.Remove(class, from)
		}
	})
}

// reorder gives a host its place in the order after what is free there has changed.
func (p *pass) reorder(host int, change func()) {
	from, there := slices.BinarySearchFunc(p.byRoom, p.spotOf(host), byCPU)
	change()
	if !there {
		p.joinOrder(host)
		return
	}
	s := p.spotOf(host)
	to, _ := slices.BinarySearchFunc(p.byRoom, s, byCPU)
	if to > from {
		to-- // it leaves its own place
		copy(p.byRoom[from:to], p.byRoom[from+1:to+1])
	} else {
		copy(p.byRoom[to+1:from+1], p.byRoom[to:from])
	}
	p.byRoom[to] = s
}

func (p *pass) leaveOrder(host int) {
	if i, there := slices.BinarySearchFunc(p.byRoom, p.spotOf(host), byCPU); there {
		p.byRoom = slices.Delete(p.byRoom, i, i+1)
	}
}

func (p *pass) joinOrder(host int) {
	if x := &p.snap.Hosts[host]; x.Closed != "" || x.InFlight || p.gone[host] {
		return
	}
	s := p.spotOf(host)
	i, _ := slices.BinarySearchFunc(p.byRoom, s, byCPU)
	p.byRoom = slices.Insert(p.byRoom, i, s)
}

// finder asks for hosts that take one more pod of a class.
type finder struct {
	view *fit.View
	spot // what the pod needs
	full []int
}

// fullMost is how many domains, or combinations of them, that take no more a finder
// remembers: there are few zones, and where each host is a domain it helps nobody.
const fullMost = 4

func (p *pass) finderFor(class int) finder {
	wants := p.snap.Classes[class].Requests
	return finder{view: p.world.View(class), spot: spot{cpu: wants[0], memory: wants[1]}}
}

// takes tells whether a host does.
func (s *finder) takes(x spot) bool {
	host := int(x.host)
	if s.memory > 0 && x.memory < s.memory || slices.ContainsFunc(s.full, func(other int) bool { return s.view.Alike(host, other) }) {
		return false
	}
	why := s.view.Node(host)
	if aboutOthers(why) && len(s.full) < fullMost {
		s.full = append(s.full, host)
	}
	return why == 0
}

// tightest returns the host with the least cpu free that takes one more pod of a class, and
// one that is shunned only if there is no other; −1 for none.
func (p *pass) tightest(class int) int {
	s, shunned := p.finderFor(class), -1
	from, _ := slices.BinarySearchFunc(p.byRoom, s.cpu, func(x spot, want int64) int { return cmp.Compare(x.cpu, want) })
	for _, x := range p.byRoom[from:] {
		switch {
		case p.shunned[x.host] && shunned >= 0 || !s.takes(x):
		case !p.shunned[x.host]:
			return int(x.host)
		default:
			shunned = int(x.host)
		}
	}
	return shunned
}

// choice is a host and how much of it would be free, of cpu and memory together.
type choice struct {
	host int32
	free float64
}

// roomy returns hosts that take one more pod of a class, the one first of which the largest
// part would be free then: those that are shunned if there are no others.
func (p *pass) roomy(class int) []choice {
	p.choices = p.roomyAmong(class, false)
	if len(p.choices) == 0 {
		p.choices = p.roomyAmong(class, true)
	}
	return p.choices
}

// roomyAmong looks only at hosts that are shunned, or only at those that are not.
func (p *pass) roomyAmong(class int, shunned bool) []choice {
	s := p.finderFor(class)
	found := p.choices[:0]
	for _, x := range slices.Backward(p.byRoom) {
		if s.cpu > 0 && x.cpu < s.cpu {
			break
		}
		if p.shunned[x.host] != shunned || !s.takes(x) {
			continue
		}
		all := p.snap.Hosts[x.host].Allocatable
		c := choice{x.host, float64(x.cpu-s.cpu)/float64(max(all[0], 1)) + float64(x.memory-s.memory)/float64(max(all[1], 1))} // as the scheduler scores
		found = append(found, c)
		if c.free > found[0].free {
			found[0], found[len(found)-1] = c, found[0]
		}
		if len(found) == roomiest {
			break
		}
	}
	return found
}
