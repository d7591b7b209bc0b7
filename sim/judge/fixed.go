package judge

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
)

const (
	// fillBound is in how much time a pool with a fixed number of nodes has them: an instance
	// that never registers is given up after 15 minutes, it is waited for a while before the
	// next is bought, and that one boots.
	fillBound = pendingBound
	// surplusBound is in how much time those that are too many are on their way out.
	surplusBound = 5 * cluster.Minute
	// heardBound is when all that an operator of before has sent has landed.
	heardBound = cluster.Minute
)

// fixed is what a pool with a fixed number of nodes has.
type fixed struct {
	// staying are its claims that are not on their way out or about to be, ready its nodes
	// that take pods and are not being deleted.
	staying, ready int64
	// were is how many stayed before, each until when.
	were    []earlier
	leaving int64 // claims that are being deleted
	// former is the larger of its numbers, of now and before, when it changed last.
	former          int64
	changed         cluster.Instant
	lacking, excess lasting
	// ending are claims whose end was asked for since there were too many, and when.
	ending map[string]cluster.Instant
}

// earlier is a number that was so until an instant.
type earlier struct {
	n     int64
	until cluster.Instant
}

// stayed is the largest number of claims that stay that the operator may have seen last.
func (x *fixed) stayed(seen cluster.Instant) int64 {
	x.were = slices.DeleteFunc(x.were, func(c earlier) bool { return c.until < seen })
	most := x.staying
	for _, c := range x.were {
		most = max(most, c.n)
	}
	return most
}

// lasting is something that should not last.
type lasting struct {
	is    bool
	since cluster.Instant
}

// turn notes whether it is so, and tells whether that has just begun.
func (l *lasting) turn(is bool, now cluster.Instant) (begins bool) {
	begins = is && !l.is
	if begins {
		l.since = now
	}
	l.is = is
	return begins
}

// fixedOf returns what is known of a pool's nodes.
func (j *Judge) fixedOf(pool string) *fixed {
	x := j.fixed[pool]
	if x == nil {
		x = &fixed{ending: map[string]cluster.Instant{}}
		j.fixed[pool] = x
	}
	return x
}

// wanted is how many nodes a pool is to have, as far as its limit allows beside those that
// are leaving; ok is false for one without a fixed number.
func wanted(p *cluster.Pool, leaving int64) (n int64, ok bool) {
	if p == nil || p.Replicas == nil {
		return 0, false
	}
	n = *p.Replicas
	for _, l := range p.Limits {
		if l.Name == cluster.NodesLimit {
			n = min(n, l.Value-leaving)
		}
	}
	return n, true
}

// fillsUp tells whether a pool with a fixed number of nodes has fewer: what it lacks is on its way,
// although no claim says so yet.
func (j *Judge) fillsUp() bool {
	for name, x := range j.fixed {
		if p := j.store.Pools.Get(name); p != nil {
			if n, is := wanted(p.Now, x.leaving); is && x.staying < n {
				return true
			}
		}
	}
	return false
}

// PoolChanged is told every change of a pool.
func (j *Judge) PoolChanged(o *store.Object[cluster.Pool], old *cluster.Pool) {
	if o.Now == nil || o.Now.Replicas == nil {
		return
	}
	x := j.fixedOf(o.Key)
	if n, _ := wanted(old, 0); old == nil || n != *o.Now.Replicas {
		x.former, x.changed = max(n, *o.Now.Replicas), j.clock.Now()
	}
	j.lookFixed(o.Key)
}

// stays tells whether a claim is one of those that make up a fixed number.
func stays(c *cluster.Claim) bool {
	return c != nil && !c.Deleting() && c.Annotations[doomReason] == ""
}

// serves tells whether a claim's node takes pods, and will go on doing so.
func serves(c *cluster.Claim) bool {
	return c != nil && !c.Deleting() && c.Is(cluster.Initialized)
}

// countFixed keeps the numbers of a claim's pool.
func (j *Judge) countFixed(now, old *cluster.Claim) {
	c := now
	if c == nil {
		c = old
	}
	if p := j.store.Pools.Get(c.Pool); p == nil || p.Now.Replicas == nil {
		return
	}
	x := j.fixedOf(c.Pool)
	if d := differ(stays(now), stays(old)); d != 0 {
		x.were = append(x.were, earlier{x.staying, j.clock.Now()})
		x.staying += d
	}
	x.ready += differ(serves(now), serves(old))
	x.leaving += differ(now != nil && now.Deleting(), old != nil && old.Deleting())
	if old == nil {
		j.checkAdded(c, x)
	}
	j.lookFixed(c.Pool)
}

