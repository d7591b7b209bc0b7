package repack

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// What an action costs once has to be made up for by what it saves per hour, in the time
// that things stay as they are. That time nobody knows. An action waits until as much has
// been paid in vain as it would cost: whatever comes then, never more than twice is paid
// of what could have been, and what changes all the time is left alone.

// hour is in milliseconds: in nanoseconds products with prices would overflow.
const hour = cluster.Money(cluster.Hour / cluster.Millisecond)

// amount is what so much per hour comes to in a time.
func amount(perHour cluster.Money, d cluster.Duration) cluster.Money {
	return perHour * cluster.Money(d/cluster.Millisecond) / hour
}

// perHour is what has to be saved per hour to make up for a cost within a time.
func perHour(cost cluster.Money, d cluster.Duration) cluster.Money {
	return cost * hour / cluster.Money(max(d/cluster.Millisecond, 1))
}

// horizon is how long what is on hosts is taken to stay as it is.
func (p *pass) horizon(hosts []int) cluster.Duration {
	d := cluster.Forever
	for _, h := range hosts {
		quiet, known := p.in.Quiet[p.snap.Hosts[h].Name]
		if !known {
			quiet = p.opt.Payback
		}
		d = min(d, max(quiet, cluster.Second))
	}
	return d
}

// floor is what has to be saved when hosts go, however long that lasts: a part of what they
// cost, and one of what the pods that move are worth.
func (p *pass) floor(hosts []int) cluster.Money {
	least := p.price(hosts) * cluster.Money(p.opt.LeastSaving) / 1_000_000
	return max(least, p.yield(hosts))
}

// yield is what has to be saved for moving the pods of hosts. If all that may go may go at
// once, what is best of all is found at once, and nobody is moved twice.
func (p *pass) yield(hosts []int) cluster.Money {
	if len(p.in.AtOnce) == 0 {
		return 0
	}
	return p.worthOf(hosts) * cluster.Money(p.opt.LeastYield) / 1_000_000
}

// worthOf is what the pods of hosts are worth per hour.
func (p *pass) worthOf(hosts []int) cluster.Money {
	sum := cluster.Money(0)
	for _, h := range hosts {
		sum += p.hosts[h].worth
	}
	return sum
}

// once is what it costs that hosts are replaced by nodes at that price per hour: their
// pods start anew, and for a while both run.
func (p *pass) once(hosts []int, bought cluster.Money) cluster.Money {
	sum := amount(bought, p.opt.Overlap)
	for _, h := range hosts {
		sum += p.hosts[h].moving
	}
	return sum
}

// least is what replacing hosts has to save per hour.
func (p *pass) least(hosts []int, bought cluster.Money) cluster.Money {
	return max(p.floor(hosts), perHour(p.once(hosts, bought), p.horizon(hosts)), 1)
}

// tooLittle is the verdict on hosts that are not replaced since that would save too little,
// for ever or for now.
func (p *pass) tooLittle(hosts []int, saving, bought cluster.Money) plan.Verdict {
	v := plan.Verdict{Kept: plan.KeptThreshold, Saving: max(saving, 0), Least: p.least(hosts, bought)}
	if p.mayDoLater(hosts, saving, bought) {
		v.Kept = plan.KeptSoon
	}
	return v
}

// mayDoLater tells whether what is saved too little for now would be enough if nothing
// changed for long, and notes when.
func (p *pass) mayDoLater(hosts []int, saving, bought cluster.Money) bool {
	if saving < max(p.floor(hosts), 1) {
		return false
	}
	needs := cluster.Duration(p.once(hosts, bought)*hour/saving+1) * cluster.Millisecond
	if wait := needs - p.horizon(hosts); wait > 0 && (p.later == 0 || wait < p.later) {
		p.later = wait
	}
	return true
}
