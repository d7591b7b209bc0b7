package sim

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/schedule"
	"github.com/ullage-sh/ullage/sim/store"
)

// Gangs are scheduled as Kubernetes 1.36 does it with its gates GenericWorkload and
// GangScheduling on (KEP-4671): pods are held back until there are as many as the group's
// minimum, and then those that wait are placed in one cycle, as many as fit, or none of them
// is where that is fewer than the minimum with those that are there. The coscheduling plugin
// comes to the same but for the time that its pods wait on their nodes for each other, and is
// simulated so.

// gang is what the scheduler knows of one.
type gang struct {
	least int
	pods  map[string]*store.Pod   // that there are and that have not ended, by UID
	held  map[string]*cluster.Pod // of these, those that are not in the queue yet
}

// gangOf returns the gang of a pod, nil for one that comes by itself.
func (s *scheduling) gangOf(p *cluster.Pod) *gang {
	if p.Gang == "" {
		return nil
	}
	g := s.gangs[p.Gang]
	if g == nil {
		g = &gang{pods: map[string]*store.Pod{}, held: map[string]*cluster.Pod{}}
		s.gangs[p.Gang] = g
	}
	if o := s.w.store.Gangs.Get(p.Gang); o != nil {
		g.least = o.Now.Least
	}
	return g
}

// seeMember notes that a pod of a gang comes, changes or goes.
func (s *scheduling) seeMember(x *sighting) {
	p := cmpOr(x.newPod, x.oldPod)
	g := s.gangOf(p)
	if x.newPod == nil || x.newPod.Terminal() {
		delete(g.pods, p.UID)
		delete(g.held, p.UID)
	} else {
		g.pods[p.UID] = x.pod
		if g.held[p.UID] != nil {
			g.held[p.UID] = p
		}
	}
}

// hold keeps a new pod of a gang out of the queue until there are enough of them.
func (s *scheduling) hold(g *gang, p *cluster.Pod) {
	g.held[p.UID] = p
	if len(g.pods) < g.least {
		return
	}
	for _, uid := range slices.Sorted(maps.Keys(g.held)) {
		if o := g.pods[uid]; o != nil {
			s.objects[uid] = o
			s.queue.Add(g.held[uid], s.w.control.onlyNode(o), s.w.now)
		}
	}
	clear(g.held)
}

// decideGang is one cycle for all pods of a gang that wait.
func (s *scheduling) decideGang(g *gang, first *schedule.Waiting) {
	members, there := []*schedule.Waiting{first}, 0
	for _, uid := range slices.Sorted(maps.Keys(g.pods)) {
		if s.cache.Holds(uid) {
			there++
		} else if w := s.queue.Take(uid); w != nil {
			members = append(members, w)
		}
	}
	nodes := make([]string, len(members))
	for i, w := range members {
		if nodes[i] = s.cache.Place(w.Pod); nodes[i] != "" {
			there++
		}
	}
	for i, w := range members {
		o := s.objects[w.UID]
		switch {
		case nodes[i] == "":
			s.refuse(o, w, "")
		case there < g.least:
			s.cache.RemovePod(w.UID)
			s.refuse(o, w, "")
		default:
			s.queue.Done(w)
			s.w.after(s.w.Pace.Bind, func() { s.bind(o, w, nodes[i]) })
		}
	}
}
