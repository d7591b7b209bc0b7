package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// A small cluster is nearly packed well, and what is left to save is in the way that
// nodes fit together: one that is half empty in each zone, one of the wrong kind that a few
// others could make up for. Nodes that are each worth their price are replaced, too, if
// together they could be had for less.

// mostSteps is what better plans for one replacement are sought with at the most: more
// has found nothing more.
const mostSteps = 20_000

// spend takes the share of so many nodes off the steps that a pass may do for better
// plans: what one may take, below 0 if the first has to do.
func (p *pass) spend(nodes int) int {
	if p.share == 0 {
		p.search = p.opt.Search
		p.share = max(p.search/max(len(p.candidates(byMerit)), 1), 1)
	}
	n := min(p.share*nodes, mostSteps, p.search)
	if n < leastSteps {
		return -1
	}
	p.search -= n
	return n
}

// leastSteps is what a search needs to find anything.
const leastSteps = 100

// searchAll tries to replace nodes for which nothing has been found: those of each zone,
// since pods that spread stay in theirs, then any.
func (p *pass) searchAll() {
	order := p.candidates(func(a, b *host) int {
		return -cmp.Compare(float64(a.excess())*float64(b.burden()), float64(b.excess())*float64(a.burden()))
	})
	for _, group := range p.neighbours(order) {
		group = slices.DeleteFunc(group, func(h int) bool { return p.gone[h] || p.filled[h] })
		if p.search < leastSteps {
			return
		}
		if len(group) < 2 || p.excess(group) <= p.least(group, 0) {
			continue
		}
		if o := p.best(group); o.enough() {
			if _, held := p.refused(group, o.saving); !held {
				p.exchange(group, o.bought, o.saving)
			}
		}
	}
}

// neighbours are groups of hosts that could be replaced together.
func (p *pass) neighbours(order []int) [][]int {
	byZone := map[string][]int{}
	var zones []string
	for _, h := range order {
		zone, _ := p.snap.Hosts[h].Label(cluster.LabelZone)
		if byZone[zone] == nil {
			zones = append(zones, zone)
		}
		byZone[zone] = append(byZone[zone], h)
	}
	slices.Sort(zones)
	var out [][]int
	for _, z := range zones {
		out = append(out, p.chunks(byZone[z])...)
	}
	return append(out, p.chunks(order)...)
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
