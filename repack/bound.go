package repack

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// bound is what holding the same pods must cost per hour, charges included: the nodes
// that may not go as they are, and the least that has to be bought for all pods that
// may be moved, if every other node went and nodes like these could be bought anew for
// what they cost. Pods that are where their constraints would no longer let them in are
// left out: they may stay there for nothing. Where only a spread would not let them in, it is
// the spread that is left out, for all pods that are alike: half of a workload went, and what
// is left of it is uneven. Spreads over domains in which there is no node yet do not count: as
// long as nobody buys one, nobody spreads over them.
func (p *pass) bound() cluster.Money {
	if p.opt.BoundSteps < 0 {
		return 0
	}
	sum := cluster.Money(0)
	var candidates []int
	for i := range p.hosts {
		if p.hosts[i].candidate {
			candidates = append(candidates, i)
		} else if p.snap.Hosts[i].Pool >= 0 {
			sum += p.hosts[i].price
		}
	}
	all := p.snap.Resell(candidates)
	all.Hosts = slices.Clone(all.Hosts)
	for _, i := range candidates {
		all.Hosts[i].Closed = "may go"
	}
	all.Classes = slices.Clone(all.Classes)
	uneven := p.uneven()
	for c, pods := range p.standing() {
		all.Classes[c].Pods = pods
	}
	for c := range all.Classes {
		if uneven[c] || p.world.View(c).Widens() {
			unspread(&all.Classes[c])
		}
	}
	all.Classes = slices.DeleteFunc(all.Classes, func(c cluster.Class) bool { return len(c.Pods) == 0 })
	opt := p.opt.Solve
	opt.Steps, opt.Unproven = p.opt.BoundSteps, false
	return sum + solve.Solve(all, opt).Bound
}

// unspread takes the spreads off a class.
func unspread(c *cluster.Class) {
	d, r := *c.Demand, *c.References
	d.Spreads, r.Spreads = nil, nil
	c.Demand, c.References = &d, &r
}

// uneven tells of each class whether a spread of it counts pods that are where it would not
// let them in now.
func (p *pass) uneven() []bool {
	groups := map[int32]bool{}
	for i := range p.hosts {
		for _, x := range p.hosts[i].parts {
			if x.uneven {
				for _, g := range p.snap.Classes[x.class].Spreads {
					groups[g] = true
				}
			}
		}
	}
	out := make([]bool, len(p.snap.Classes))
	for c := range out {
		out[c] = slices.ContainsFunc(p.snap.Classes[c].Spreads, func(g int32) bool { return groups[g] })
	}
	return out
}

// standing returns the pods of each class that could come again to where they are, but for
// spreads.
func (p *pass) standing() [][]*cluster.Pod {
	out := make([][]*cluster.Pod, len(p.snap.Classes))
	for i := range p.hosts {
		for _, x := range p.hosts[i].parts {
			if p.hosts[i].candidate && (!x.astray || x.uneven) {
				out[x.class] = append(out[x.class], x.pods...)
			}
		}
	}
	for _, pods := range out {
		cluster.SortPods(pods)
	}
	return out
}
