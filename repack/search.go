package repack

import (
	"cmp"
	"slices"
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

// draws is how often a pass draws nodes that may make up for each other. With a hundred, or with
// plans that are searched for, some more is found, and passes that find nothing take far longer.
const draws = 10

// searchAll tries to replace nodes for which nothing has been found together: one that has cpu
// to spare and one that has memory make up for each other. There are too many ways to choose
// them, so each pass draws others. Some of those drawn are enough, so twice as many are
// drawn as may go at once.
func (p *pass) searchAll() {
	if p.searchSteps() < eachSteps {
		return
	}
	dice := dice(p.in.Now)
	dice.roll(1) // what comes first is nearly the same ten seconds later
	p.search = 0 // first plans have to do
	for range draws {
		drawn := p.replaceable(byExcess)
		if p.together(drawn) == len(drawn) {
			return // these have been tried
		}
		shuffle(&dice, drawn)
		drawn = drawn[:min(2*p.together(drawn), len(drawn))]
		slices.SortFunc(drawn, func(a, b int) int { return cmp.Or(byExcess(&p.hosts[a], &p.hosts[b]), cmp.Compare(a, b)) })
		p.try(drawn)
	}
}

// try replaces some of hosts if that saves enough, as few as do. If not, what was known of them
// says more.
func (p *pass) try(hosts []int) {
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(h int) bool { return p.gone[h] || p.filled[h] })
	if len(hosts) < 2 {
		return
	}
	if excess := p.excess(hosts); excess <= p.least(hosts, p.price(hosts)-excess) {
		p.mayDoLater(hosts, excess, p.price(hosts)-excess)
		return
	}
	o := p.best(hosts)
	if o.enough() {
		few, less := p.fewest(hosts, o)
		if p.together(few) == len(few) {
			if _, held := p.withheld(few, &less); !held {
				p.exchange(few, less.bought, less.saving)
			}
			return
		}
		hosts = few
	} else if p.postpone(hosts, &o); p.hopeless(hosts, &o) {
		return
	}
	half := len(hosts) / 2
	p.try(hosts[:half])
	p.try(hosts[half:])
}
