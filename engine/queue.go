package engine

import "github.com/ullage-sh/ullage/cluster"

// queue holds the pods that nodes may have to be bought for.
type queue struct {
	pods map[string]*cluster.Pod
	// aside are pods that can take nobody's room on new nodes: they fit on none. They are
	// not counted below.
	aside map[string]bool
	kinds map[kind]int
	// depending counts the pods to which it matters where others go, and claiming those
	// that claim devices.
	depending, claiming int
}

// kind is what pods that fit into the same places have in common, if it matters to none
// of them where others go.
type kind struct {
	demand   *cluster.Demand
	identity *cluster.Identity // others may keep away from it
	priority int32
	gang     string // part of one cannot stand in for part of another
}

func kindOf(p *cluster.Pod) kind { return kind{p.Demand, p.Identity, p.Priority, p.Gang} }

func newQueue() queue {
	return queue{pods: map[string]*cluster.Pod{}, aside: map[string]bool{}, kinds: map[kind]int{}}
}

// put adds a pod, or what it has become.
func (q *queue) put(p *cluster.Pod) {
	id := p.ID()
	aside := q.aside[id]
	q.take(id)
	q.pods[id] = p
	q.count(p, 1)
	if aside {
		q.setAside(id)
	}
}

// take removes a pod if it is there.
func (q *queue) take(id string) {
	if p := q.pods[id]; p != nil {
		q.bringBack(id)
		delete(q.pods, id)
		q.count(p, -1)
	}
}

// setAside leaves a pod out of account until it is brought back.
func (q *queue) setAside(id string) {
	if p := q.pods[id]; p != nil && !q.aside[id] {
		q.aside[id] = true
		q.count(p, -1)
	}
}

func (q *queue) bringBack(id string) {
	if q.aside[id] {
		delete(q.aside, id)
		q.count(q.pods[id], 1)
	}
}

func (q *queue) count(p *cluster.Pod, n int) {
	k := kindOf(p)
	if q.kinds[k] += n; q.kinds[k] == 0 {
		delete(q.kinds, k)
	}
	if p.DependsOnOthers() {
		q.depending += n
	}
	if len(p.Claims) > 0 {
		q.claiming += n
	}
}

// interchangeable tells whether it does not matter which of the pods goes where: a node
// that holds some number of them holds any of them, so that none is left over whoever
// comes first.
func (q *queue) interchangeable() bool { return len(q.kinds) <= 1 && q.depending == 0 }
