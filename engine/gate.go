package engine

import (
	"iter"
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// gates are the reserved nodes, by claim, and which of them may have to be opened: those
// whose time has come, and those about which something has changed since they were last
// looked at (world.go tells of records, answers.go of pods that are meant for them). When that
// changes on which reservations depend together, those are looked at for which it matters.
// It can be lost: what is reserved is written on the nodes.
type gates struct {
	nodes   map[string]cluster.Instant // when each opens by itself, as far as is known
	times   *agenda                    // those times
	due     map[string]bool            // those to be looked at
	shared  map[string]bool            // those that nobody is meant for who waits
	outlook outlook                    // as it was when they were looked at
}

// outlook is what all reservations depend on.
type outlook struct {
	alike     bool // it does not matter which of the pods that wait goes where
	waits     bool // pods wait that no plan has looked at
	depends   bool // pods are on their way to which it matters where others go
	claims    bool // pods wait that claim devices
	daemonSet int  // changes of DaemonSets until now
}

func (e *Engine) outlook() outlook {
	return outlook{e.waiting.interchangeable(), e.unanswered() > 0, e.answered.depending > 0, e.waiting.claiming > 0, e.daemonsChanged}
}

func newGates() gates {
	return gates{nodes: map[string]cluster.Instant{}, times: newAgenda(), due: map[string]bool{}, shared: map[string]bool{}}
}

func (g *gates) add(claim string) {
	if _, known := g.nodes[claim]; !known {
		g.nodes[claim] = cluster.Never
	}
	g.due[claim] = true
}

func (g *gates) forget(claim string) {
	g.opensAt(claim, cluster.Never)
	delete(g.nodes, claim)
	delete(g.due, claim)
	delete(g.shared, claim)
}

// opensAt notes when the node of a claim opens by itself.
func (g *gates) opensAt(claim string, at cluster.Instant) {
	if g.nodes[claim] == at {
		return
	}
	g.nodes[claim] = at
	g.times.not(job{jobReserve, claim})
	g.times.by(job{jobReserve, claim}, at)
}

// look makes the node of a claim be looked at, if it is reserved.
func (g *gates) look(claim string) {
	if _, reserved := g.nodes[claim]; reserved {
		g.due[claim] = true
	}
}

// concerned are the nodes for which it matters that the outlook was another one: whoever is
// meant for a node keeps it reserved, whatever others wait for.
func (g *gates) concerned(now outlook) iter.Seq[string] {
	was := g.outlook
	g.outlook = now
	if was.waits, was.depends = now.waits, now.depends; was != now {
		return maps.Keys(g.nodes)
	}
	return maps.Keys(g.shared)
}

// toOpen are the claims whose nodes have to be looked at, by name.
func (e *Engine) toOpen() []string {
	g := &e.reserved.gates
	for host := range e.answered.stirred {
		if c := e.claimAt(host); c != nil {
			g.look(c.Name)
		}
	}
	clear(e.answered.stirred)
	for claim := range e.disruptor.waitFor { // pods of others may be on their way to it
		g.look(claim)
	}
	if now := e.outlook(); now != g.outlook {
		for claim := range g.concerned(now) {
			g.due[claim] = true
		}
	}
	for {
		j, ok := g.times.take(e.now)
		if !ok {
			break
		}
		g.due[j.name] = true
	}
	out := slices.Sorted(maps.Keys(g.due))
	clear(g.due)
	return out
}

// doReserve lets planned pods onto reserved nodes, and everybody onto those that need not
// be reserved any longer. It returns when the time of the next one is over.
func (e *Engine) doReserve() cluster.Instant {
	e.letIn()
	g := &e.reserved.gates
	for _, claim := range e.toOpen() {
		at, still := e.open(claim)
		if !still {
			g.forget(claim)
			continue
		}
		g.opensAt(claim, at)
		if c := e.claims[claim]; e.meantFor(c, e.nodeOfClaim(c)) == 0 {
			g.shared[claim] = true
		} else {
			delete(g.shared, claim)
		}
	}
	return g.times.next()
}

// open takes the taint away from the node of a claim if it is time, and returns when it
// will be at the latest, and whether it is reserved still.
func (e *Engine) open(name string) (again cluster.Instant, still bool) {
	c := e.claims[name]
	if c == nil || c.Deleting() {
		return cluster.Never, false
	}
	n := e.nodeOfClaim(c)
	if n == nil || !n.Reserved(name) {
		return cluster.Never, false
	}
	wait := e.reserves(c, n)
	if until := opensAt(c, n, wait); e.now < until {
		return until, true
	}
	e.reserved.look(name) // until the watch shows it
	taints := slices.DeleteFunc(slices.Clone(n.Taints), func(t cluster.Taint) bool { return t == cluster.ReservedTaint(name) })
	if !e.issue(PatchNode{Name: n.Name, UID: n.UID, Revision: n.Revision, Taints: taints, Finalizers: n.Finalizers}) {
		return cluster.Never, true // whatever is under way wakes the job
	}
	opened := Note{About: aboutNode(n), Reason: "Opened", Pool: c.Pool, Quiet: true, Message: "node " + n.Name + " is open to all pods"}
	if missing := e.meantFor(c, n); wait > 0 && missing > 0 {
		opened.Warning, opened.Quiet = true, false
		opened.Message += ": " + podCount(missing) + " that it was reserved for did not come within " + reservedFor.String()
	}
	e.note(opened)
	return cluster.Never, true
}

// opensAt is when the node of a claim opens to all that has to be reserved for so long.
func opensAt(c *cluster.Claim, n *cluster.Node, wait cluster.Duration) cluster.Instant {
	switch ready := reservedSince(c, n); {
	case wait == 0:
		return 0
	case ready == cluster.Never || wait == cluster.Forever:
		return cluster.Never
	default:
		return ready.Add(wait)
	}
}
