package engine

import (
	"math"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// Nodes that are given back to save money are drained in turns, all of them together:
// pods that have little choice where to go before those that only fill what is left, and
// pods for which something was bought last of all. Each turn begins when those who were
// evicted before have found their nodes. So what was found to be possible (package repack)
// comes true, though the scheduler knows nothing of it.
//
// What is remembered for that can be lost: then a turn begins too soon, and at the worst
// a pod that has lost its place has another node bought for it.

// landsWithin is how long it may take until a pod that has been evicted, or ended if its
// controller waits for that, has been made anew and found a node. (Nobody scales the pace
// of controllers, so Options.Speed does not divide this.)
const landsWithin = 15 * cluster.Second

// turns are whose pods have been evicted and not found a node again.
type turns struct {
	landing map[heir]int
	// evicted is when pods like these last were.
	evicted map[heir]cluster.Instant
	// until is when they are no longer waited for.
	until cluster.Instant
	// emptying are the claims of nodes that are drained in turns.
	emptying map[string]bool
	// whose turn it is, if known: nothing has changed since it was found out.
	known bool
	whose int
}

func newTurns() turns {
	return turns{landing: map[heir]int{}, evicted: map[heir]cluster.Instant{}, emptying: map[string]bool{}}
}

// unhurried tells whether a claim goes for no other reason than to save money.
func unhurried(c *cluster.Claim) bool {
	m, doomed := doom(c)
	return doomed && m.reason == cluster.ReasonUnderutilized
}

// takesTurns notes that the node of a claim is drained in turns from now on, if it is. The
// first of several nodes must not begin before it is known whose pods the others have.
func (e *Engine) takesTurns(c *cluster.Claim) bool {
	t := &e.disruptor.turns
	if !unhurried(c) {
		return false
	}
	if !t.emptying[c.Name] {
		t.emptying[c.Name], t.known = true, false
	}
	return true
}

// takeOff notes that a pod's end has been asked for.
func (e *Engine) takeOff(p *cluster.Pod) {
	t := &e.disruptor.turns
	n := e.nodes[p.Node]
	if n == nil || !p.Drains() || p.Owner.Kind == "" || p.Daemon() {
		return
	}
	if c := e.claimOfNode(n); c == nil || !t.emptying[c.Name] {
		return
	}
	k := heirOf(p)
	t.landing[k]++
	t.evicted[k] = e.now
	from := e.now
	if p.Owner.Kind == "StatefulSet" || p.Owner.Kind == "Job" {
		from = from.Add(p.Grace) // they wait for its end
	}
	t.until = max(t.until, from.Add(landsWithin))
}

// land notes that a pod has found a node.
func (e *Engine) land(p *cluster.Pod) {
	t := &e.disruptor.turns
	k := heirOf(p)
	if t.landing[k] == 0 {
		return
	}
	if t.landing[k]--; t.landing[k] == 0 {
		delete(t.landing, k)
	}
	if len(t.landing) == 0 {
		e.nextTurn()
	}
}

// nextTurn makes nodes that are drained in turns look whose it is.
func (e *Engine) nextTurn() {
	for name := range e.disruptor.turns.emptying {
		e.agenda.by(job{jobClaim, name}, e.now)
	}
}

// turn tells which of the pods of a claim's node may be evicted now, and when that may
// change by itself.
func (e *Engine) turn(c *cluster.Claim, pods []*cluster.Pod) (now []*cluster.Pod, again cluster.Instant) {
	if !e.takesTurns(c) || !slices.ContainsFunc(pods, (*cluster.Pod).Occupies) {
		return pods, cluster.Never
	}
	t := &e.disruptor.turns
	if len(t.landing) > 0 {
		if e.now < t.until {
			return nil, t.until
		}
		clear(t.landing)
		e.nextTurn()
	}
	if !t.known {
		t.known, t.whose = true, e.whoseTurn()
	}
	for _, p := range pods {
		if e.turnOf(p) >= t.whose {
			now = append(now, p)
		}
	}
	return now, cluster.Never
}

// patience is how often the eviction of a pod may be refused, after ever longer waits,
// before it no longer holds up those whose turn comes after: three minutes or so.
const patience = 12

// whoseTurn is the highest turn of all pods that are to be evicted in turns. Those that
// cannot be evicted for long do not hold up the others.
func (e *Engine) whoseTurn() int {
	whose := math.MinInt
	for name := range e.disruptor.turns.emptying {
		c := e.claims[name]
		if c == nil || !unhurried(c) || c.Is(cluster.Drained) {
			delete(e.disruptor.turns.emptying, name)
			continue
		}
		for _, p := range e.podsOn[c.NodeName] {
			if p.Occupies() && p.Drains() && !p.Protected(e.now) && e.retry[podKey(p.ID())].failures < patience {
				whose = max(whose, e.turnOf(p))
			}
		}
	}
	return whose
}

// turnOf is when it is a pod's turn. Those for which something was bought come last.
func (e *Engine) turnOf(p *cluster.Pod) int {
	turn := repack.Turn(p)
	if len(e.disruptor.waitFor[e.disruptor.moved[p.UID]]) > 0 {
		turn -= 1 << 16
	}
	return turn
}
