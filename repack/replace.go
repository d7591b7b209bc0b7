package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// replaceAll replaces nodes that cost more than their pods are worth, several at a time:
// together their pods fill other nodes well.
func (p *pass) replaceAll() {
	order := p.candidates(func(a, b *host) int {
		return -cmp.Compare(float64(a.excess())*float64(b.burden()), float64(b.excess())*float64(a.burden()))
	})
	for len(order) > 0 {
		n := p.together(order)
		if n == 0 {
			return
		}
		p.replace(order[:n])
		order = slices.DeleteFunc(order[n:], func(h int) bool { return p.filled[h] })
	}
}

// together is how many of the first hosts are replaced at the same time: as many as may
// be that promise to save enough.
func (p *pass) together(order []int) int {
	n := 0
	used := map[int]int{}
	for _, h := range order[:min(len(order), p.opt.Together)] {
		x := &p.hosts[h]
		if x.excess() <= x.least {
			x.verdict = plan.Verdict{Kept: plan.KeptFull}
			break
		}
		pool := p.snap.Hosts[h].Pool
		if most, ok := p.in.AtOnce[p.snap.Pools[pool].Name]; ok && used[pool] >= max(most, 1) {
			break
		}
		used[pool]++
		n++
	}
	return n
}

// replace replaces hosts if that saves enough, else each half of them.
func (p *pass) replace(hosts []int) {
	excess, least := p.excess(hosts)
	if excess <= least {
		p.settleFor(hosts, plan.Verdict{Kept: plan.KeptFull})
		return
	}
	bought := p.without(hosts)
	saving := p.price(hosts) - bought.Objective()
	whole := len(bought.Unplaced) == 0 && len(bought.Late) == 0
	if whole && saving >= least {
		v, held := p.refused(hosts, saving)
		if !held {
			p.exchange(hosts, bought, saving)
			return
		}
		p.settleFor(hosts, v)
		return
	}
	if len(hosts) > 1 {
		half := len(hosts) / 2
		p.replace(hosts[:half])
		p.replace(slices.DeleteFunc(slices.Clone(hosts[half:]), func(h int) bool { return p.filled[h] }))
		return
	}
	v := plan.Verdict{Kept: plan.KeptThreshold, Saving: max(saving, 0), Least: least}
	if !whole {
		v = p.hosts[hosts[0]].verdict
	}
	p.settleFor(hosts, v)
}

// settleFor gives hosts that stay their verdict. That a pod has no place elsewhere is
// known before, and says more.
func (p *pass) settleFor(hosts []int, v plan.Verdict) {
	for _, h := range hosts {
		x := &p.hosts[h].verdict
		if x.Kept == plan.KeptNeeded && (v.Kept == plan.KeptThreshold || v.Kept == plan.KeptFull) {
			x.Saving, x.Least = v.Saving, v.Least
		} else {
			*x = v
		}
	}
}

// without is a plan for the pods of hosts as if these and those that are gone were not
// there.
func (p *pass) without(hosts []int) *plan.Plan {
	leaving := slices.Clone(p.gone)
	waiting := make([][]*cluster.Pod, len(p.snap.Classes))
	for _, h := range hosts {
		leaving[h] = true
		for _, x := range p.hosts[h].parts {
			waiting[x.class] = append(waiting[x.class], x.pods...)
		}
	}
	for _, pods := range waiting {
		cluster.SortPods(pods)
	}
	return solve.Solve(p.world.Settle(leaving, func(class int) []*cluster.Pod { return waiting[class] }), p.opt.Solve)
}
