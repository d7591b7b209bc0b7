package simulated

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Kind is what happens to an instance.
type Kind uint8

// The kinds of event, in the order in which they happen to one instance.
const (
	Launched   Kind = iota
	Running         // the machine runs, its kubelet does not yet
	Booted          // its kubelet registers
	Warned          // Spot interruption notice: it will stop after the warning
	Stopping        // it goes down: the kubelet no longer answers
	Terminated      // it is gone
	numEvents

	// What changes only in descriptions is no event, but a time to look again.
	visible  = numEvents
	stopSeen = numEvents + 1
	goneSeen = numEvents + 2
	numKinds = numEvents + 3
)

var kindNames = [...]string{"launched", "running", "booted", "warned", "stopping", "terminated"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "described"
}

// at is when something of kind k happens.
func (t *timeline) at(k Kind) cluster.Instant {
	return [numKinds]cluster.Instant{t.Launched, t.Running, t.Booted, t.Warned, t.Stopping, t.Terminated, t.Visible, t.StopSeen, t.GoneSeen}[k]
}

// entry is something that is due.
type entry struct {
	at       cluster.Instant
	instance *instance
	kind     Kind
}

// valid tells whether the instance's timeline still has the entry.
func (e entry) valid() bool { return e.instance.Times.at(e.kind) == e.at }

// agenda is a heap of entries, ordered by time, then by name: never by the order
// in which they came in.
type agenda []entry

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].at, a[j].at), strings.Compare(a[i].instance.ID, a[j].instance.ID), cmp.Compare(a[i].kind, a[j].kind)) < 0
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push and Pop are heap.Interface's.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop removes the last entry.
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = entry{}
	*a = (*a)[:last]
	return e
}

// Next is the first instant after now at which something changes by itself, in
// truth or in descriptions; Never when nothing is under way.
func (c *Cloud) Next(now cluster.Instant) cluster.Instant {
	defer c.enter(now)()
	for len(c.due) > 0 && !c.due[0].valid() {
		heap.Pop(&c.due)
	}
	if len(c.due) == 0 {
		return cluster.Never
	}
	return c.due[0].at
}

// event is something that has happened.
type event struct {
	at       cluster.Instant
	kind     Kind
	instance *instance
}

// Event is something that has happened to a machine.
type Event struct {
	At      cluster.Instant
	Kind    Kind
	Machine Machine // as it is known now
}

// Cursor is a place in the sequence of events. It does not survive the process:
// begin with [Cloud.Machines].
type Cursor int

// Machines lists the machines that have not been stopped, those still booting
// included, sorted by instance id, and the place from which to follow events.
func (c *Cloud) Machines(now cluster.Instant) ([]Machine, Cursor) {
	defer c.enter(now)()
	out := []Machine{}
	for _, i := range c.live {
		if i.Times.Stopping > c.now {
			out = append(out, i.machine(c.cfg.Region))
		}
	}
	slices.SortFunc(out, func(a, b Machine) int { return strings.Compare(a.InstanceID, b.InstanceID) })
	return out, Cursor(len(c.events))
}

// Events returns what has happened since a cursor, in order, and the cursor to
// go on from. Reading does not consume: any number of readers may follow.
func (c *Cloud) Events(now cluster.Instant, since Cursor) ([]Event, Cursor) {
	defer c.enter(now)()
	out := []Event{}
	for _, e := range c.events[min(max(since, 0), Cursor(len(c.events))):] {
		out = append(out, Event{e.at, e.kind, e.instance.machine(c.cfg.Region)})
	}
	return out, Cursor(len(c.events))
}
