package judge

import (
	"fmt"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// moves compares what nodes cost before and after some of them were disrupted of free
// will. It looks at times at which nothing is under way: no pod waits, no claim is on its
// way up or down. Between two such times with nothing from outside between them, moves
// must have lowered the objective, which is prices and the charge per node.
type moves struct {
	costs cluster.Money // of all that runs, per hour, charges included
	// How many claims are not initialized or on their way out, and how many pods wait or
	// are going.
	claims, pods int
	known        bool // at was taken, and nothing has happened from outside since
	at           cluster.Money
	made         bool // something was disrupted since
	last         string
	// Pods that came, pods whose end was asked for, and how often the operator did that,
	// since. What it did not ask for is from outside.
	came, went, evicted int
	crowded             bool // pods that moved may have taken room that was to be kept free
}

// By these annotations the operator says that it is about to give a claim back, and what
// comes in its place.
const (
	doomReason     = "ullage.sh/disruption"
	doomReplacedBy = "ullage.sh/replaced-by"
)

// unfinished tells whether a claim is on its way up or down.
func unfinished(c *cluster.Claim) bool {
	return c != nil && (c.Deleting() || !c.Is(cluster.Initialized) || c.Annotations[doomReason] != "")
}

func underWay(p *cluster.Pod) bool {
	return p != nil && (p.Deleting() || p.Node == "" && !p.Terminal())
}

func (m *moves) claim(now, old *cluster.Claim) {
	if unfinished(now) {
		m.claims++
	}
	if unfinished(old) {
		m.claims--
	}
}

func (m *moves) pod(now, old *cluster.Pod) {
	if underWay(now) {
		m.pods++
	}
	if underWay(old) {
		m.pods--
	}
	switch {
	case now != nil && now.Daemon() || old != nil && old.Daemon():
	case old == nil:
		m.came++
	case !old.Deleting() && (now == nil || now.Deleting()):
		m.went++
	}
}

// settle compares, if nothing is under way.
func (j *Judge) settle() {
	m := &j.moves
	if m.claims > 0 || m.pods > 0 || j.tidying() || j.fillsUp() {
		return
	}
	if outside := max(m.came, m.went) > m.evicted; outside {
		m.known = false
	}
	if m.known && m.made && m.costs >= m.at && !j.excuses() {
		j.broken(PointlessMove, m.last, "it was disrupted of free will, and what runs costs "+m.costs.String()+" an hour, charges included; before it was "+m.at.String())
	}
	m.known, m.made, m.crowded, m.at = true, false, false, m.costs
	m.came, m.went, m.evicted = 0, 0, 0
}

// tidyWithin is how long what was bought for an action may stay, beyond what its pool wants,
// before it is held against the operator, when the action was taken back or is over and nobody
// has come there.
const tidyWithin = cluster.Minute

// vainMost is how often something may be bought in vain to replace the same claim while
// nothing happens: the operator waits twice as long after each, so that there is no sixth time
// within an hour.
const vainMost = 5

// takenBack notes what is left over when a claim stays that was to be replaced. As long as
// nobody has come there, its end is no move.
func (j *Judge) takenBack(c, old *cluster.Claim) {
	if old == nil || c == nil || c.Deleting() || old.Annotations[doomReplacedBy] == "" || c.Annotations[doomReason] != "" {
		return
	}
	if j.vain[c.Name]++; j.vain[c.Name] > vainMost {
		j.broken(PointlessMove, c.Name, fmt.Sprintf("%d times something was bought to replace it, and it was kept; nothing has happened since %s", j.vain[c.Name], j.outside.RFC3339()))
	}
	j.moves.crowded = j.rooms != nil
	j.leftOver(old, 0)
}

// leftOver notes what was bought to replace a claim and nobody has come to, if it replaces no
// other: it may stay for a while.
func (j *Judge) leftOver(c *cluster.Claim, stays cluster.Duration) {
	for _, name := range strings.Split(c.Annotations[doomReplacedBy], ",") {
		r := j.store.Claims.Get(name)
		if r == nil || r.Now.NodeName != "" && j.store.Occupied(r.Now.NodeName) || j.replaces(name) {
			continue
		}
		if _, known := j.surplus[name]; !known {
			until := j.clock.Now().Add(stays + tidyWithin)
			j.surplus[name] = until
			j.clock.At(until, j.settle)
		}
	}
}

// putToUse notes that a pod has come to a node.
func (j *Judge) putToUse(p *cluster.Pod) {
	if p.Daemon() || len(j.surplus) == 0 {
		return
	}
	if n := j.store.Nodes.Get(p.Node); n != nil {
		if c := j.claimOn(n.Now); c != nil {
			delete(j.surplus, c.Name)
		}
	}
}

func (j *Judge) unused(claim string) bool {
	_, is := j.surplus[claim]
	return is
}

// tidying tells whether something may still be there that was bought for an action, and nobody
// has come to.
func (j *Judge) tidying() bool {
	for _, until := range j.surplus {
		if j.clock.Now() < until {
			return true
		}
	}
	return false
}
