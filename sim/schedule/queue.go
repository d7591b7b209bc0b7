package schedule

import (
	"container/heap"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// The scheduler's patience, as upstream.
const (
	backoffFirst = cluster.Second
	backoffMost  = 10 * cluster.Second
	parkedMost   = 5 * cluster.Minute
)

// Waiting is a pod in the queue.
type Waiting struct {
	UID string
	Pod *cluster.Pod // as it was last seen
	// Only is the node that alone may take it, "" for any.
	Only string

	attempts int
	since    cluster.Instant // when it came into the queue, or back into it
	until    cluster.Instant // end of its backoff
	seq      uint64
	place    place
	index    int   // in its heap or line
	line     *line // of one that is active
}

// place is where in the queue a pod is.
type place uint8

const (
	nowhere place = iota // taken out, for a decision or for good
	active
	backing
	parked
)

// Queue holds the pods that wait for a decision.
type Queue struct {
	seq     uint64
	byUID   map[string]*Waiting
	active  lines
	backoff backoffs
	// parked are those that fitted nowhere, by what could help them.
	parked []*lot
	lots   map[lotKey]*lot
	cache  *Cache
}

// lotKey is what parked pods that wait for the same have in common.
type lotKey struct {
	class *class
	only  string
}

// lot is the parked pods that wait for the same.
type lot struct {
	key   lotKey
	like  *Waiting // one of them, or one that was
	pods  map[string]*Waiting
	first cluster.Instant // no pod has been parked longer than since then
}

// NewQueue returns an empty queue; the cache tells it which pods are alike.
func NewQueue(c *Cache) *Queue {
	return &Queue{byUID: map[string]*Waiting{}, lots: map[lotKey]*lot{}, cache: c}
}

// Len is the number of pods in the queue.
func (q *Queue) Len() int { return len(q.byUID) }

// Parked tells whether pods wait for something to happen.
func (q *Queue) Parked() bool { return len(q.parked) > 0 }

// Add puts in a new pod.
func (q *Queue) Add(p *cluster.Pod, only string, now cluster.Instant) {
	if q.byUID[p.UID] != nil {
		return
	}
	w := &Waiting{UID: p.UID, Pod: p, Only: only}
	q.byUID[p.UID] = w
	q.activate(w, now)
}

// Remove takes a pod out for good.
func (q *Queue) Remove(uid string) {
	w := q.byUID[uid]
	if w == nil {
		return
	}
	delete(q.byUID, uid)
	q.takeOut(w)
}

func (q *Queue) takeOut(w *Waiting) {
	switch w.place {
	case active:
		q.active.remove(w)
	case backing:
		heap.Remove(&q.backoff, w.index)
	case parked:
		l := q.lots[q.key(w)]
		delete(l.pods, w.UID)
		if len(l.pods) == 0 {
			delete(q.lots, l.key)
			q.parked = slices.DeleteFunc(q.parked, func(x *lot) bool { return x == l })
		}
	case nowhere:
	}
	w.place = nowhere
}

func (q *Queue) activate(w *Waiting, now cluster.Instant) {
	q.seq++
	w.seq, w.since, w.place = q.seq, now, active
	q.active.add(w)
}

// Pop takes out the pod whose turn it is: of those that are active the one of the
// highest priority that came first; if there is none, the one whose backoff ends
// first. It returns nil if nobody can be tried.
func (q *Queue) Pop(now cluster.Instant) *Waiting {
	for len(q.backoff) > 0 && q.backoff[0].until <= now {
		w := heap.Pop(&q.backoff).(*Waiting)
		q.activate(w, now)
	}
	var w *Waiting
	switch {
	case q.active.pods > 0:
		w = q.active.next()
	case len(q.backoff) > 0:
		w = heap.Pop(&q.backoff).(*Waiting)
	default:
		return nil
	}
	w.place = nowhere
	w.attempts++
	return w
}

// Take takes out a pod that waits, for a decision about others too; nil if there is none of
// that UID.
func (q *Queue) Take(uid string) *Waiting {
	w := q.byUID[uid]
	if w == nil || w.place == nowhere {
		return nil
	}
	q.takeOut(w)
	w.attempts++
	return w
}

// Park puts a pod that fits nowhere aside until something happens that could help.
func (q *Queue) Park(w *Waiting, now cluster.Instant) {
	if q.byUID[w.UID] != w {
		return
	}
	w.since, w.place = now, parked
	w.until = now.Add(min(backoffFirst<<min(w.attempts-1, 10), backoffMost))
	k := q.key(w)
	l := q.lots[k]
	if l == nil {
		l = &lot{key: k, like: w, pods: map[string]*Waiting{}, first: now}
		q.lots[k] = l
		q.parked = append(q.parked, l)
	}
	l.pods[w.UID] = w
}

// Update is told that a pod in the queue has been changed. One that is parked is tried
// again: what can be changed about it are its tolerations.
func (q *Queue) Update(p *cluster.Pod, now cluster.Instant) {
	w := q.byUID[p.UID]
	if w == nil {
		return
	}
	if changed := len(p.Reserved) != len(w.Pod.Reserved); changed && w.place == parked {
		q.takeOut(w)
		w.Pod = p
		q.ready(w, now)
		return
	}
	w.Pod = p
}

// ready puts a pod where it can be tried, after its backoff.
func (q *Queue) ready(w *Waiting, now cluster.Instant) {
	if w.until > now {
		w.place = backing
		heap.Push(&q.backoff, w)
	} else {
		q.activate(w, now)
	}
}

// Done forgets a pod that has been placed.
func (q *Queue) Done(w *Waiting) { delete(q.byUID, w.UID) }

// Happened wakes the pods of the classes that an event could help, each after its
// backoff. It tells whether there were any.
func (q *Queue) Happened(now cluster.Instant, helps func(like *Waiting) bool) bool {
	woken := false
	for _, l := range slices.Clone(q.parked) {
		if helps(l.like) {
			q.wake(l, now)
			woken = true
		}
	}
	return woken
}

// Flush wakes those that have been parked for long, and returns when to flush next,
// Never if nothing is parked.
func (q *Queue) Flush(now cluster.Instant) cluster.Instant {
	next := cluster.Never
	for _, l := range slices.Clone(q.parked) {
		if l.first.Add(parkedMost) <= now {
			q.wake(l, now)
		} else {
			next = min(next, l.first.Add(parkedMost))
		}
	}
	return next
}

func (q *Queue) key(w *Waiting) lotKey { return lotKey{q.cache.classOf(w.Pod), w.Only} }

func (q *Queue) wake(l *lot, now cluster.Instant) {
	pods := make([]*Waiting, 0, len(l.pods))
	for _, w := range l.pods {
		pods = append(pods, w)
	}
	slices.SortFunc(pods, func(a, b *Waiting) int { return int(int64(a.seq) - int64(b.seq)) })
	delete(q.lots, l.key)
	q.parked = slices.DeleteFunc(q.parked, func(x *lot) bool { return x == l })
	for _, w := range pods {
		q.ready(w, now)
	}
}

// backoffs is those that back off, by its end.
type backoffs []*Waiting

func (b backoffs) Len() int { return len(b) }
func (b backoffs) Less(i, j int) bool {
	if b[i].until != b[j].until {
		return b[i].until < b[j].until
	}
	return b[i].seq < b[j].seq
}
func (b backoffs) Swap(i, j int) {
	b[i], b[j] = b[j], b[i]
	b[i].index, b[j].index = i, j
}

// Push implements heap.Interface.
func (b *backoffs) Push(x any) {
	w := x.(*Waiting)
	w.index = len(*b)
	*b = append(*b, w)
}

// Pop implements heap.Interface.
func (b *backoffs) Pop() any {
	last := len(*b) - 1
	w := (*b)[last]
	(*b)[last] = nil
	*b = (*b)[:last]
	return w
}
