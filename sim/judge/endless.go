package judge

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

// A node that waits for pods which nobody may evict, without an end that is set, does not count
// against the budgets of its pool when nothing has happened there for a while: the operator may
// leave it out after heldAfter, and has to after heldBound.
const (
	heldAfter = 9 * cluster.Minute
	heldBound = 20 * cluster.Minute
)

// endless tells whether a claim that is on its way out has waited so long for nothing else.
func (j *Judge) endless(c *cluster.Claim, long cluster.Duration) bool {
	if !c.Deleting() || j.clock.Now() < max(c.DeletingAt, j.drained[together(c)]).Add(long) {
		return false
	}
	n := j.nodeOf(c)
	if n == nil || !n.Ready {
		return false
	}
	// Those that are critical go after the others, and DaemonSets' last of each.
	var group [4]struct{ pods, held int }
	for _, o := range j.store.PodsOn(n.Name) {
		if p := o.Now; p.Drains() {
			x := &group[2*count(p.Critical)+count(p.Daemon())]
			x.pods++
			x.held += count(c.WaitsFor(p))
		}
	}
	for _, x := range group {
		if x.pods > 0 {
			return x.held == x.pods
		}
	}
	return false
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// endlessOf counts those among claims, another left out.
func (j *Judge) endlessOf(claims map[*store.Claim]bool, than *store.Claim) int {
	n := 0
	for o := range claims {
		if o != than && o.Now != nil && j.endless(o.Now, heldBound) {
			n++
		}
	}
	return n
}
