package engine

import (
	"maps"
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

// orderlyWithin is how long it may take from then on until the next pod of a StatefulSet is
// made, which is when the one before is ready. A set of which no pod is on its way to that has
// none to come any more: it has been deleted, or made smaller.
const orderlyWithin = 3 * cluster.Minute

// turns are whose pods have been evicted and not found a node again.
type turns struct {
	landing map[heir]int
	// evicted is when pods like these last were.
	evicted map[heir]cluster.Instant
	// until is when they are no longer waited for.
	until cluster.Instant
	// doubted: who has found no node has been planned for again.
	doubted bool
	// over: nobody is waited for any longer before others are evicted.
	over bool
	// orderly are those that are made anew one after the other, and ready is when one like them
	// was last found to be ready: that is when the next is made.
	orderly map[heir]bool
	ready   cluster.Instant
	// emptying are the claims of nodes that are drained in turns.
	emptying map[string]bool
	// whose turn it is, if known: nothing has changed since it was found out.
	known bool
	whose int
}

func newTurns() turns {
	return turns{landing: map[heir]int{}, evicted: map[heir]cluster.Instant{}, orderly: map[heir]bool{}, emptying: map[string]bool{}}
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
	if x := e.disruptor.vacating[e.claimOfNode(n).Name]; x != nil {
		x.gone[k] = true
	}
	t.evicted[k] = e.now
	e.progressed(p)
	from := e.now
	t.over = false
	if p.Owner.Kind == "StatefulSet" {
		t.orderly[k] = true
	}
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
	t.over = false
	t.until = max(t.until, e.now.Add(landsWithin)) // others of its kind may wait for it
	if t.landing[k]--; t.landing[k] == 0 {
		delete(t.landing, k)
	}
	if len(t.landing) == 0 {
		t.doubted = false
		e.nextTurn(e.now)
	}
}

// nextTurn makes nodes that are drained in turns look whose it is, at some time.
func (e *Engine) nextTurn(at cluster.Instant) {
	for name := range e.disruptor.turns.emptying {
		e.agenda.by(job{jobClaim, name}, at)
	}
}

// turn tells which of the pods of a claim's node may be evicted now, and when that may
// change by itself.
func (e *Engine) turn(c *cluster.Claim, pods []*cluster.Pod) (now []*cluster.Pod, again cluster.Instant) {
	if !e.takesTurns(c) || !slices.ContainsFunc(pods, (*cluster.Pod).Occupies) {
		return pods, cluster.Never
	}
	t := &e.disruptor.turns
	if until := e.landed(); e.now < until {
		return nil, until
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

// landed returns until when those who were evicted are waited for, 0 if they have found
// their nodes or others are on the way for them. Who has not in time is planned for again,
// and if that does not help either, the nodes that they come from are kept.
func (e *Engine) landed() cluster.Instant {
	t := &e.disruptor.turns
	switch {
	case len(t.landing) == 0:
		return 0
	case e.now < t.until:
		return t.until
	case t.over && e.now < t.until.Add(2*landsWithin):
		return 0
	}
	lost := e.lostPlaces()
	if e.swapPlaces(lost) {
		t.until = e.now.Add(landsWithin)
		return t.until
	}
	if until := e.oneByOne(); len(lost) == 0 && e.now < until {
		return until // one that comes meanwhile may find no place
	}
	if len(lost) > 0 && !t.doubted {
		t.doubted, t.until = true, e.now.Add(landsWithin)
		e.crowd(lost)
		for _, p := range lost {
			e.giveUp(p.ID())
		}
		e.agenda.by(job{jobProvision, ""}, e.now)
		return t.until
	}
	if len(lost) == 0 {
		clear(t.landing) // nobody comes any more
	}
	// Places may come when others have gone: it is given up when none of these can.
	if len(lost) > 0 && (t.over || !e.othersMayGo()) {
		e.keepFor(lost)
		lost = nil
	}
	t.doubted, t.over = len(lost) > 0, true
	for name := range t.emptying {
		if len(lost) > 0 {
			e.agenda.by(job{jobClaim, name}, e.now.Add(2*landsWithin))
		}
	}
	maps.DeleteFunc(t.landing, func(k heir, _ int) bool { return !t.orderly[k] })
	e.nextTurn(e.now)
	return 0
}

// oneByOne is until when pods may still come of which each is made when the one before is
// ready, as far as that is known now; 0 if none do.
func (e *Engine) oneByOne() cluster.Instant {
	t := &e.disruptor.turns
	late := t.until.Add(orderlyWithin)
	if e.now >= late {
		return 0
	}
	sets := map[string]bool{}
	for k := range t.landing {
		if t.orderly[k] {
			sets[k.owner] = true
		}
	}
	if len(sets) == 0 {
		return 0
	}
	for _, p := range e.pods {
		if sets[p.Owner.UID] && (!p.Ready || p.Deleting()) {
			return min(late, e.now.Add(landsWithin))
		}
	}
	return min(late, t.ready.Add(landsWithin))
}

// readied notes that a pod is ready now. Those of a StatefulSet that have volumes are each one of
// its kind.
func (t *turns) readied(p *cluster.Pod, now cluster.Instant) {
	for k := range t.landing {
		if k.owner == p.Owner.UID && t.orderly[k] {
			t.ready = now
		}
	}
}

// othersMayGo tells whether a pod may be evicted whose turn it is.
func (e *Engine) othersMayGo() bool {
	t := &e.disruptor.turns
	whose := e.whoseTurn()
	for name := range t.emptying {
		if c := e.claims[name]; c != nil {
			for _, p := range e.podsOn[c.NodeName] {
				if p.Occupies() && p.Drains() && !p.Protected(e.now) && e.turnOf(p) >= whose && e.allowedNow(p) {
					return true
				}
			}
		}
	}
	return false
}

// landedAll is landed, but waits longer for those that come one after the other, each when
// the one before is ready.
func (e *Engine) landedAll() cluster.Instant {
	t := &e.disruptor.turns
	if until := e.landed(); e.now < until {
		return until
	}
	if until := e.oneByOne(); e.now < until {
		return until
	}
	clear(t.landing)
	clear(t.orderly)
	return 0
}

// lostPlaces are the pods that have come for those who were evicted, and find no place on
// nodes that are there.
func (e *Engine) lostPlaces() []*cluster.Pod {
	var out []*cluster.Pod
	for _, p := range sorted(e.waiting.pods) {
		if e.disruptor.turns.landing[heirOf(p)] == 0 {
			continue
		}
		if a, ok := e.answered.of[p.ID()]; ok {
			if ready, there := e.readySince(a.host); there && ready == cluster.Never {
				continue // a node was bought for it
			}
		}
		out = append(out, p)
	}
	return out
}

// patience is how often the eviction of a pod may be refused, after ever longer waits and while no
// other of its controller's can go either, before it no longer holds up those whose turn comes
// after: three minutes or so.
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
	if m := &e.disruptor.moved; m.last[p.UID] || len(e.disruptor.waitFor[m.to[p.UID]]) > 0 {
		return repack.LateTurn(p)
	}
	return repack.Turn(p)
}
