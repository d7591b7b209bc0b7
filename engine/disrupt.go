package engine

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
)

// Nodes that do not earn their price are found in passes over the whole cluster
// (package repack), some time apart. What a pass decides becomes actions (action.go) as
// far as the budgets of pools and pods allow; what they do not allow now, another pass
// will find again.

// disruptor is what is remembered between passes. All of it can be lost.
type disruptor struct {
	last    cluster.Instant // when the last pass was
	bounded cluster.Instant // when the last with a bound was
	search  pursuit
	// restUntil is when the first node may have been left alone for as long as its pool
	// wants it, if nothing becomes of it; 0 if that is not known.
	restUntil cluster.Instant
	// memory is of the last pass.
	memory repack.Memory
	// due is when the policy wants to be asked again, 0 if that depends on what happens.
	due cluster.Instant
	// actions whose nodes are being marked, by each of the claims that go.
	actions map[string]*action
	moved   moved
	// waitFor is for each claim that replaces others, those that wait for it.
	waitFor map[string]map[string]bool
	// heirs says where pods are to go that come for those which were evicted.
	heirs map[heir][]string
	// late is one of those for each, and given are the places of pods that wait and could not
	// have them, by namespace/name.
	late  map[heir]*cluster.Pod
	given map[string]string
	turns turns
	// regrets are about pods that lost their places when they were moved.
	regrets map[heir]regret
	// ripe are claims whose pods have room elsewhere now, as far as is known.
	ripe map[string]bool
	// joining is since when ripe ones wait for others, 0 if they do not.
	joining cluster.Instant
	// vacating are the claims whose nodes are being emptied before they go.
	vacating map[string]*vacating
	// vain are claims that were bought for actions which were taken back, and since when.
	vain map[string]cluster.Instant
	// empties are the claims whose nodes were tainted since they hold no pods.
	empties map[string]bool
	// spared are claims that could not go although they were chosen.
	spared map[string]spared
	// blocked are the pools whose budgets allow nothing, as was told.
	blocked map[string]string
	// verdicts is what the last pass found of each node, told what was said of it.
	verdicts map[string]plan.Verdict
	told     map[string]told
}

// spared is a claim that could not go.
type spared struct {
	times int
	until cluster.Instant
	why   string
}

func newDisruptor() disruptor {
	return disruptor{
		actions:  map[string]*action{},
		moved:    newMoved(),
		waitFor:  map[string]map[string]bool{},
		heirs:    map[heir][]string{},
		late:     map[heir]*cluster.Pod{},
		given:    map[string]string{},
		turns:    newTurns(),
		regrets:  map[heir]regret{},
		ripe:     map[string]bool{},
		vacating: map[string]*vacating{},
		vain:     map[string]cluster.Instant{},
		empties:  map[string]bool{},
		blocked:  map[string]string{},
		told:     map[string]told{},
		spared:   map[string]spared{},
		verdicts: map[string]plan.Verdict{},
	}
}

// passIn makes a pass due as soon as there may be one.
func (e *Engine) passIn() {
	e.agenda.by(job{jobDisrupt, ""}, max(e.now, e.disruptor.last.Add(e.opts.scaled(e.opts.PassEvery))))
}

