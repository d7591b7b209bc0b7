package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// census counts the claims of each pool by what their records and those of their nodes say.
// What has changed is noted by whoever takes records in (world.go) and counted anew when
// somebody asks. Beside that there is what the engine has begun and nobody shows yet: those
// claims are few, and counted each time (begun).
type census struct {
	pools map[string]*headcount
	of    map[string]counted // claims, as what they are counted
	stale map[string]bool    // claims that may have become something else
	// ready are the claims whose nodes are initialized, saving those that go for no other
	// reason than to save money and whose deletion has not been asked for.
	ready  map[string]*ready
	saving map[string]*cluster.Claim
	// going are the nodes of claims that are on their way out as records say.
	going map[string]*cluster.Node
}

// ready is a claim whose node is initialized.
type ready struct {
	claim   *cluster.Claim
	node    *cluster.Node
	drifted bool
	since   cluster.Instant // as the records say, or let presume, no pod has come to the node or left it
}

// headcount is what there is of a pool.
type headcount struct {
	nodes int64             // claims that have not been let go
	holds cluster.Resources // their capacity
	// Of those whose nodes were initialized, how many there are, how many are ending or not
	// ready, and how many are on their way out in any way or not ready. What waits without end
	// (endless.go) is none of these.
	initialized, ending, leaving int
	drifted                      int // claims that say so
}

// counted is what a claim is counted as.
type counted struct {
	pool                                  string
	stays                                 bool // it has not been let go
	holds                                 cluster.Resources
	initialized, ending, leaving, drifted bool
}

func newCensus() census {
	return census{pools: map[string]*headcount{}, of: map[string]counted{}, stale: map[string]bool{}, ready: map[string]*ready{}, saving: map[string]*cluster.Claim{}, going: map[string]*cluster.Node{}}
}

// recount notes that a claim may not be what it was.
func (e *Engine) recount(claim string) {
	e.census.stale[claim] = true
	e.notIdle(claim)
}

// count adds a claim, or takes it away.
func (x *census) count(c counted, by int) {
	h := x.pools[c.pool]
	if h == nil {
		h = &headcount{}
		x.pools[c.pool] = h
	}
	if c.stays && by > 0 {
		h.nodes, h.holds = h.nodes+1, h.holds.Plus(c.holds)
	} else if c.stays {
		h.nodes, h.holds = h.nodes-1, h.holds.Minus(c.holds)
	}
	for _, n := range []struct {
		is  bool
		sum *int
	}{{c.initialized, &h.initialized}, {c.ending, &h.ending}, {c.leaving, &h.leaving}, {c.drifted, &h.drifted}} {
		if n.is {
			*n.sum += by
		}
	}
}

// headcount is what there is of a pool as records say.
func (e *Engine) headcount(pool string) headcount {
	e.takeCensus()
	if h := e.census.pools[pool]; h != nil {
		return *h
	}
	return headcount{}
}

// takeCensus counts what has changed.
func (e *Engine) takeCensus() {
	x := &e.census
	if e.tied {
		for name := range e.claims {
			x.stale[name] = true
		}
	}
	for name := range x.stale {
		if was, known := x.of[name]; known {
			x.count(was, -1)
			delete(x.of, name)
			delete(x.ready, name)
			delete(x.saving, name)
			delete(x.going, name)
		}
		if c := e.claims[name]; c != nil {
			x.of[name] = e.countAs(c)
			x.count(x.of[name], 1)
			if x.of[name].initialized {
				x.ready[name] = &ready{c, e.nodeOfClaim(c), c.Is(cluster.Drifted), max(c.LastPodEvent, e.presumed[name], c.Condition(cluster.Initialized).Since)}
				e.rests(c)
			}
			if unhurried(c) && !c.Deleting() {
				x.saving[name] = c
			}
			if n := e.nodeOfClaim(c); n != nil && goes(c, n) {
				x.going[name] = n
			}
		}
	}
	clear(x.stale)
}

func (e *Engine) countAs(c *cluster.Claim) counted {
	n := e.nodeOfClaim(c)
	x := counted{pool: c.Pool, stays: !released(c), holds: c.Capacity, drifted: c.Is(cluster.Drifted)}
	if n == nil {
		return x
	}
	x.holds = n.Capacity
	if !c.Is(cluster.Initialized) {
		return x
	}
	_, doomed := doom(c)
	x.initialized = true
	if e.endlessly[c.Name] && n.Ready {
		return x
	}
	x.ending = c.Deleting() || n.DeletingAt != 0 || !n.Ready
	x.leaving = x.ending || doomed || slices.Contains(n.Taints, cluster.DisruptedTaint)
	return x
}

// begun are the claims about which something has been begun that brings them, or may bring
// them, on their way out. Some of them may be gone.
func (e *Engine) begun() map[string]bool {
	out := map[string]bool{}
	for name := range e.expected.ending {
		out[name] = true
	}
	for name := range e.disruptor.actions {
		out[name] = true
	}
	for node := range e.expected.tainting {
		if c := e.claimOfHost(node); c != nil {
			out[c.Name] = true
		}
	}
	return out
}
