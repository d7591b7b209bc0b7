package judge

import (
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

const (
	// wastePercent is how much of what is paid at the end may be such as a look at all nodes
	// would save at once.
	wastePercent = 25
	// wasteHorizon is in how much time a move has to pay for itself to count: half of the
	// calm that there has been at the least, in which to find it and to carry it out.
	wasteHorizon = settleAfter / 2
)

// checkWaste looks at what is left at the end as if for the first time: with nothing from
// outside for an hour and more most of what could be saved must have been. What nobody can
// save, since it may not be moved, has no place elsewhere or takes more nodes at a time than
// a pool's budgets allow, does not count, and neither does what is not worth the move yet.
// The operator may know reasons that are not known here, such as moves that failed: hence
// the margin.
func (j *Judge) checkWaste(left cluster.Input) {
	opt := repack.Options{Solve: j.opts.Solve, Search: -1, BoundSteps: -1}
	in := repack.Input{Input: left, Now: j.clock.Now(), Kept: map[string]string{}, Quiet: map[string]cluster.Duration{}, AtOnce: map[string]int{}}
	in.Pods = j.withChunks(left)
	for _, p := range left.Pools {
		in.AtOnce[p.Name] = j.unspent(p)
	}
	for _, n := range left.Nodes {
		in.Quiet[n.Name] = wasteHorizon
		c := j.claimOn(n)
		if c == nil || n.Annotations[doNotDisrupt] == "true" || c.Annotations[doNotDisrupt] == "true" {
			in.Kept[n.Name] = "it may not be touched"
		} else if p := j.store.Pools.Get(c.Pool); p == nil || p.Now.Replicas != nil || p.Now.ConsolidateAfter > wasteHorizon || in.AtOnce[c.Pool] <= 0 {
			in.Kept[n.Name] = "its pool does not allow it"
		}
	}
	if r := repack.Repack(in, opt); r.Saving*100 > r.Cost*wastePercent {
		j.broken(Wasteful, "cluster", fmt.Sprintf("it costs %s an hour, charges included, and %s of that could be saved; nothing has happened since %s", r.Cost, r.Saving, j.outside.RFC3339()))
	}
}

// unspent is how many nodes of a pool may go at a time beside those that are on their way
// out, held up by their pods.
func (j *Judge) unspent(p *cluster.Pool) int {
	total, going := 0, 0
	for o := range j.store.Claims.Each {
		if o.Now.Pool == p.Name && o.Now.Is(cluster.Initialized) {
			total++
			if n := j.nodeOf(o.Now); (o.Now.Deleting() || n == nil || !n.Ready) && !j.endless(o.Now, heldBound) {
				going++
			}
		}
	}
	return allows(p, total, j.clock.Now()) - going
}
