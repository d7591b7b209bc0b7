package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// replaceAll replaces nodes that cost more than their pods are worth, several at a time:
// together their pods fill other nodes well.
func (p *pass) replaceAll() {
	order := slices.DeleteFunc(p.replaceable(byExcess), func(h int) bool { return !p.promising(h) })
	for len(order) > 0 {
		n := p.together(order)
		p.replace(order[:n])
		order = slices.DeleteFunc(order[n:], func(h int) bool { return p.filled[h] })
	}
	if len(p.actions) == 0 {
		p.searchAll()
	}
}

// byExcess puts first what costs most beyond what its pods are worth, for the pods that
// would have to move.
func byExcess(a, b *host) int {
	return -cmp.Compare(float64(a.excess())*float64(b.burden()), float64(b.excess())*float64(a.burden()))
}

// promising tells whether replacing a host could save enough. If not, that is its verdict.
func (p *pass) promising(h int) bool {
	x := &p.hosts[h]
	if x.excess() > p.least([]int{h}, x.worth) {
		return true
	}
	x.verdict = p.worthIt([]int{h}, x.excess())
	return false
}

// worthIt is the verdict on hosts that cost hardly more than their pods are worth.
func (p *pass) worthIt(hosts []int, excess cluster.Money) plan.Verdict {
	v := p.tooLittle(hosts, excess, p.price(hosts)-excess)
	if v.Kept == plan.KeptThreshold {
		v = plan.Verdict{Kept: plan.KeptFull}
	}
	return v
}

// postpone notes when an offer that saves too little for now would be worth taking.
func (p *pass) postpone(hosts []int, o *offer) {
	if o.whole && !o.fragile {
		p.mayDoLater(hosts, o.saving, o.bought.Objective()) // the verdict is on the parts
	}
}

// together is how many of the first hosts are replaced at the same time: as many as may
// be.
func (p *pass) together(order []int) int {
	n := 0
	used := map[int]int{}
	for _, h := range order[:min(len(order), p.opt.Together)] {
		pool := p.snap.Hosts[h].Pool
		if most, ok := p.in.AtOnce[p.snap.Pools[pool].Name]; ok && n > 0 && used[pool] >= max(most, 1) {
			break
		}
		used[pool]++
		n++
	}
	return n
}

// replace replaces hosts if that saves enough, else each half of them.
func (p *pass) replace(hosts []int) {
	if excess := p.excess(hosts); excess <= p.least(hosts, p.price(hosts)-excess) {
		p.settleFor(hosts, p.worthIt(hosts, excess))
		return
	}
	o := p.best(hosts)
	if o.enough() {
		few, less := p.fewest(hosts, o)
		v, held := p.withheld(few, &less)
		if !held {
			p.exchange(few, less.bought, less.saving)
			if rest := slices.DeleteFunc(slices.Clone(hosts[len(few):]), func(h int) bool { return p.filled[h] }); len(rest) > 0 {
				p.replace(rest)
			}
			return
		}
		p.settleFor(hosts, v)
		return
	}
	if len(hosts) > 1 {
		p.postpone(hosts, &o)
		if p.hopeless(hosts, &o) {
			p.settleFor(hosts, p.tooLittle(hosts, o.saving, o.bought.Objective()))
			return
		}
		half := len(hosts) / 2
		p.replace(hosts[:half])
		p.replace(slices.DeleteFunc(slices.Clone(hosts[half:]), func(h int) bool { return p.filled[h] }))
		return
	}
	v := p.hosts[hosts[0]].verdict
	switch {
	case o.fragile:
		v = plan.Verdict{Kept: plan.KeptFragile}
	case o.whole:
		v = p.tooLittle(hosts, o.saving, o.bought.Objective())
	}
	p.settleFor(hosts, v)
}

// withheld tells whether an offer that saves enough is not taken all the same, and the verdict then.
func (p *pass) withheld(hosts []int, o *offer) (v plan.Verdict, held bool) {
	if v, held = p.refused(hosts, o.saving); held {
		return v, true
	}
	if certain, _ := p.certain(hosts, o.bought, often); !certain || !p.leavesRoom(hosts, o.bought, often) {
		return plan.Verdict{Kept: plan.KeptFragile}, true
	}
	return v, false
}

// fewest returns the first of hosts that are worth replacing, and the offer for them: as long as
// the first half saves nearly as much, the others are left out.
func (p *pass) fewest(hosts []int, o offer) ([]int, offer) {
	for len(hosts) > 1 && len(p.in.AtOnce) > 0 {
		half := hosts[:len(hosts)/2]
		less := p.best(half)
		if !less.enough() || p.net(half, &less) < p.net(hosts, &o) {
			break
		}
		hosts, o = half, less
	}
	return hosts, o
}

