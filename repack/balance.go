package repack

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// scale is what all nodes of a pool cost and what it would amount to if all of them
// went: what the policy Balanced measures an action by.
type scale struct {
	price  cluster.Money
	burden int64
}

// scales returns those of each pool.
func (p *pass) scales() []scale {
	if p.pools != nil {
		return p.pools
	}
	p.pools = make([]scale, len(p.snap.Pools))
	for i := range p.snap.Hosts {
		h := &p.snap.Hosts[i]
		if h.Pool < 0 {
			continue
		}
		s := &p.pools[h.Pool]
		s.price += p.hosts[i].price
		s.burden += p.hosts[i].burden()
		for _, pod := range h.Pods {
			if pod.Occupies() {
				s.burden += Disruption(pod)
			}
		}
	}
	return p.pools
}

// unbalanced tells whether a pool whose policy is Balanced forbids what would save so
// much: of all that its nodes cost, the part that is saved has to be at least half of
// the part of all disruption that it takes (Karpenter's rule). Actions over several
// pools are measured by all of them.
func (p *pass) unbalanced(hosts []int, saving cluster.Money) (plan.Verdict, bool) {
	var all scale
	var seen []int
	balanced, burden := false, int64(0)
	for _, h := range hosts {
		pool := p.snap.Hosts[h].Pool
		balanced = balanced || p.snap.Pools[pool].Policy == cluster.Balanced
		burden += p.hosts[h].burden()
		if !slices.Contains(seen, pool) {
			seen = append(seen, pool)
			s := p.scales()[pool]
			all.price += s.price
			all.burden += s.burden
		}
	}
	if !balanced || all.price <= 0 {
		return plan.Verdict{}, false
	}
	least := cluster.Money(float64(all.price) / 2 * float64(burden) / float64(all.burden))
	if saving >= least {
		return plan.Verdict{}, false
	}
	return plan.Verdict{Kept: plan.KeptDisruption, Saving: saving, Least: least}, true
}
