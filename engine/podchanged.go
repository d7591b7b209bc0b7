package engine

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// bind notes that a pod is on its node, unbind that it is not any more.
func (w *world) bind(p *cluster.Pod) {
	on := w.podsOn[p.Node]
	i, _ := slices.BinarySearchFunc(on, p, cluster.ComparePods)
	w.podsOn[p.Node] = slices.Insert(on, i, p)
	w.stray(p.Node)
}

func (w *world) unbind(p *cluster.Pod) {
	on := w.podsOn[p.Node]
	if i, found := slices.BinarySearchFunc(on, p, cluster.ComparePods); found {
		on = slices.Delete(on, i, i+1)
	}
	if w.podsOn[p.Node] = on; len(on) == 0 {
		delete(w.podsOn, p.Node)
	}
	w.stray(p.Node)
}

func (ev PodChanged) apply(e *Engine) {
	old := e.pods[ev.ID]
	if e.undecided.takeForeseen(ev.ID) {
		e.agenda.by(job{jobProvision, ""}, e.now)
	}
	ev.Pod = e.foresee(ev.Pod)
	e.follows(old, ev.Pod)
	e.sees(old, ev.Pod)
	if old != nil && old.Node != "" {
		e.unbind(old)
		if ev.Pod == nil || ev.Pod.Node != old.Node || ev.Pod.Terminal() && !old.Terminal() {
			e.disruptor.search.gone++
		}
	}
	delete(e.unbound, ev.ID)
	if ev.Pod == nil {
		delete(e.pods, ev.ID)
		if old != nil {
			delete(e.stuck, old.UID)
			e.disruptor.moved.drop(old.UID)
			delete(e.provision.told, old.UID)
		}
	} else {
		e.pods[ev.ID] = ev.Pod
		if ev.Pod.Node == "" {
			e.unbound[ev.ID] = ev.Pod
		} else {
			e.bind(ev.Pod)
		}
	}
	e.podMoved(ev.ID, old, ev.Pod)
	if ev.Pod == nil {
		e.observedGone(podKey(ev.ID))
		delete(e.blocked, ev.ID)
	} else {
		e.observed(podKey(ev.ID), ev.Pod.Revision, ev.Pod.Deleting())
	}
}

// podMoved keeps the queue of waiting pods and wakes the nodes a pod left or came
// to.
func (e *Engine) podMoved(id string, old, pod *cluster.Pod) {
	if pod != nil && pod.Undecided() {
		e.undecided.put(pod)
		if len(e.waiting.pods) > 0 {
			e.agenda.by(job{jobProvision, ""}, pod.Created.Add(undecidedFor))
		}
	} else if e.undecided.take(id) {
		e.agenda.by(job{jobProvision, ""}, e.now)
	}
	if pod != nil && pod.Provisionable() {
		was := e.waiting.pods[id]
		begins := was == nil || was.UID != pod.UID
		if begins {
			e.uncrowd(id)
			e.withdraw(id)
			delete(e.disruptor.given, id)
		}
		e.waiting.put(pod)
		e.answered.renew(id, pod)
		if begins && !e.inherit(pod) {
			e.arrived(e.now)
		}
		if begins && e.waiting.kinds[kindOf(pod)] == 1 {
			e.foreseeAlike(pod)
		}
		if e.reserved.entries.len() > 0 { // it may have been too old a record to write to
			e.agenda.by(job{jobReserve, ""}, e.now)
		}
	} else if e.waiting.pods[id] != nil {
		e.waiting.take(id)
		e.uncrowd(id)
		e.withdraw(id)
		delete(e.disruptor.given, id)
	}
	if old != nil && (pod == nil || old.Node != pod.Node) {
		e.touchPods(old.Node)
	}
	if pod != nil {
		e.touchPods(pod.Node)
	}
	if countsAsPodEvent(old, pod) {
		e.podEvent(cmp.Or(pod, old).Node)
	}
}

// countsAsPodEvent tells whether a change is one of those that restart a node's
// consolidateAfter: a pod was bound, removed, ended or began to go.
func countsAsPodEvent(old, pod *cluster.Pod) bool {
	switch {
	case pod == nil:
		return old != nil && old.Node != "" && !old.Daemon()
	case pod.Daemon() || pod.Node == "":
		return false
	case old == nil || old.Node == "":
		return true
	}
	return pod.Terminal() != old.Terminal() || pod.Deleting() != old.Deleting()
}
