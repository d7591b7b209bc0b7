package engine

import (
	"cmp"
	"container/heap"
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
)

func (j job) compare(k job) int {
	return cmp.Or(cmp.Compare(j.kind, k.kind), strings.Compare(j.name, k.name))
}

// agenda knows when each job is due. A job is on it at most once.
type agenda struct {
	at   map[job]cluster.Instant
	heap agendaHeap
}

type agendaEntry struct {
	at  cluster.Instant
	job job
}

func newAgenda() *agenda { return &agenda{at: map[job]cluster.Instant{}} }

// by makes j due at t at the latest.
func (a *agenda) by(j job, t cluster.Instant) {
	if old, ok := a.at[j]; ok && old <= t {
		return
	}
	if t == cluster.Never {
		return
	}
	a.at[j] = t
	heap.Push(&a.heap, agendaEntry{t, j})
}

// next returns the instant at which the first job is due.
func (a *agenda) next() cluster.Instant {
	for len(a.heap) > 0 {
		top := a.heap[0]
		if at, ok := a.at[top.job]; ok && at == top.at {
			return at
		}
		heap.Pop(&a.heap) // superseded by an earlier entry, or done
	}
	return cluster.Never
}

// take removes and returns a job that is due at now, in the order of job.compare
// among those due at the same instant.
func (a *agenda) take(now cluster.Instant) (job, bool) {
	if a.next() > now {
		return job{}, false
	}
	top := heap.Pop(&a.heap).(agendaEntry)
	delete(a.at, top.job)
	return top.job, true
}

type agendaHeap []agendaEntry

func (h agendaHeap) Len() int { return len(h) }
func (h agendaHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].job.compare(h[j].job) < 0
}
func (h agendaHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *agendaHeap) Push(x any) { *h = append(*h, x.(agendaEntry)) }

// Pop implements heap.Interface.
func (h *agendaHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
