package engine

import "github.com/ullage-sh/ullage/cluster"

// Before a pass it is asked which nodes may go at all, and that is asked far more often than
// there is a pass: whenever a claim or a node has changed. Mostly none may, since pods came or
// went a short time ago or since budgets are used up, so that is looked at first.

// survey is what stands in the way of giving nodes back.
type survey struct {
	candidates int // that may go because they are not worth their price
	empty      int // of these, the ones without pods on which no room is kept free
	pods       int // on candidates
	drifted    int // that have drifted
	pools      map[string]*poolSurvey
	settled    cluster.Instant // until then only empty nodes may go
	again      cluster.Instant // when something may be otherwise at the earliest
}

// poolSurvey is one pool's nodes, those that are being disrupted, and how many may be
// at once for each reason.
type poolSurvey struct {
	total, disrupting int
	allowed           map[cluster.Reason]int
	rest              cluster.Duration // for how long a node is left alone
}

// full tells whether no more nodes may go to save money.
func (x *poolSurvey) full() bool {
	return max(x.allowed[cluster.ReasonEmpty], x.allowed[cluster.ReasonUnderutilized]) <= x.disrupting
}

// voluntary are the reasons for which a pass gives nodes back.
var voluntary = []cluster.Reason{cluster.ReasonEmpty, cluster.ReasonUnderutilized, cluster.ReasonDrifted}

func (e *Engine) survey() *survey {
	s := e.surveyPools()
	if e.allRest() {
		s.again = min(s.again, e.disruptor.restUntil)
		return s
	}
	s.settled = e.settled()
	e.disruptor.restUntil = cluster.Never
	regretted := e.firstRegret()
	var barred []*ready // that may not go whatever else is true of them, but until when?
	for name, r := range e.census.ready {
		c, n := r.claim, r.node
		if r.drifted && !e.disrupting(c, n) {
			s.drifted++
		}
		x := s.pools[c.Pool]
		if x == nil {
			continue // nobody knows its pool
		}
		due := max(r.since, e.podEvents[name]).Add(x.rest)
		e.disruptor.restUntil = min(e.disruptor.restUntil, due)
		if e.now < due || x.full() || e.now < s.settled && e.occupied(n) {
			barred = append(barred, r)
			continue
		}
		why, until := e.sparesNow(c, n, s)
		if why != "" {
			s.again = min(s.again, until)
			continue
		}
		s.candidates++
		s.pods += len(e.podsOn[n.Name])
		if e.isEmpty(c, n) && e.headroom.hosts[c.Name] == 0 {
			s.empty++
		}
	}
	for _, r := range barred {
		if e.sparedUntil(r, s, regretted) < s.again {
			_, until := e.sparesNow(r.claim, r.node, s)
			s.again = min(s.again, until)
		}
	}
	return s
}

// surveyPools is the part of a survey that asks about no node.
func (e *Engine) surveyPools() *survey {
	s := &survey{pools: map[string]*poolSurvey{}, again: cluster.Never}
	for name, p := range e.pools {
		if h := e.headcount(name); h.initialized > 0 {
			x := &poolSurvey{total: h.initialized, disrupting: h.leaving, allowed: map[cluster.Reason]int{}, rest: e.opts.scaled(p.ConsolidateAfter)}
			s.pools[name] = x
		}
	}
	for name := range e.begun() {
		c := e.claims[name]
		if c == nil || s.pools[c.Pool] == nil {
			continue
		}
		if as := e.census.of[name]; as.initialized && !as.leaving {
			s.pools[c.Pool].disrupting++
		}
	}
	for name, x := range s.pools {
		for _, why := range voluntary {
			allowed, changes := AllowedDisruptions(e.pools[name], x.total, why, e.now)
			x.allowed[why] = allowed
			s.again = min(s.again, changes)
		}
	}
	return s
}

// sparedUntil is no later than the time until which a node that may not go now stays
// ([Engine.spares]), and quick to find out. regretted is the same for all regrets.
func (e *Engine) sparedUntil(r *ready, s *survey, regretted cluster.Instant) cluster.Instant {
	until, x := regretted, s.pools[r.claim.Pool]
	if due := max(r.since, e.podEvents[r.claim.Name]).Add(x.rest); e.now < due {
		until = min(until, due)
	} else if !x.full() {
		until = min(until, s.settled)
	}
	if len(e.disruptor.spared) > 0 {
		if y, ok := e.disruptor.spared[r.claim.Name]; ok && e.now < y.until {
			until = min(until, y.until)
		}
	}
	return until
}

// sparesNow is [Engine.spares], and what nodes that were chosen before have to do with it.
func (e *Engine) sparesNow(c *cluster.Claim, n *cluster.Node, s *survey) (why string, until cluster.Instant) {
	why, until = e.spares(c, n, s.pools[c.Pool])
	if why == "" && e.now < s.settled && !e.isEmpty(c, n) {
		return "nodes that were chosen before have not gone yet", s.settled
	}
	return why, until
}

// kept are the nodes that may not go, and why.
func (e *Engine) kept(s *survey) map[string]string {
	out := map[string]string{}
	for _, r := range e.census.ready {
		if why, _ := e.sparesNow(r.claim, r.node, s); why != "" {
			out[r.node.Name] = why
		}
	}
	return out
}

// allRest tells whether no node may go, since pods came to all of them or left them a short
// time ago, and none has drifted: then nothing else has to be asked about any of them.
func (e *Engine) allRest() bool {
	e.takeCensus() // what has changed may rest for a shorter time
	for _, h := range e.census.pools {
		if h.drifted > 0 {
			return false
		}
	}
	return e.now < e.disruptor.restUntil && e.opts.Policy.Disrupt == nil
}

// rests notes until when the node of a claim rests at the least.
func (e *Engine) rests(c *cluster.Claim) {
	if p := e.pools[c.Pool]; p != nil { // else it may not go at all
		e.disruptor.restUntil = min(e.disruptor.restUntil, e.quietSince(c).Add(e.opts.scaled(p.ConsolidateAfter)))
	}
}
