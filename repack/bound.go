package repack

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// bound is what holding the same pods must cost per hour, charges included: the nodes
// that may not go as they are, and the least that has to be bought for all pods that
// may be moved if every other node went. A node that stays costs no less than one that
// is bought.
func (p *pass) bound() cluster.Money {
	if p.opt.BoundSteps < 0 {
		return 0
	}
	sum := cluster.Money(0)
	all := *p.snap
	all.Hosts = slices.Clone(all.Hosts)
	for i := range all.Hosts {
		switch h := &all.Hosts[i]; {
		case p.hosts[i].candidate:
			h.Closed = "may go"
		case h.Pool >= 0:
			sum += p.hosts[i].price
		}
	}
	opt := p.opt.Solve
	opt.Steps = p.opt.BoundSteps
	return sum + solve.Solve(&all, opt).Bound
}
