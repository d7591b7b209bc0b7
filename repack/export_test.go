package repack

import (
	"fmt"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// Twins asks, at the end of a pass, for what could replace some of the hosts that are left,
// of what is short and of all hosts, and returns how often these were not the same thing, and
// the first two answers that differ.
func Twins(in Input, opt Options, some func(n int) []int) (short int, one, other string) {
	p := newPass(in, opt.withDefaults())
	p.removeAll()
	p.search = -1
	p.replaceAll()
	left := p.candidates(byExcess)
	for others := range 2 {
		var hosts []int
		for _, i := range some(len(left)) {
			hosts = append(hosts, left[i])
		}
		s := p.snapshotWithout(hosts, others > 0)
		pods := p.podsOf(hosts)
		for _, same := range pods {
			cluster.SortPods(same)
		}
		var open []int32
		if others > 0 {
			open = p.withRoom(p.leastOf(pods), hosts)
		}
		all := p.allWithout(hosts, open, func(class int) []*cluster.Pod { return pods[class] })
		if len(s.Hosts) < len(all.Hosts) {
			short++
		}
		o := opt.Solve
		o.Unproven, o.Hosts = true, true
		if one, other = answerOf(solve.Solve(s, o)), answerOf(solve.Solve(all, o)); one != other {
			return short, one, other
		}
	}
	return short, "", ""
}

// answerOf is what a pass looks at in a plan.
func answerOf(p *plan.Plan) string {
	out := fmt.Sprint(p.Objective(), "\n")
	for i := range p.Creates {
		out += fmt.Sprint(p.Creates[i].Pool, p.Creates[i].Offerings, p.Creates[i].Price, names(p.Creates[i].Pods), "\n")
	}
	for _, x := range p.Placements {
		out += fmt.Sprint(x.Host, names(x.Pods), "\n")
	}
	for _, x := range p.Unplaced {
		out += fmt.Sprint("unplaced", names(x.Pods), "\n")
	}
	return out + fmt.Sprint("late", names(p.Late))
}

func names(pods []*cluster.Pod) []string {
	out := make([]string, len(pods))
	for i, pod := range pods {
		out[i] = pod.ID()
	}
	slices.Sort(out)
	return out
}

// AtOnce gives back so many percent of the nodes that may go, all together, those first that
// cost most beyond what their pods are worth for the pods that move. It returns how many pods
// those are, and what the cluster would cost per hour then, charges included.
func AtOnce(in Input, opt Options, percent int) (moved int, cost cluster.Money) {
	p := newPass(in, opt.withDefaults())
	p.search = -1
	order := p.candidates(byExcess)
	hosts := order[:len(order)*percent/100]
	for i := range p.hosts {
		if p.snap.Hosts[i].Pool >= 0 {
			cost += p.hosts[i].price
		}
	}
	for _, h := range hosts {
		moved += p.hosts[h].evicted
	}
	return moved, cost - p.price(hosts) + p.without(hosts, true, -1).Objective()
}

// Lined takes pods off some of the hosts, one after the other, and puts each where the first node
// takes it. It returns how often a lineup and asking all nodes found nodes, and the first time
// that they did not find the same ones.
func Lined(in Input, opt Options, some func(n int) []int) (found int, differ string) {
	p := newPass(in, opt.withDefaults())
	order := p.candidates(byExcess)
	var hosts []int
	for _, i := range some(len(order)) {
		hosts = append(hosts, order[i])
	}
	moving := p.podsOf(hosts)
	s := &steps{pass: p, lines: map[int]*lineup{}}
	s.world, s.class, s.node = p.aheadOf(hosts, moving)
	for _, h := range p.withMost(p.leastOf(moving), hosts) {
		s.there = append(s.there, s.node(int(h)))
	}
	s.lineUp()
	for _, h := range hosts {
		for _, x := range p.hosts[h].parts {
			for range x.pods {
				c := s.class[x.class]
				s.world.Remove(c, s.node(h))
				for _, many := range []int{2, 1} {
					v := s.world.View(c)
					l := s.lines[c]
					l.regroup(v, s.there)
					var want []int32
					for i, n := range s.there {
						if v.Takes(n) && len(want) < many {
							want = append(want, int32(i))
						}
					}
					if got := l.first(v, s.there, many); !slices.Equal(got, want) {
						return found, fmt.Sprintf("class %d may go to %v, want %v", x.class, got, want)
					}
					if many == 1 && len(want) > 0 {
						s.world.Place(c, s.there[want[0]], 1)
						found++
					}
				}
			}
		}
	}
	return found, ""
}
