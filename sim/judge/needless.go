package judge

import (
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
)

// waiting are the pods that wait for a node that does not exist yet: those that are
// nominated for one, where others make room for them, do not.
type waiting struct {
	pods int
	last cluster.Instant // when there last were some
}

// planWithin is how long after the last pod that waited a node may be bought for it.
const planWithin = 20 * cluster.Second

func (w *waiting) pod(now, old *cluster.Pod, at cluster.Instant) {
	was, is := old != nil && old.Provisionable(), now != nil && now.Provisionable()
	if w.pods > 0 {
		w.last = at
	}
	switch {
	case is && !was:
		w.pods++
	case was && !is:
		w.pods--
	}
}

// checkNeeded: a node is bought for pods that wait, to replace another, or to make up a
// number. Nobody waits for a node who has been nominated for one. Where room is kept for pods
// to come, and while others are on their way out, this cannot be told.
func (j *Judge) checkNeeded(c *cluster.Claim) {
	now, quiet := j.clock.Now(), j.clock.QuietSince()
	pool := j.store.Pools.Get(c.Pool)
	switch {
	case quiet == cluster.Never || quiet.Add(heardBound) > now, j.waiting.pods > 0 || j.waiting.last.Add(planWithin) > min(now, j.clock.Seen()):
	case j.rooms != nil || len(j.leaving) > 0 || pool == nil || pool.Now.Replicas != nil:
	default:
		j.broken(Needless, c.Name, fmt.Sprintf("it was bought although no pod has waited for a node since %s", j.waiting.last.RFC3339()))
	}
}
