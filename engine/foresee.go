package engine

import (
	"maps"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// A scheduler that looks at a hundred pods a second says of the thousandth after ten seconds
// that it fits nowhere. Of one that is like it, it has said so long before, and whoever is
// alike gets the same answer unless room has come since, which a plan would find. So a pod
// waits for a node as soon as one like it does, and a burst is planned for when it has come,
// not when the scheduler has been through with it.

// undecided are the pods that the scheduler has not looked at yet.
type undecided struct {
	pods map[string]*cluster.Pod // by namespace/name
	// kinds are the ones among them whose answer is that of others like them.
	kinds map[kind]map[string]bool
}

func newUndecided() undecided {
	return undecided{pods: map[string]*cluster.Pod{}, kinds: map[kind]map[string]bool{}}
}

func (u *undecided) put(p *cluster.Pod) {
	u.take(p.ID())
	u.pods[p.ID()] = p
	if !foreseeable(p) {
		return
	}
	k := kindOf(p)
	if u.kinds[k] == nil {
		u.kinds[k] = map[string]bool{}
	}
	u.kinds[k][p.ID()] = true
}

// take removes a pod, and tells whether it was there.
func (u *undecided) take(id string) bool {
	p := u.pods[id]
	if p == nil {
		return false
	}
	delete(u.pods, id)
	k := kindOf(p)
	if delete(u.kinds[k], id); len(u.kinds[k]) == 0 {
		delete(u.kinds, k)
	}
	return true
}

// foreseeable tells whether the scheduler's answer for a pod is that for others of its kind:
// what volumes and devices a pod has is its own, and a group is looked at as one.
func foreseeable(p *cluster.Pod) bool {
	return p.Undecided() && p.Nominated == "" && len(p.Claims)+len(p.Demand.Volumes) == 0 && p.Gang == ""
}

// foresee is a pod as it will be when the scheduler has looked at it, as far as that is
// known.
func (e *Engine) foresee(p *cluster.Pod) *cluster.Pod {
	if p == nil || !foreseeable(p) || e.waiting.kinds[kindOf(p)] == 0 {
		return p
	}
	x := *p
	x.UnschedulableSince = max(e.now, 1)
	return &x
}

// foreseeAlike does so for the pods that are like the first of its kind that has begun to
// wait.
func (e *Engine) foreseeAlike(p *cluster.Pod) {
	for _, id := range slices.Sorted(maps.Keys(e.undecided.kinds[kindOf(p)])) {
		PodChanged{ID: id, Pod: e.undecided.pods[id]}.apply(e)
	}
}