func differ(is, was bool) int64 {
	switch {
	case is == was:
		return 0
	case is:
		return 1
	}
	return -1
}

// checkAdded: a claim may only be written for a node that is missing or about to go. What an
// operator that ended has sent before may land late.
func (j *Judge) checkAdded(c *cluster.Claim, x *fixed) {
	now, quiet := j.clock.Now(), j.clock.QuietSince()
	if quiet == cluster.Never || quiet.Add(heardBound) > now {
		return
	}
	most, ok := wanted(j.store.Pools.Get(c.Pool).Now, 0)
	if x.changed >= j.clock.Seen() {
		most = max(most, x.former)
	}
	if ok && x.staying > most {
		j.broken(Surplus, c.Pool, fmt.Sprintf("with claim %s it has %d nodes that stay, and is to have %d", c.Name, x.staying, most))
	}
}

// lookFixed sees that a pool gets the nodes that it lacks, and loses those that it has too
// many.
func (j *Judge) lookFixed(pool string) {
	o, x := j.store.Pools.Get(pool), j.fixed[pool]
	if o == nil || o.Now.Replicas == nil {
		return
	}
	now := j.clock.Now()
	want, _ := wanted(o.Now, x.leaving)
	if x.lacking.turn(x.ready < want, now) {
		j.watch(fillBound, func() (cluster.Instant, bool) { return x.lacking.since, x.lacking.is && o.Now != nil }, func() {
			j.broken(Missing, pool, fmt.Sprintf("it has had fewer nodes that take pods than it is to have since %s: %d now", x.lacking.since.RFC3339(), x.ready))
		})
	}
	if x.excess.turn(x.staying > *o.Now.Replicas, now) {
		j.watch(surplusBound, func() (cluster.Instant, bool) { return x.excess.since, x.excess.is && o.Now != nil }, func() {
			j.broken(Surplus, pool, fmt.Sprintf("it has had more nodes than it is to have since %s: %d now", x.excess.since.RFC3339(), x.staying))
		})
	}
}

// spares tells whether a claim of a pool with a fixed number of nodes may go: the pool has
// too many, or what replaces it is there. Neither asks budgets or pods in the first case;
// empty nodes go before others do.
func (j *Judge) spares(p *cluster.Pool, c *cluster.Claim) (surplus bool) {
	x, now := j.fixedOf(p.Name), j.clock.Now()
	staying := x.stayed(j.clock.Seen()) + j.returning(p.Name)
	for name, at := range x.ending { // asked for, and not seen yet
		if o := j.store.Claims.Get(name); o == nil || at.Add(underway) <= now {
			delete(x.ending, name)
		} else if name != c.Name && stays(o.Now) {
			staying--
		}
	}
	// One that stays after all has been counted among those who were seen to stay before.
	if stays(c) && staying > *p.Replicas || j.willStay(c) && x.staying+j.returning(p.Name) > *p.Replicas {
		x.ending[c.Name] = now
		return true
	}
	if p.Annotations[replaceOrder] == "terminate-first" {
		return false
	}
	by := c.Annotations[doomReplacedBy]
	for _, name := range strings.Split(by, ",") {
		if r := j.store.Claims.Get(name); by == "" || r == nil || !r.Now.Is(cluster.Initialized) {
			j.broken(Missing, p.Name, "claim "+c.Name+" was to be deleted of free will, and what replaces it is not there")
			break
		}
	}
	return false
}

// returning counts the claims of a pool that [Judge.willStay].
func (j *Judge) returning(pool string) int64 {
	n := int64(0)
	for o := range j.leaving {
		if c := o.Now; c != nil && c.Pool == pool && j.willStay(c) {
			n++
		}
	}
	return n
}

// willStay tells whether a claim is about to be given back and cannot be, since what was to
// replace it is not to be: the operator counts it again as soon as it sees that, and if it is
// one too many then it goes for that.
func (j *Judge) willStay(c *cluster.Claim) bool {
	by := c.Annotations[doomReplacedBy]
	return by != "" && !c.Deleting() && slices.ContainsFunc(strings.Split(by, ","), func(name string) bool {
		r := j.store.Claims.Get(name)
		return r == nil || r.Now.Deleting()
	})
}

// replaceOrder is the annotation by which a pool says whether nodes go before their
// replacements come.
const replaceOrder = "ullage.sh/replace"
