package engine

import (
	"maps"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// Between the moment at which a pod is evicted and that at which another has been made for it
// nobody waits for the place that it was to have: of a StatefulSet the next is made when the
// one before is ready, which takes minutes for all of them. So in plans that are made
// meanwhile somebody who does not exist waits for it.
//
// Those for whose like a plan is made are left out: who of them has which place does not
// matter, and all that is free for them is what they have left each other. Whoever finds a
// place so leaves his own in exchange (heir.go).

// absent are stand-ins for those who have been evicted and not been made anew, or count where
// they are for now ([Engine.staying]), and where they are to go, by UID.
func (e *Engine) absent() (pods []*cluster.Pod, promised map[string]string) {
	stay := e.staying()
	if len(e.disruptor.heirs)+len(stay) == 0 {
		return nil, nil
	}
	planned := e.ownersPlanned()
	promised = map[string]string{}
	standIn := func(like *cluster.Pod, n, to string) {
		if planned[like.Owner.UID] || len(like.Claims) > 0 || !e.replaces(to) {
			return // or nobody comes from there any more
		}
		p := *like
		p.UID += "/" + n // nobody else's
		p.Node, p.Nominated, p.Gang, p.Phase, p.DeleteAt, p.UnschedulableSince = "", "", "", cluster.Pending, 0, e.now
		pods = append(pods, &p)
		promised[p.UID] = to
	}
	for k, places := range e.disruptor.heirs {
		if like := e.disruptor.late[k]; like != nil {
			for i, to := range places {
				standIn(like, strconv.Itoa(i), to)
			}
		}
	}
	if len(stay) == 0 {
		return pods, promised
	}
	for _, n := range e.goingNodes() {
		for _, p := range e.podsOn[n.Name] {
			if stay[p.UID] && !p.Deleting() { // else it is one of the others
				standIn(p, "stays", e.hostOf(e.disruptor.moved.to[p.UID]))
			}
		}
	}
	return pods, promised
}

// ownersPlanned are the owners, by UID, of pods for which the next plan has to find a place.
func (e *Engine) ownersPlanned() map[string]bool {
	out := map[string]bool{}
	for id, p := range e.waiting.pods {
		if e.answered.host(id) == "" {
			out[p.Owner.UID] = true
		}
	}
	return out
}

// withAbsent is the snapshot of the ground, these pods, and stand-ins for those who are absent.
// Nothing is bought for these: who has no place any more is planned for when he comes.
func (e *Engine) withAbsent(pods []*cluster.Pod, promised ...map[string]string) *cluster.Snapshot {
	away, to := e.absent()
	for {
		s := e.standsOn().Snapshot("", slices.Concat(pods, away), append(slices.Clone(promised), to)...)
		lost := map[string]bool{}
		for i := range s.Classes {
			for _, p := range s.Classes[i].Pods {
				if to[p.UID] != "" {
					lost[p.UID] = true
				}
			}
		}
		if len(lost) == 0 {
			return s
		}
		away = slices.DeleteFunc(away, func(p *cluster.Pod) bool { return lost[p.UID] })
		maps.DeleteFunc(to, func(uid, _ string) bool { return lost[uid] })
	}
}

// giveUp withdraws the answer for a pod that cannot have its place, but not for ever: if it
// finds another's, that one may have it.
func (e *Engine) giveUp(id string) {
	host := e.answered.host(id)
	e.withdraw(id)
	if e.awaited(host) {
		e.disruptor.given[id] = host
	}
}

// resettled notes that a plan has found a place for a pod.
func (e *Engine) resettled(p *cluster.Pod, host string) {
	own := e.disruptor.given[p.ID()]
	delete(e.disruptor.given, p.ID())
	if to := e.hostOf(host); to != own && e.awaited(to) {
		e.exchange(p, to, own)
	}
}

// tookAnother notes that a pod has found a node without having waited for one: if somebody
// like it is expected, it is that one, and the place that was kept for him is free.
func (e *Engine) tookAnother(p *cluster.Pod) {
	k := heirOf(p)
	places := e.disruptor.heirs[k]
	if len(places) == 0 || e.disruptor.turns.landing[k] == 0 {
		return
	}
	at := max(0, slices.Index(places, e.hostOf(p.Node)))
	e.disruptor.heirs[k] = slices.Delete(places, at, at+1)
}
