package sim

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/schedule"
	"github.com/ullage-sh/ullage/sim/store"
)

// scheduling runs the kube-scheduler: what it sees comes a little late, each decision
// takes a moment, and a binding is written after the decision was made.
type scheduling struct {
	w     *world
	cache *schedule.Cache
	queue *schedule.Queue
	// seen is what is on its way to the scheduler, in order.
	seen  []sighting
	first int
	news  int // of those, the ones that are a reason to decide something
	// objects are the pods in the queue, by UID.
	objects map[string]*store.Pod
	gangs   map[string]*gang
	next    cluster.Instant // when the next cycle may begin
	planned cluster.Instant // when it is entered for, Never if it is not
	flush   cluster.Instant
}

// sighting is a change that reaches the scheduler at a time.
type sighting struct {
	at   cluster.Instant
	pod  *store.Pod
	node *store.Node
	news bool
	// as they were before the change and after it
	oldPod, newPod   *cluster.Pod
	oldNode, newNode *cluster.Node
}

func newScheduling(w *world, c *schedule.Cache) *scheduling {
	return &scheduling{
		w: w, cache: c, queue: schedule.NewQueue(c), objects: map[string]*store.Pod{}, gangs: map[string]*gang{},
		planned: cluster.Never, flush: cluster.Never,
	}
}

func (s *scheduling) podChanged(o *store.Pod, old *cluster.Pod) {
	s.see(sighting{pod: o, oldPod: old, newPod: o.Now})
}

func (s *scheduling) nodeChanged(o *store.Node, old *cluster.Node) {
	s.see(sighting{node: o, oldNode: old, newNode: o.Now})
}

func (s *scheduling) see(x sighting) {
	x.at = s.w.now.Add(s.w.Pace.Lag)
	if x.news = s.interesting(&x); x.news {
		s.news++
		s.plan(x.at)
	}
	s.seen = append(s.seen, x)
}

// interesting tells whether a change can be a reason to decide something. All others
// wait until there is one.
func (s *scheduling) interesting(x *sighting) bool {
	switch {
	case x.pod != nil && x.newPod != nil && x.newPod.Node == "":
		return x.oldPod == nil || len(x.oldPod.Reserved) != len(x.newPod.Reserved)
	case s.queue.Parked():
		return true
	}
	return len(s.seen)-s.first > 10_000 // or until there are too many
}

// plan makes the scheduler look at t.
func (s *scheduling) plan(t cluster.Instant) {
	t = max(t, s.next)
	if t >= s.planned {
		return
	}
	s.planned = t
	s.w.at(t, func() {
		if s.planned == s.w.now {
			s.planned = cluster.Never
			s.cycle()
		}
	})
}

// cycle takes in what has been seen and decides about one pod.
func (s *scheduling) cycle() {
	now := s.w.now
	for s.first < len(s.seen) && s.seen[s.first].at <= now {
		if s.seen[s.first].news {
			s.news--
		}
		s.take(&s.seen[s.first])
		s.seen[s.first] = sighting{}
		s.first++
	}
	if s.first > 4096 && s.first*2 > len(s.seen) {
		s.seen = append(s.seen[:0], s.seen[s.first:]...)
		s.first = 0
	}
	if s.flush <= now {
		s.flush = s.queue.Flush(now)
	}
	if w := s.queue.Pop(now); w != nil {
		s.decide(w)
		s.next = now.Add(s.w.Pace.Cycle)
		s.plan(s.next)
	}
	if s.queue.Parked() && s.flush == cluster.Never {
		s.flush = now.Add(30 * cluster.Second)
	}
	if s.flush != cluster.Never {
		s.plan(s.flush)
	}
	// What is on its way and may help.
	if s.first < len(s.seen) && (s.news > 0 || s.queue.Parked()) {
		s.plan(s.seen[s.first].at)
	}
}

// take lets the scheduler see a change.
func (s *scheduling) take(x *sighting) {
	if x.node != nil {
		s.takeNode(x)
		return
	}
	p := x.newPod
	if cmpOr(p, x.oldPod).Gang != "" {
		s.seeMember(x)
	}
	if x.oldPod != nil && x.oldPod.Node == "" && (p == nil || p.Deleting()) {
		s.drop(x.oldPod.UID)
	}
	switch {
	case p == nil || p.Terminal():
		old := p
		if old == nil {
			old = x.oldPod
		}
		s.released(old)
	case p.Node != "":
		s.cache.SetPod(p)
		if s.queue.Parked() && (x.oldPod == nil || x.oldPod.Node == "") {
			s.queue.Happened(s.w.now, func(q *schedule.Waiting) bool { return s.cache.Watches(q.Pod, p) })
		}
	case x.oldPod != nil:
		s.queue.Update(p, s.w.now)
	case p.Gang != "" && x.pod.Now != nil:
		s.hold(s.gangOf(p), p)
	case !p.Gated && x.pod.Now != nil:
		s.objects[p.UID] = x.pod
		s.queue.Add(p, s.w.control.onlyNode(x.pod), s.w.now)
	}
}

func (s *scheduling) drop(uid string) {
	s.queue.Remove(uid)
	s.cache.Withdraw(uid)
	delete(s.objects, uid)
}