// doDisrupt looks for nodes to give back, and returns when a budget or a wait may allow
// another.
func (e *Engine) doDisrupt() cluster.Instant {
	next := e.disruptor.last.Add(e.opts.scaled(e.opts.PassEvery))
	if e.disruptor.due != 0 {
		next = e.disruptor.due
	}
	if e.now < next {
		return next
	}
	if e.unanswered() > 0 || !e.ready() {
		return e.now.Add(e.opts.scaled(e.opts.PassEvery)) // a plan for those that wait comes first
	}
	if next := e.headroomDue(); e.now < next {
		return next
	}
	e.forgive()
	s := e.survey()
	e.tellBlocked(s)
	if e.opts.Policy.Disrupt != nil {
		return e.obey(s.again)
	}
	if s.candidates+s.drifted == 0 {
		return s.again
	}
	e.disruptor.last = e.now
	guards := newQuota(e.disruptor.memory.Guards(values(e.guards)))
	if s.drifted > 0 {
		e.renew(s, guards)
		s = e.survey() // what it has begun uses up budgets
	}
	if s.candidates == 0 {
		return s.again
	}
	if due := e.searchDue(s); e.now < due {
		return min(s.again, due)
	}
	in := repack.Input{Input: e.placed(), Now: e.now, Kept: e.kept(s), AtOnce: s.atOnce(), Quiet: e.quiet(), Memory: &e.disruptor.memory}
	r := repack.Repack(in, e.passOptions())
	e.judge(r)
	e.out = append(e.out, Repacked{Repacking: r})
	begun, counted, later := false, true, map[string]bool{}
	for i := range r.Actions {
		a := &r.Actions[i]
		switch {
		case counted && s.affords(e, a) && guards.affords(e.podsOf(a)) && e.begin(a, 0):
			s.spend(e, a)
			guards.spend(e.podsOf(a))
			begun, counted = true, e.allGo(a)
		case len(a.Creates) == 0:
			for _, h := range a.Hosts {
				later[h] = true
			}
		}
	}
	e.deter(r, later)
	e.searched(begun)
	if r.Later > 0 {
		s.again = min(s.again, e.now.Add(e.opts.scaled(r.Later)))
	}
	return s.again
}

// quiet is for how long no pod has come to nodes or left them, as people would see it who
// see everything happen as fast as Options.Speed makes it.
func (e *Engine) quiet() map[string]cluster.Duration {
	out := map[string]cluster.Duration{}
	for _, c := range e.claims {
		if n := e.nodeOfClaim(c); n != nil {
			out[n.Name] = max(e.now.Sub(e.quietSince(c)), 0) * cluster.Duration(max(e.opts.Speed, 1))
		}
	}
	return out
}

// passOptions are those of the pass that is made now: with a bound if it is time.
func (e *Engine) passOptions() repack.Options {
	opt, d := e.opts.Repack, &e.disruptor
	opt.Solve.NodeCharge = e.opts.Solve.NodeCharge
	every := e.opts.BoundEvery
	if every == cluster.Forever || !d.bounded.IsZero() && e.now < d.bounded.Add(e.opts.scaled(every)) {
		opt.BoundSteps = -1
	} else {
		d.bounded = e.now
	}
	return opt
}

// disrupting tells whether a claim's node is on its way out.
func (e *Engine) disrupting(c *cluster.Claim, n *cluster.Node) bool {
	_, doomed := doom(c)
	return doomed || c.Deleting() || n.DeletingAt != 0 || e.deletionExpected(c) || e.disruptor.actions[c.Name] != nil || e.tainted(n)
}

// tainted tells whether a node has the taint of what goes, or will as soon as the watch
// shows it.
func (e *Engine) tainted(n *cluster.Node) bool {
	return e.expected.tainting[n.Name] || slices.Contains(n.Taints, cluster.DisruptedTaint)
}

// spares says why the node of a claim may not go now, "" if it may, and until when that
// will be so at the least.
func (e *Engine) spares(c *cluster.Claim, n *cluster.Node, s *poolSurvey) (why string, until cluster.Instant) {
	if why, until = e.shields(c, n); why != "" {
		return why, until
	}
	p := e.pools[c.Pool]
	if p.ConsolidateAfter == cluster.Forever {
		return "its pool's consolidateAfter is Never", cluster.Never
	}
	if until := e.regretted(n.Name); until > 0 {
		return "a pod like one of its pods lost its place when it was last moved", until
	}
	if due := e.quietSince(c).Add(e.opts.scaled(p.ConsolidateAfter)); e.now < due {
		return "pods came or went less than " + p.ConsolidateAfter.String() + " ago", due
	}
	if s.full() {
		return overBudget, cluster.Never
	}
	return "", cluster.Never
}