// net is what an offer saves, less what has to be saved for moving more pods than fewer: twice
// of what has to be at the least.
func (p *pass) net(hosts []int, o *offer) cluster.Money {
	return o.saving - 2*p.yield(hosts)
}

// hopeless tells whether parts of hosts need not be tried after an offer for all of them:
// what a part saves all save, too, if the others are bought again as they are. Plans may be
// short of the best by a little, which is allowed for.
func (p *pass) hopeless(hosts []int, o *offer) bool {
	if !o.whole || o.fragile || !p.forSale(hosts) {
		return false
	}
	most := o.saving + p.margin(hosts)
	return !slices.ContainsFunc(hosts, func(h int) bool { return p.least([]int{h}, p.hosts[h].worth) <= most })
}

// shortOfBest is by how much the plan for a few nodes costs more than the best, in
// thousandths.
const shortOfBest = 20

// margin is the most that a better plan for hosts may be expected to save beyond the first.
func (p *pass) margin(hosts []int) cluster.Money { return p.price(hosts) * shortOfBest / 1000 }

// forSale tells whether hosts could be bought again as they are, for what they cost.
func (p *pass) forSale(hosts []int) bool {
	if p.sold == nil {
		p.sold = map[lot]cluster.Money{}
		for i := range p.snap.Offerings {
			o := &p.snap.Offerings[i]
			p.sold[lot{o.Pool, o.ID}] = o.Price
		}
	}
	return !slices.ContainsFunc(hosts, func(h int) bool {
		x := &p.snap.Hosts[h]
		price, ok := p.sold[lot{x.Pool, cluster.OfferingID{
			InstanceType: x.Labels[cluster.LabelInstanceType], Zone: x.Labels[cluster.LabelZone], CapacityType: x.Labels[cluster.LabelCapacityType],
		}}]
		return !ok || price > x.Price
	})
}

// lot is an offering as a pool may buy it.
type lot struct {
	pool int
	id   cluster.OfferingID
}

// settleFor gives hosts that stay their verdict. That a pod has no place elsewhere is
// known before, and says more.
func (p *pass) settleFor(hosts []int, v plan.Verdict) {
	for _, h := range hosts {
		x := &p.hosts[h].verdict
		if x.Kept == plan.KeptNeeded && (v.Kept == plan.KeptThreshold || v.Kept == plan.KeptSoon || v.Kept == plan.KeptFull) {
			x.Saving, x.Least = v.Saving, v.Least
		} else {
			*x = v
		}
	}
}

// offer is what could replace hosts.
type offer struct {
	bought        *plan.Plan
	saving, least cluster.Money
	whole         bool // all pods have a place
	fragile       bool // it saves enough only if pods come in the right order
}

// enough tells whether it is worth doing.
func (o *offer) enough() bool { return o.whole && !o.fragile && o.saving >= o.least }

// best is what replaces hosts and does not depend on who comes first.
func (p *pass) best(hosts []int) offer {
	o, ordered := p.offer(hosts, true), false
	if o.enough() {
		var certain bool
		if certain, ordered = p.certain(hosts, o.bought, 1); !certain {
			// Whatever of it the scheduler puts elsewhere, new nodes that hold all of it do.
			o = p.offer(hosts, false)
			o.fragile = !o.enough()
		}
	}
	if o.enough() && (!ordered && !p.inOrder(hosts, o.bought) || !p.leavesRoom(hosts, o.bought, 1)) {
		o.fragile = true
	}
	return o
}

// offer asks for it. Other nodes have room for the pods as well, or only new ones do. A better
// plan than the first is sought where it could make the difference: most offers are far from it.
func (p *pass) offer(hosts []int, others bool) offer {
	o := p.offerWithin(hosts, others, -1)
	if p.search < eachSteps || o.whole && o.saving+p.margin(hosts) < o.least {
		return o
	}
	p.search -= eachSteps
	return p.offerWithin(hosts, others, eachSteps)
}

// offerWithin asks for it, and spends so many steps on a better plan: below 0 if the first has to do.
func (p *pass) offerWithin(hosts []int, others bool, steps int) offer {
	bought := p.without(hosts, others, steps)
	return offer{
		bought: bought, whole: len(bought.Unplaced) == 0 && len(bought.Late) == 0,
		saving: p.price(hosts) - bought.Objective(), least: p.least(hosts, bought.Objective()),
	}
}
