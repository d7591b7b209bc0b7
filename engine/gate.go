package engine

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// gates are the reserved nodes, by claim, and which of them may have to be opened: those
// whose time has come, and those about which something has changed since they were last
// looked at (world.go tells of records, answers.go of pods that are meant for them). All are
// looked at when that changes on which every reservation depends. It can be lost: what is
// reserved is written on the nodes.
type gates struct {
	nodes   map[string]cluster.Instant // when each opens by itself, as far as is known
	due     map[string]bool            // those to be looked at
	outlook outlook                    // as it was when all were looked at
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
	return gates{nodes: map[string]cluster.Instant{}, due: map[string]bool{}}
}

func (g *gates) add(claim string) {
	g.nodes[claim] = cluster.Never
	g.due[claim] = true
}

func (g *gates) forget(claim string) {
	delete(g.nodes, claim)
	delete(g.due, claim)
}

// look makes the node of a claim be looked at, if it is reserved.
func (g *gates) look(claim string) {
	if _, reserved := g.nodes[claim]; reserved {
		g.due[claim] = true
	}
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
	now := e.outlook()
	all := now != g.outlook
	g.outlook = now
	var out []string
	for claim, at := range g.nodes {
		if all || at <= e.now || g.due[claim] {
			out = append(out, claim)
		}
	}
	clear(g.due)
	slices.Sort(out)
	return out
}

// doReserve lets planned pods onto reserved nodes, and everybody onto those that need not
// be reserved any longer. It returns when the time of the next one is over.
func (e *Engine) doReserve() cluster.Instant {
	e.letIn()
	g := &e.reserved.gates
	for _, claim := range e.toOpen() {
		at, still := e.open(claim)
		if still {
			g.nodes[claim] = at
		} else {
			g.forget(claim)
		}
	}
	again := cluster.Never
	for _, at := range g.nodes {
		again = min(again, at)
	}
	return again
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