// shields says why the node of a claim may not go now whatever its pool says, and until
// when that will be so at the least.
func (e *Engine) shields(c *cluster.Claim, n *cluster.Node) (why string, until cluster.Instant) {
	switch {
	case !e.ours(c.Class) || e.pools[c.Pool] == nil:
		return "its pool is not known here", cluster.Never
	case e.disrupting(c, n):
		return "it is going already", cluster.Never
	case e.pools[c.Pool].Replicas != nil:
		return "its pool has a fixed number of nodes (spec.replicas)", cluster.Never
	case !e.usable(e.pools[c.Pool]):
		return "its " + e.pools[c.Pool].Kind() + " cannot be used now", cluster.Never
	case ownerForbids(c, n):
		return protected, cluster.Never
	case e.meantFor(c, n) > 0 || n.Reserved(c.Name):
		return "pods that wait are meant for it", cluster.Never
	case e.movedTo(c, n) > 0:
		return "pods of nodes that are about to go are meant for it", cluster.Never
	case e.replaces(c.Name):
		return "it replaces nodes that are about to go", cluster.Never
	case n.Unschedulable:
		return "it is cordoned", cluster.Never
	}
	if x, ok := e.disruptor.spared[c.Name]; ok && e.now < x.until {
		return x.why, x.until
	}
	return "", cluster.Never
}

// ownerForbids tells whether whoever owns a node, which may have still to come, does not
// want it to be disrupted.
func ownerForbids(c *cluster.Claim, n *cluster.Node) bool {
	return n != nil && n.Annotations[doNotDisrupt] == "true" || c.Annotations[doNotDisrupt] == "true"
}

// atOnce is how many nodes of each pool one action may give back.
func (s *survey) atOnce() map[string]int {
	out := map[string]int{}
	for name, x := range s.pools {
		out[name] = x.allowed[cluster.ReasonUnderutilized] - x.disrupting
	}
	return out
}

// affords tells whether the pools' budgets allow an action now.
func (s *survey) affords(e *Engine, a *plan.Action) bool {
	for pool, n := range e.poolsOf(a) {
		if x := s.pools[pool]; x == nil || x.disrupting+n > x.allowed[a.Why] {
			return false
		}
	}
	return true
}

func (s *survey) spend(e *Engine, a *plan.Action) {
	for pool, n := range e.poolsOf(a) {
		s.pools[pool].disrupting += n
	}
}

// poolsOf counts the nodes that an action gives back by pool.
func (e *Engine) poolsOf(a *plan.Action) map[string]int {
	out := map[string]int{}
	for _, h := range a.Hosts {
		if c := e.claimOfHost(h); c != nil {
			out[c.Pool]++
		}
	}
	return out
}

func (e *Engine) claimOfHost(name string) *cluster.Claim {
	if n := e.nodes[name]; n != nil {
		return e.claimOfNode(n)
	}
	return nil
}

// claimAt is the claim of a host that is named by its node or, where that may not be there
// yet, by its claim.
func (e *Engine) claimAt(host string) *cluster.Claim {
	return cmp.Or(e.claimOfHost(host), e.claims[host])
}

// podsOf are the pods that an action moves.
func (e *Engine) podsOf(a *plan.Action) []*cluster.Pod {
	var out []*cluster.Pod
	for _, h := range a.Hosts {
		out = append(out, e.occupants(h)...)
	}
	return out
}

// occupants are the pods on a node that would have to run elsewhere.
func (e *Engine) occupants(node string) []*cluster.Pod {
	return slices.DeleteFunc(slices.Clone(e.podsOn[node]), func(p *cluster.Pod) bool { return !p.Occupies() })
}

// spare keeps a claim for a while that could not go: for a minute at first, then for
// longer each time.
func (e *Engine) spare(c *cluster.Claim, why string) {
	x := e.disruptor.spared[c.Name]
	wait := cluster.Minute << min(x.times, 6)
	e.disruptor.spared[c.Name] = spared{x.times + 1, e.now.Add(e.opts.scaled(wait)), "it could not go a while ago: " + why}
}

// listed reads names that are separated by commas.
func listed(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, ",")
}
