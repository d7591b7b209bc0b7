package repack

import (
	"cmp"
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// A small cluster is nearly packed well, and what is left to save is in the way that
// nodes fit together: one that is half empty in each zone, one of the wrong kind that a few
// others could make up for. Nodes that are each worth their price are replaced, too, if
// together they could be had for less.

// small is how many candidates a cluster has at the most for which better plans than the
// first are sought: where many nodes are replaced the first are good enough, and the search
// would be most of a pass.
const small = 150

// eachSteps is what a better plan for one replacement is sought with: more has found
// nothing more.
const eachSteps = 20_000

// searchSteps is what a pass may spend on better plans.
func (p *pass) searchSteps() int {
	if len(p.candidates(byMerit)) > small {
		return 0
	}
	return p.opt.Search
}

// spend takes the steps for one replacement off those that are left: below 0 if the first
// plan has to do.
func (p *pass) spend() int {
	if p.search < eachSteps {
		return -1
	}
	p.search -= eachSteps
	return eachSteps
}

// searchAll tries to replace nodes for which nothing has been found: those of each zone,
// since pods that spread stay in theirs, then any; those first that cost most beyond what
// their pods are worth, then the small ones, of which each loses something to its system.
func (p *pass) searchAll() {
	wasteful := p.candidates(byExcess)
	cheap := p.candidates(func(a, b *host) int { return cmp.Compare(a.price, b.price) })
	for _, groups := range [][][]int{p.byZone(wasteful), p.byZone(cheap), p.chunks(wasteful)} {
		for _, group := range groups {
			if p.search < eachSteps {
				return
			}
			p.try(slices.DeleteFunc(group, func(h int) bool { return p.gone[h] || p.filled[h] }))
		}
	}
}

// try replaces hosts if that saves enough. If not, what was known of them says more.
func (p *pass) try(hosts []int) {
	if len(hosts) < 2 {
		return
	}
	if excess := p.excess(hosts); excess <= p.least(hosts, p.price(hosts)-excess) {
		p.mayDoLater(hosts, excess, p.price(hosts)-excess)
		return
	}
	o := p.best(hosts)
	if !o.enough() {
		p.postpone(hosts, &o)
		return
	}
	if _, held := p.refused(hosts, o.saving); !held {
		p.exchange(hosts, o.bought, o.saving)
	}
}

// byZone cuts an order into groups of a zone that may be replaced together.
func (p *pass) byZone(order []int) [][]int {
	byZone := map[string][]int{}
	for _, h := range order {
		zone, _ := p.snap.Hosts[h].Label(cluster.LabelZone)
		byZone[zone] = append(byZone[zone], h)
	}
	var out [][]int
	for _, zone := range slices.Sorted(maps.Keys(byZone)) {
		out = append(out, p.chunks(byZone[zone])...)
	}
	return out
}

// chunks cuts an order into groups that may be replaced together.
func (p *pass) chunks(order []int) [][]int {
	var out [][]int
	for len(order) > 0 {
		n := p.together(order)
		out = append(out, slices.Clone(order[:n]))
		order = order[n:]
	}
	return out
}
