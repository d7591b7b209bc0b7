package engine

import (
	"cmp"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// job names a piece of work that is done again and again: look at one object and
// bring it closer to what it should be.
type job struct {
	kind jobKind
	name string
}

type jobKind uint8

// The jobs, in the order in which they run within a step: what others depend on
// comes first.
const (
	jobClass     jobKind = iota // resolve a node class
	jobPool                     // judge a pool and keep its status
	jobBuffer                   // say what a CapacityBuffer amounts to
	jobClaim                    // the life of a claim
	jobLaunch                   // a batch of claims that want instances
	jobCollect                  // compare claims and instances
	jobRelease                  // delete claims whose pods have room elsewhere
	jobHeadroom                 // find room for what CapacityBuffers want
	jobDisrupt                  // look for nodes to give back
	jobProvision                // plan for waiting pods
	jobReserve                  // let planned pods onto reserved nodes, and all onto others
	jobTerminate                // send the terminations that this step asked for
	jobKinds     = iota         // how many there are
)

func (j job) compare(k job) int {
	return cmp.Or(cmp.Compare(j.kind, k.kind), strings.Compare(j.name, k.name))
}

// agenda knows when each job is due. A job is on it at most once.
type agenda struct {
	at   [jobKinds]map[string]cluster.Instant // of each kind, by name
	heap agendaHeap
}

type agendaEntry struct {
	at  cluster.Instant
	job job
}

func newAgenda() *agenda {
	a := &agenda{}
	for kind := range a.at {
		a.at[kind] = map[string]cluster.Instant{}
	}
	return a
}

// by makes j due at t at the latest.
func (a *agenda) by(j job, t cluster.Instant) {
	at := a.at[j.kind]
	if old, ok := at[j.name]; ok && old <= t {
		return
	}
	if t == cluster.Never {
		return
	}
	at[j.name] = t
	a.heap.push(agendaEntry{t, j})
}

// not makes j not due any more.
func (a *agenda) not(j job) { delete(a.at[j.kind], j.name) }

// next returns the instant at which the first job is due.
func (a *agenda) next() cluster.Instant {
	for len(a.heap) > 0 {
		top := a.heap[0]
		if at, ok := a.at[top.job.kind][top.job.name]; ok && at == top.at {
			return at
		}
		a.heap.pop() // superseded by an earlier entry, or done
	}
	return cluster.Never
}

// take removes and returns a job that is due at now: the first, and any of those that are due at
// the same instant.
func (a *agenda) take(now cluster.Instant) (job, bool) {
	if a.next() > now {
		return job{}, false
	}
	top := a.heap.pop()
	a.not(top.job)
	return top.job, true
}

// agendaHeap has the entry that is due first at its front, and that of no child before that
// of its parent.
type agendaHeap []agendaEntry

func (h agendaHeap) less(i, j int) bool { return h[i].at < h[j].at }

func (h *agendaHeap) push(x agendaEntry) {
	*h = append(*h, x)
	q := *h
	for i := len(q) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.less(i, parent) {
			return
		}
		q[i], q[parent] = q[parent], q[i]
		i = parent
	}
}

func (h *agendaHeap) pop() agendaEntry {
	q := *h
	first, last := q[0], len(q)-1
	q[0], q[last] = q[last], agendaEntry{}
	q = q[:last]
	*h = q
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q); child++ {
			if q.less(child, least) {
				least = child
			}
		}
		if least == i {
			return first
		}
		q[i], q[least] = q[least], q[i]
		i = least
	}
}
