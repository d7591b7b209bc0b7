package repack

import (
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// refused says why hosts may not go together although that would save so much, if so.
func (p *pass) refused(hosts []int, saving cluster.Money) (plan.Verdict, bool) {
	for _, h := range hosts {
		pool := &p.snap.Pools[p.snap.Hosts[h].Pool]
		if pool.Shape != cluster.NodeGroup {
			continue
		}
		goes := int64(0)
		for i := range p.hosts {
			if p.snap.Hosts[i].Pool == p.snap.Hosts[h].Pool && (p.gone[i] || slices.Contains(hosts, i)) {
				goes++
			}
		}
		if pool.Nodes-goes < pool.Min {
			return plan.Verdict{Kept: plan.KeptLast, Detail: "at least " + strconv.FormatInt(pool.Min, 10)}, true
		}
	}
	return p.unbalanced(hosts, saving)
}

// giveBack notes that hosts go whose pods move to others.
func (p *pass) giveBack(hosts []int, moves []move, saving cluster.Money) {
	a := p.action(hosts, saving)
	pods := p.podsOf(hosts)
	for _, m := range moves {
		p.filled[m.to] = true
		all := pods[m.class]
		a.Moves = append(a.Moves, plan.Placement{Host: p.snap.Hosts[m.to].Name, Pods: all[:m.pods:m.pods]})
		pods[m.class] = all[m.pods:]
	}
	why := "its pods have room elsewhere"
	if a.Evicted == 0 && len(moves) == 0 {
		why = "it is empty"
	}
	p.leave(hosts, why)
	p.follow(&a)
	p.actions = append(p.actions, a)
}

// exchange notes that hosts go, and that what a plan buys comes for them.
func (p *pass) exchange(hosts []int, bought *plan.Plan, saving cluster.Money) {
	a := p.action(hosts, saving)
	a.Creates, a.Moves = bought.Creates, bought.Placements
	if len(a.Creates) > 0 {
		a.Why = cluster.ReasonUnderutilized // also where only room that is kept free moves
	}
	p.lift(hosts)
	for _, m := range bought.Placements {
		to := p.index[m.Host]
		p.filled[to] = true
		for _, pod := range m.Pods {
			p.place(p.class[pod], to, 1)
		}
	}
	for i := range bought.Creates {
		c := &bought.Creates[i]
		at := p.world.Buy(p.offering(c))
		for _, pod := range c.Pods {
			p.world.Place(p.class[pod], at, 1)
		}
	}
	why := "its pods cost less on others"
	if len(bought.Creates) == 0 {
		why = "its pods have room elsewhere"
	}
	p.leave(hosts, why)
	p.follow(&a)
	p.actions = append(p.actions, a)
}

func (p *pass) action(hosts []int, saving cluster.Money) plan.Action {
	a := plan.Action{Saving: saving}
	for _, h := range hosts {
		a.Hosts = append(a.Hosts, p.snap.Hosts[h].Name)
		a.Evicted += p.hosts[h].evicted
		a.Disruption += p.hosts[h].disruption
	}
	slices.Sort(a.Hosts)
	if a.Why = cluster.ReasonUnderutilized; a.Evicted == 0 {
		a.Why = cluster.ReasonEmpty
	}
	return a
}

// price is what hosts cost, charges included.
func (p *pass) price(hosts []int) cluster.Money {
	sum := cluster.Money(0)
	for _, h := range hosts {
		sum += p.hosts[h].price
	}
	return sum
}

func (p *pass) leave(hosts []int, why string) {
	for _, h := range hosts {
		p.gone[h] = true
		p.hosts[h].verdict = plan.Verdict{Detail: why}
	}
}

// podsOf returns the pods of hosts by class.
func (p *pass) podsOf(hosts []int) map[int][]*cluster.Pod {
	out := map[int][]*cluster.Pod{}
	for _, h := range hosts {
		for _, x := range p.hosts[h].parts {
			out[x.class] = append(out[x.class], x.pods...)
		}
	}
	return out
}

// offering finds what a node of a plan is bought as.
func (p *pass) offering(c *plan.Create) int {
	return slices.IndexFunc(p.snap.Offerings, func(o cluster.PoolOffering) bool {
		return o.ID == c.Offerings[0] && p.snap.Pools[o.Pool].Name == c.Pool
	})
}
