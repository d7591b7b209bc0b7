package engine

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// A scheduler that looks at a hundred pods a second says of the thousandth after ten seconds
// that it fits nowhere. Of one that is like it, it has said so long before, and whoever is
// alike gets the same answer unless room has come since, which a plan would find. So a pod
// waits for a node as soon as one like it does. While others wait, so does one that the
// scheduler has not come to for a while: it has more to do than it can, and the plan finds
// out whether there is room. A burst is planned for when it has come, not when the scheduler
// has been through with it.

// undecided are the pods that the scheduler has not looked at yet.
type undecided struct {
	pods map[string]*cluster.Pod // by namespace/name
	// kinds are the ones among them whose answer is that of others like them.
	kinds map[kind]map[string]bool
	// passed is when the scheduler could have looked at those.
	passed *agenda
	// foreseen are those that wait all the same, and when they were created. Others come with
	// them, and so the window is kept open for them as for the rest.
	foreseen map[string]cluster.Instant
	// created counts both by when they were.
	created map[cluster.Instant]int
}

func newUndecided() undecided {
	return undecided{
		pods: map[string]*cluster.Pod{}, kinds: map[kind]map[string]bool{}, passed: newAgenda(),
		foreseen: map[string]cluster.Instant{}, created: map[cluster.Instant]int{},
	}
}

func (u *undecided) put(p *cluster.Pod) {
	u.take(p.ID())
	u.pods[p.ID()] = p
	u.count(p.Created, 1)
	if !foreseeable(p) {
		return
	}
	u.passed.by(job{jobProvision, p.ID()}, p.Created.Add(undecidedFor))
	k := kindOf(p)
	if u.kinds[k] == nil {
		u.kinds[k] = map[string]bool{}
	}
	u.kinds[k][p.ID()] = true
}

// putForeseen adds one that waits all the same.
func (u *undecided) putForeseen(p *cluster.Pod) {
	u.takeForeseen(p.ID())
	u.foreseen[p.ID()] = p.Created
	u.count(p.Created, 1)
}

// takeForeseen removes one, and tells whether it was there.
func (u *undecided) takeForeseen(id string) bool {
	created, was := u.foreseen[id]
	if was {
		delete(u.foreseen, id)
		u.count(created, -1)
	}
	return was
}

func (u *undecided) count(created cluster.Instant, by int) {
	if u.created[created] += by; u.created[created] == 0 {
		delete(u.created, created)
	}
}

// latest is when the last of them, foreseen or not, was created.
func (u *undecided) latest() (created cluster.Instant) {
	for t := range u.created {
		created = max(created, t)
	}
	return created
}

// take removes a pod, and tells whether it was there.
func (u *undecided) take(id string) bool {
	p := u.pods[id]
	if p == nil {
		return false
	}
	delete(u.pods, id)
	u.count(p.Created, -1)
	u.passed.not(job{jobProvision, id})
	k := kindOf(p)
	if delete(u.kinds[k], id); len(u.kinds[k]) == 0 {
		delete(u.kinds, k)
	}
	return true
}

// foreseeable tells whether the scheduler's answer for a pod is that for others of its kind:
// what volumes and devices a pod has is its own, a group is looked at as one, and what
// another scheduler has in mind nobody knows.
func foreseeable(p *cluster.Pod) bool {
	return p.Undecided() && p.Nominated == "" && len(p.Claims)+len(p.Demand.Volumes) == 0 && p.Gang == "" && !p.OtherScheduler
}

// foresee is a pod as it will be when the scheduler has looked at it, as far as that is
// known.
func (e *Engine) foresee(p *cluster.Pod) *cluster.Pod {
	if p == nil || !foreseeable(p) || e.waiting.kinds[kindOf(p)] == 0 && !e.passedOver(p) {
		return p
	}
	x := *p
	x.UnschedulableSince = max(e.now, 1)
	e.undecided.putForeseen(p)
	return &x
}

// foreseeAlike does so for the pods that are like the first of its kind that has begun to
// wait.
func (e *Engine) foreseeAlike(p *cluster.Pod) {
	for _, id := range slices.Sorted(maps.Keys(e.undecided.kinds[kindOf(p)])) {
		PodChanged{ID: id, Pod: e.undecided.pods[id]}.apply(e)
	}
}

// passedOver tells whether the scheduler, which others wait for, could have looked at a pod by
// now.
func (e *Engine) passedOver(p *cluster.Pod) bool {
	return len(e.waiting.pods) > 0 && e.now >= p.Created.Add(undecidedFor)
}

// foreseePassedOver makes pods wait that the scheduler has not come to for a while, and
// returns when the next one may. Others wait.
func (e *Engine) foreseePassedOver() (again cluster.Instant) {
	var due []string
	for {
		j, ok := e.undecided.passed.take(e.now)
		if !ok {
			break
		}
		due = append(due, j.name)
	}
	slices.Sort(due)
	for _, id := range due {
		if p := e.undecided.pods[id]; p != nil { // else it has become one with others like it
			PodChanged{ID: id, Pod: p}.apply(e)
		}
	}
	return e.undecided.passed.next()
}
