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
// left out: they may stay there for nothing. Spreads over domains in which there is no
// node yet do not count: as long as nobody buys one, nobody spreads over them.
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
	for c, pods := range p.standing() {
		all.Classes[c].Pods = pods
	}
	for c := range all.Classes {
		if p.world.View(c).Widens() {
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

// standing returns the pods of each class that could come again to where they are.
func (p *pass) standing() [][]*cluster.Pod {
	out := make([][]*cluster.Pod, len(p.snap.Classes))
	for i := range p.hosts {
		for _, x := range p.hosts[i].parts {
			if p.hosts[i].candidate && !x.astray {
				out[x.class] = append(out[x.class], x.pods...)
			}
		}
	}
	for _, pods := range out {
		cluster.SortPods(pods)
	}
	return out
}
