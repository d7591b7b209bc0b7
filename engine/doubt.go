package engine

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// doubts are when answers can be doubted, by the host that they name.
type doubts struct {
	// due is when the first of those for a host can be, Never while nobody can be there yet,
	// for hosts of which that is known, times are the same in order, and coming the hosts that
	// have still to come.
	due    map[string]cluster.Instant
	times  *agenda
	coming map[string]bool
	asked  map[string]bool // those that have to be looked at
}

func newDoubts() doubts {
	return doubts{due: map[string]cluster.Instant{}, times: newAgenda(), coming: map[string]bool{}, asked: map[string]bool{}}
}

// ask makes a host be looked at that pods are meant for.
func (x *doubts) ask(host string) {
	x.forget(host)
	x.asked[host] = true
}

// forget drops what is known about a host.
func (x *doubts) forget(host string) {
	delete(x.due, host)
	delete(x.coming, host)
	delete(x.asked, host)
	x.times.not(job{jobProvision, host})
}

// note says when the answers for a host can be doubted.
func (x *doubts) note(host string, due cluster.Instant, coming bool) {
	x.forget(host)
	x.due[host] = due
	x.times.by(job{jobProvision, host}, due)
	if coming {
		x.coming[host] = true
	}
}

// take returns the hosts that have to be looked at, in no order.
func (x *doubts) take(now cluster.Instant) []string {
	for {
		j, ok := x.times.take(now)
		if !ok {
			return slices.Collect(maps.Keys(x.asked))
		}
		x.asked[j.name] = true
	}
}

// doubt withdraws answers whose node is gone, or has been ready for long while the
// pod still waits. It returns when the next may have to be withdrawn. As long as a node is
// reserved its pods may be on their way (crowded.go).
func (e *Engine) doubt() (again cluster.Instant) {
	x := &e.answered.doubts
	again = cluster.Never
	settled := true // all are meant for nodes that take pods
	var beside []*answer
	for _, host := range x.take(e.now) {
		due, coming := e.doubtHost(host, &beside)
		switch {
		case len(e.answered.on[host]) == 0:
		case e.claims[host] != nil || e.nodes[host] != nil: // whose changes are told of
			x.note(host, due, coming)
		default:
			again, settled = min(again, due), settled && !coming
		}
	}
	again = min(again, x.times.next())
	e.doubtBeside(beside, settled && len(x.coming) == 0)
	return again
}

// doubtHost does so for the pods that are meant for one host, and returns when to do it
// again, and whether it has still to come. It adds those that wait beside it.
func (e *Engine) doubtHost(host string, beside *[]*answer) (again cluster.Instant, coming bool) {
	again = cluster.Never
	ready, there := e.readySince(host)
	claim := "" // that it is reserved for
	if there && ready != cluster.Never {
		claim = e.reservedBy(host)
	}
	for id, a := range e.answered.on[host] {
		due := e.doubtFrom(max(ready, a.at))
		switch {
		case there && e.now < due:
			again = min(again, due)
		case there && claim != "":
			a.at = e.now
			again = min(again, e.doubtFrom(e.now))
			if a.pod.Enters(claim) {
				*beside = append(*beside, a)
			}
		default:
			e.withdraw(id)
		}
	}
	return again, there && ready == cluster.Never
}

// doubtFrom is when an answer of a time, or for a host that takes pods since then, can be
// doubted. In a large cluster all answers are doubted at the same moments: all who wait are
// tried each time, among all nodes, and planned for if one of them cannot come.
func (e *Engine) doubtFrom(at cluster.Instant) cluster.Instant {
	due := at.Add(doubtAfter)
	if beat := cluster.Instant(doubtAfter); at != cluster.Never && len(e.waiting.pods)+len(e.nodes) >= doubtTogether {
		due = (due + beat - 1) / beat * beat
	}
	return due
}

// doubtTogether is how many pods that wait and nodes there have to be for that. A try takes
// some microseconds for each.
const doubtTogether = 10_000

// doubtsMost is how often a pod to which it matters where others go may be found waiting
// beside the reserved node that it may go to, doubtAfter each.
const doubtsMost = 3

// readySince tells since when a host (a node, or a claim by name) takes pods, Never
// if that is still to come, and whether it is there at all.
func (e *Engine) readySince(host string) (since cluster.Instant, there bool) {
	if c := e.claims[host]; c != nil {
		if !c.Is(cluster.Initialized) {
			return cluster.Never, !c.Deleting()
		}
		return c.Condition(cluster.Initialized).Since, !c.Deleting()
	}
	if x, ok := e.expected.by[claimKey(host)]; ok {
		_, creating := x.effect.(CreateClaim)
		return cluster.Never, creating
	}
	n := e.nodes[host]
	return 0, n != nil && n.DeletingAt == 0
}