// released gives back what a pod that is gone took, and wakes those it may help.
func (s *scheduling) released(p *cluster.Pod) {
	node := s.cache.RemovePod(p.UID)
	if node == "" || !s.queue.Parked() {
		return
	}
	s.queue.Happened(s.w.now, func(q *schedule.Waiting) bool {
		if q.Only != "" && q.Only != node {
			return false
		}
		return s.cache.Admits(q.Pod, node) || s.cache.Watches(q.Pod, p)
	})
}

func (s *scheduling) takeNode(x *sighting) {
	if x.newNode == nil {
		s.cache.RemoveNode(x.node.Key)
		return
	}
	if !s.cache.SetNode(s.w.disks.asSeen(x.newNode)) || !s.queue.Parked() {
		return
	}
	name := x.node.Key
	s.queue.Happened(s.w.now, func(q *schedule.Waiting) bool {
		return (q.Only == "" || q.Only == name) && s.cache.Admits(q.Pod, name)
	})
}

// decide is one scheduling cycle.
func (s *scheduling) decide(w *schedule.Waiting) {
	if g := s.gangOf(w.Pod); g != nil {
		s.decideGang(g, w)
		return
	}
	o := s.objects[w.UID]
	node := ""
	if w.Only == "" {
		node = s.cache.Place(w.Pod)
	} else if s.cache.PlaceOn(w.Pod, w.Only) {
		node = w.Only
	}
	if node != "" {
		s.queue.Done(w)
		s.w.after(s.w.Pace.Bind, func() { s.bind(o, w, node) })
		return
	}
	nominated := ""
	switch {
	case w.Only != "":
		s.preempt(w)
	case s.w.control.preempts(o):
		nominated = s.makeRoom(w)
	}
	s.refuse(o, w, nominated)
}

// refuse parks a pod that fits nowhere, and says so on it.
func (s *scheduling) refuse(o *store.Pod, w *schedule.Waiting, nominated string) {
	s.queue.Park(w, s.w.now)
	s.w.after(s.w.Pace.Bind, func() {
		if p := o.Now; p != nil && p.Node == "" && (p.UnschedulableSince == 0 || p.Nominated != nominated) && !p.Deleting() {
			x := *p
			x.Nominated = nominated
			if x.UnschedulableSince == 0 {
				x.UnschedulableSince = s.w.now
			}
			s.w.store.Pods.Set(o, &x)
		}
	})
}

// makeRoom makes less important pods leave the node that this costs least, and returns that:
// the pod is nominated for it. If pods are leaving that node already, it waits for them.
func (s *scheduling) makeRoom(w *schedule.Waiting) string {
	if s.cache.Clearing(w.Pod) {
		return s.cache.Nominated(w.UID)
	}
	s.cache.Withdraw(w.UID)
	node, victims := s.cache.Preempt(w.Pod, s.breaks)
	if node == "" {
		return ""
	}
	for _, uid := range s.cache.Lesser(node, w.Pod.Priority) {
		s.cache.Withdraw(uid)
		s.w.after(s.w.Pace.Bind, func() { s.clearNomination(uid) })
	}
	s.cache.Nominate(w.Pod, node)
	s.evictFor(w.Pod, node, victims)
	return node
}

// breaks says which pods of a node, the most important first, a budget for evictions would
// rather keep.
func (s *scheduling) breaks(node string, uids []string) map[string]bool {
	here := map[string]*cluster.Pod{}
	for _, o := range s.w.store.PodsOn(node) {
		here[o.Now.UID] = o.Now
	}
	out := map[string]bool{}
	spent := map[*store.Budget]int{}
	for _, uid := range uids {
		p := here[uid]
		if p == nil {
			continue // it has gone, and the scheduler has not seen that
		}
		for _, b := range s.w.store.Budgets(p) {
			if spent[b]++; spent[b] > b.Allowed() {
				out[uid] = true
			}
		}
	}
	return out
}

// clearNomination takes a nomination back: another pod has got the node.
func (s *scheduling) clearNomination(uid string) {
	if o := s.objects[uid]; o != nil && o.Now != nil && o.Now.Node == "" && o.Now.Nominated != "" && s.cache.Nominated(uid) == "" {
		x := *o.Now
		x.Nominated = ""
		s.w.store.Pods.Set(o, &x)
	}
}

// evictFor ends pods of a node for another.
func (s *scheduling) evictFor(p *cluster.Pod, node string, victims []string) {
	for _, o := range s.w.store.PodsOn(node) {
		if slices.Contains(victims, o.Now.UID) && !o.Now.Deleting() {
			s.w.record("preempted", o.Key, p.Name)
			s.w.result.Preempted++
			s.w.store.DeletePod(o, o.Now.Grace, s.w.now)
		}
	}
}

// preempt makes room for a pod on the one node that may have it.
func (s *scheduling) preempt(w *schedule.Waiting) {
	s.evictFor(w.Pod, w.Only, s.cache.Victims(w.Pod, w.Only))
}

// bind writes a decision. If the pod is gone meanwhile, nothing is taken.
func (s *scheduling) bind(o *store.Pod, w *schedule.Waiting, node string) {
	delete(s.objects, w.UID)
	write := func() {
		if err := s.w.store.Bind(o, node); err != nil {
			s.cache.RemovePod(w.UID)
		}
	}
	if s.w.disks == nil || len(w.Pod.Demand.Volumes) == 0 {
		write()
		return
	}
	s.w.disks.provide(w.Pod, node, write)
}
