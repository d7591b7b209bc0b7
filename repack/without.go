package repack

import (
	"cmp"
	"math"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// without is a plan for the pods of hosts as if these and those that are gone were not
// there. Others may be told to take none of them.
func (p *pass) without(hosts []int, others bool, steps int) *plan.Plan {
	opt := p.opt.Solve
	opt.Unproven = true // it is held against what the nodes cost
	opt.Steps, opt.Hosts = steps, true
	return solve.Solve(p.snapshotWithout(hosts, others), opt)
}

// snapshotWithout is what such a plan is for. It takes as long as there are hosts with room
// for some pod: where pods are packed well most have none.
func (p *pass) snapshotWithout(hosts []int, others bool) *cluster.Snapshot {
	pods := p.podsOf(hosts)
	for _, same := range pods {
		cluster.SortPods(same)
	}
	waiting := func(class int) []*cluster.Pod { return pods[class] }
	leaving := make([]int32, len(hosts))
	for i, h := range hosts {
		leaving[i] = int32(h)
	}
	var open []int32
	if others {
		open = p.withRoom(p.leastOf(pods), hosts)
	}
	if s, ok := p.world.Among(open, leaving, waiting); ok {
		return s
	}
	return p.allWithout(hosts, open, waiting)
}

// allWithout is the same with all hosts, of which only the open ones take pods.
func (p *pass) allWithout(hosts []int, open []int32, waiting func(class int) []*cluster.Pod) *cluster.Snapshot {
	leaving := slices.Clone(p.gone)
	for _, h := range hosts {
		leaving[h] = true
	}
	s := p.world.Settle(leaving, waiting)
	for i := range s.Hosts {
		if _, ok := slices.BinarySearch(open, int32(i)); !ok {
			s.Hosts[i].Closed = cmp.Or(s.Hosts[i].Closed, "not for these")
		}
	}
	return s
}

// What a volume takes, or a device, may be there already: whether a host has room for any of
// the pods that wait is a question of cpu, memory and the number of pods.
const basic = 3

// leastOf is the least that one of some pods, by class, needs of each.
func (p *pass) leastOf(pods map[int][]*cluster.Pod) [basic]int64 {
	least := [basic]int64{math.MaxInt64, math.MaxInt64, math.MaxInt64}
	for c, same := range pods {
		if len(same) > 0 {
			for d := range basic {
				least[d] = min(least[d], p.snap.Classes[c].Requests[d])
			}
		}
	}
	return least
}

// withRoom lists the hosts but some that take pods, or will, and have so much room, ascending.
func (p *pass) withRoom(least [basic]int64, but []int) []int32 {
	out := p.withMost(least, but)
	for _, h := range p.coming {
		if p.has(h, least) && !slices.Contains(but, int(h)) {
			out = append(out, h)
		}
	}
	slices.Sort(out)
	return out
}

// withMost lists the hosts but some that take pods and have so much room, those with most
// cpu free first.
func (p *pass) withMost(least [basic]int64, but []int) []int32 {
	var out []int32
	for _, x := range slices.Backward(p.byRoom) {
		if least[0] > 0 && x.cpu < least[0] {
			break
		}
		if least[1] > 0 && x.memory < least[1] {
			continue
		}
		if p.has(x.host, least) && !slices.Contains(but, int(x.host)) {
			out = append(out, x.host)
		}
	}
	return out
}

// has tells whether a host has so much room.
func (p *pass) has(host int32, least [basic]int64) bool {
	room := p.world.Room(int(host))
	for d, want := range least {
		if want > 0 && room[d] < want {
			return false
		}
	}
	return true
}
