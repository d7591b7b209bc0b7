package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// host is what a pass knows of a host.
type host struct {
	verdict    plan.Verdict
	candidate  bool
	parts      []part // pods that would have to move, the largest first
	evicted    int
	disruption int64         // of moving them, in millionths of a pod
	price      cluster.Money // with the charge for a node
	worth      cluster.Money // of the pods
	moving     cluster.Money // what moving the pods costs once
	lifted     bool          // it is out of the world
}

// part is the pods of a class that are on a host.
type part struct {
	class int
	pods  []*cluster.Pod
	// astray: they could not come again to where they are. uneven: only for a spread.
	astray, uneven bool
}

// excess is what a host costs beyond what its pods are worth.
func (h *host) excess() cluster.Money { return h.price - h.worth }

// settleDown puts the pods back where they are, and notes what each host holds.
func (p *pass) settleDown(lifted map[string]bool, kept map[string]plan.Verdict) {
	p.index = make(map[string]int, len(p.snap.Hosts))
	p.hosts = make([]host, len(p.snap.Hosts))
	for i := range p.snap.Hosts {
		h := &p.snap.Hosts[i]
		p.index[h.Name] = i
		x := &p.hosts[i]
		x.price = h.Price + p.opt.Solve.NodeCharge
		switch v, held := kept[h.Name]; {
		case held:
			x.verdict = v
		case !lifted[h.Name]: // a claim without a node
			x.verdict = plan.Verdict{Kept: plan.KeptFor, Detail: "it is not there yet"}
		default:
			x.candidate = true
		}
	}
	p.class = make(map[*cluster.Pod]int, len(p.in.Pods))
	for c := range p.snap.Classes {
		for _, pod := range p.snap.Classes[c].Pods {
			p.class[pod] = c
			x := &p.hosts[p.index[pod.Node]]
			if n := len(x.parts); n == 0 || x.parts[n-1].class != c {
				x.parts = append(x.parts, part{class: c})
			}
			last := &x.parts[len(x.parts)-1]
			last.pods = append(last.pods, pod)
			if pod.Virtual() {
				p.spare = append(p.spare, chunk{pod, p.index[pod.Node]})
			} else {
				x.evicted++
			}
			x.disruption += Disruption(pod)
		}
	}
	for i := range p.hosts {
		p.putBack(i)
	}
	for i := range p.hosts {
		for j := range p.hosts[i].parts {
			x := &p.hosts[i].parts[j]
			v := p.world.View(x.class)
			x.astray = p.world.Overfull(i) || v.Stands(i) != 0 || barred(v, i)
			x.uneven = x.astray && !p.world.Overfull(i) && !barred(v, i) && v.Uneven(i)
		}
	}
	p.sortRoom()
}

// barred tells whether pods are on a host that would not take them any more, whoever else
// is where: what was true when they came is not now.
func barred(v *fit.View, host int) bool {
	return slices.ContainsFunc([]plan.Constraint{plan.Taints, plan.NodeSelector, plan.NodeAffinity, plan.VolumeNode}, func(c plan.Constraint) bool { return v.Forbids(c, host) })
}

// excess is what hosts cost beyond what their pods are worth.
func (p *pass) excess(hosts []int) cluster.Money {
	sum := cluster.Money(0)
	for _, h := range hosts {
		sum += p.hosts[h].excess()
	}
	return sum
}

// lift takes hosts and what is on them out of the world. The result is for setDown, which
// undoes it.
func (p *pass) lift(hosts []int) [][]int32 {
	was := make([][]int32, len(hosts))
	for i, h := range hosts {
		p.hosts[h].lifted = true
		p.leaveOrder(h)
		p.takeOff(h)
		was[i] = p.world.Vacate(h)
	}
	return was
}

func (p *pass) setDown(hosts []int, was [][]int32) {
	for i := len(hosts) - 1; i >= 0; i-- {
		p.hosts[hosts[i]].lifted = false
		p.world.Occupy(hosts[i], was[i])
		p.putBack(hosts[i])
		p.joinOrder(hosts[i])
	}
}

// takeOff takes the pods of a candidate off the world, putBack puts them back.
func (p *pass) takeOff(h int) {
	for _, x := range p.hosts[h].parts {
		for range x.pods {
			p.world.Remove(x.class, h)
		}
	}
}

func (p *pass) putBack(h int) {
	for _, x := range p.hosts[h].parts {
		p.world.Place(x.class, h, int32(len(x.pods)))
	}
}

// appraise finds what the pods of each class are worth, and sorts those of each host:
// who needs most of a node first.
func (p *pass) appraise() {
	p.worth = solve.Worth(p.snap, p.opt.Solve)
	for i := range p.hosts {
		h := &p.hosts[i]
		moving := int64(0) // what the pods are worth, in millionths
		for _, x := range h.parts {
			h.worth += p.worth[x.class] * cluster.Money(len(x.pods))
			for _, pod := range x.pods {
				moving += int64(p.worth[x.class]) * Disruption(pod)
			}
		}
		h.moving = amount(cluster.Money(moving/1_000_000), p.opt.Restart)
		slices.SortStableFunc(h.parts, func(a, b part) int {
			return cmp.Or(-cmp.Compare(p.worth[a.class], p.worth[b.class]), cmp.Compare(a.class, b.class))
		})
	}
}

// candidates returns those that may still go, sorted by less, then by name.
func (p *pass) candidates(less func(a, b *host) int) []int {
	var out []int
	for i := range p.hosts {
		if p.hosts[i].candidate && !p.gone[i] && !p.filled[i] {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return less(&p.hosts[a], &p.hosts[b]) })
	return out
}

// replaceable are the candidates for which others may be bought: those of pools that give back
// empty nodes only are not, whatever room is kept free there.
func (p *pass) replaceable(less func(a, b *host) int) []int {
	return slices.DeleteFunc(p.candidates(less), func(h int) bool { return p.snap.Pools[p.snap.Hosts[h].Pool].Policy == cluster.WhenEmpty })
}

// move is pods of a class on their way to a host.
type move struct {
	class, to int
	pods      int32
}

// candidatesBefore tells of each host whether a former pass has found that it can go, and its
// node says so ([cluster.CandidateTaint]).
func (p *pass) candidatesBefore() []bool {
	out := make([]bool, len(p.snap.Hosts))
	for _, n := range p.in.Nodes {
		if h, known := p.index[n.Name]; known {
			out[h] = slices.Contains(n.Taints, cluster.CandidateTaint)
		}
	}
	return out
}
