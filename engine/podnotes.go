package engine

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Where pods are meant to go, and that they were evicted, is told on each of them while they
// are few. When hundreds come or go at once an event on each takes as many writes as what is
// done for them; then the claim, or the node that they leave, names all the others.

const (
	// podNotesAtOnce are told on pods themselves, and then one every podNotesEvery.
	podNotesAtOnce = 10
	podNotesEvery  = cluster.Second
	// evicteesWithin is how long a node may be silent about pods that were evicted.
	evicteesWithin = cluster.Minute
	// mostNames is how long the names in one note may be, bytes: an Event takes 1 KiB.
	mostNames = 900
)

// podNotes is what has been told of single pods, and what is still to be told of many.
// It can be lost: then that is told by nobody.
type podNotes struct {
	spent   int                 // of podNotesAtOnce
	at      cluster.Instant     // as of when
	meant   map[string][]string // by claim
	named   map[string]bool     // claims that have named those
	evicted map[string]*evictees
}

// evictees are pods of one node that were evicted and not named yet.
type evictees struct {
	ids   []string
	since cluster.Instant
}

func newPodNotes() podNotes {
	return podNotes{meant: map[string][]string{}, named: map[string]bool{}, evicted: map[string]*evictees{}}
}

// single tells whether one more pod may have a note of its own now.
func (x *podNotes) single(now cluster.Instant) bool {
	if free := int(now.Sub(x.at) / podNotesEvery); free > 0 {
		x.spent = max(x.spent-free, 0)
		x.at = x.at.Add(cluster.Duration(free) * podNotesEvery)
	}
	if x.spent == podNotesAtOnce {
		return false
	}
	x.spent++
	return true
}

// tellMeant says of a pod that a claim is bought for it.
func (e *Engine) tellMeant(p *cluster.Pod, c *cluster.Claim) {
	quiet := !e.podNotes.single(e.now)
	if quiet {
		e.podNotes.meant[c.Name] = append(e.podNotes.meant[c.Name], p.ID())
	}
	e.note(Note{About: aboutPod(p), Reason: "Nominated", Pool: c.Pool, Quiet: quiet, Message: "Pod should schedule on: nodeclaim/" + c.Name})
}

// nameMeant names on a claim the pods that it was bought for and that were not told.
func (e *Engine) nameMeant(c *cluster.Claim) {
	for _, names := range inNotes(e.podNotes.meant[c.Name]) {
		e.note(Note{About: aboutClaim(c), Reason: "PodsNominated", Pool: c.Pool, Message: "Pods that should schedule on it: " + names})
	}
	e.podNotes.named[c.Name] = len(e.podNotes.meant[c.Name]) > 0
	delete(e.podNotes.meant, c.Name)
}

// tellEvicted says of a pod that it was evicted, and why.
func (e *Engine) tellEvicted(p *cluster.Pod) {
	c, quiet := e.claimOfHost(p.Node), !e.podNotes.single(e.now)
	if quiet && c != nil {
		x := e.podNotes.evicted[c.Name]
		if x == nil {
			x = &evictees{since: e.now}
			e.podNotes.evicted[c.Name] = x
			e.agenda.by(job{jobClaim, c.Name}, e.now.Add(evicteesWithin))
		}
		x.ids = append(x.ids, p.ID())
	}
	e.note(Note{About: aboutPod(p), Reason: "Evicted", Why: goesFor(c), Quiet: quiet && c != nil, Message: "Evicted pod: its node " + p.Node + " is being given back"})
}

// nameEvicted names on the node of a claim the pods that were evicted and not told: all of
// them if none is left, else when that was long ago. It returns when to do that.
func (e *Engine) nameEvicted(c *cluster.Claim, all bool) cluster.Instant {
	x := e.podNotes.evicted[c.Name]
	if x == nil {
		return cluster.Never
	}
	if due := x.since.Add(evicteesWithin); !all && e.now < due {
		return due
	}
	delete(e.podNotes.evicted, c.Name)
	n := e.nodeOfClaim(c)
	if n == nil {
		return cluster.Never
	}
	slices.Sort(x.ids)
	for _, names := range inNotes(x.ids) {
		e.note(Note{About: aboutNode(n), Reason: "PodsEvicted", Pool: c.Pool, Message: "Evicted since the node is being given back: " + names})
	}
	return cluster.Never
}

// inNotes parts names into lists that fit into a note each.
func inNotes(names []string) []string {
	var out []string
	for len(names) > 0 {
		n, size := 1, len(names[0])
		for n < len(names) && size+len(names[n])+2 <= mostNames {
			size += len(names[n]) + 2
			n++
		}
		out = append(out, strings.Join(names[:n], ", "))
		names = names[n:]
	}
	return out
}
