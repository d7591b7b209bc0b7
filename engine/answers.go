package engine

import "github.com/ullage-sh/ullage/cluster"

// answer is what the last plan said about a waiting pod: the claim or node it
// has room on, or "" for nowhere.
type answer struct {
	host string
	at   cluster.Instant
	// depends: it matters to the pod where others go.
	depends bool
	// doubts is how often it has been found that the pod could be there and is not.
	doubts int
}

// answers are those of all waiting pods that a plan has looked at, by pod and by host.
type answers struct {
	of map[string]answer          // by pod
	on map[string]map[string]bool // pods by host, "" included
	// depending counts the pods with a host to which it matters where others go.
	depending int
	// fresh are the pods that were answered, and stirred the hosts that pods are meant for
	// now and were not before, or the other way round, since somebody took note of them:
	// whoever lets pods onto reserved nodes (reserve.go).
	fresh   []string
	stirred map[string]bool
}

func newAnswers() answers {
	return answers{of: map[string]answer{}, on: map[string]map[string]bool{}, stirred: map[string]bool{}}
}

// set answers for a pod.
func (a *answers) set(id string, x answer) {
	a.drop(id)
	a.of[id] = x
	if a.on[x.host] == nil {
		a.on[x.host] = map[string]bool{}
		a.stirred[x.host] = true
	}
	a.on[x.host][id] = true
	a.depending += x.weight()
	a.fresh = append(a.fresh, id)
}

// again takes note once more of the pods that are meant for a host.
func (a *answers) again(host string) {
	for id := range a.on[host] {
		a.fresh = append(a.fresh, id)
	}
}

// drop withdraws the answer for a pod, if there is one.
func (a *answers) drop(id string) {
	x, ok := a.of[id]
	if !ok {
		return
	}
	delete(a.of, id)
	if delete(a.on[x.host], id); len(a.on[x.host]) == 0 {
		delete(a.on, x.host)
		a.stirred[x.host] = true
	}
	a.depending -= x.weight()
}

// weight is what an answer adds to answers.depending.
func (x answer) weight() int {
	if x.depends && x.host != "" {
		return 1
	}
	return 0
}

// keepAnswers withdraws every answer but those that the snapshot could keep: of the pods
// that it has to be found out for where they go.
func (e *Engine) keepAnswers(s *cluster.Snapshot) {
	for i := range s.Classes {
		for _, p := range s.Classes[i].Pods {
			e.answered.drop(p.ID())
		}
	}
	for id := range e.waiting.aside {
		e.waiting.bringBack(id)
	}
}

func (e *Engine) answerAll(pods []*cluster.Pod, host string) {
	for _, p := range pods {
		if p.Virtual() {
			e.headroom.put(p, e.hostOf(host))
		} else if e.waiting.pods[p.ID()] != nil {
			e.answered.set(p.ID(), answer{host: host, at: e.now, depends: p.DependsOnOthers()})
		}
	}
}

// doubt withdraws answers whose node is gone, or has been ready for long while the
// pod still waits. It returns when the next may have to be withdrawn. As long as a node is
// reserved its pods may be on their way (crowded.go).
func (e *Engine) doubt() (again cluster.Instant) {
	again = cluster.Never
	settled := true   // all are meant for nodes that take pods
	var ripe []string // hosts whose pods could be there
	for host := range e.answered.on {
		switch ready, there := e.readySince(host); {
		case host == "":
		case there && ready == cluster.Never:
			settled = false
		default:
			ripe = append(ripe, host)
		}
	}
	var beside []string
	for _, host := range ripe {
		ready, there := e.readySince(host)
		reserved := e.reservedBy(host) != ""
		for id := range e.answered.on[host] {
			a := e.answered.of[id]
			due := max(ready, a.at).Add(doubtAfter)
			switch {
			case there && e.now < due:
				again = min(again, due)
			case there && reserved:
				a.at = e.now
				e.answered.of[id] = a
				again = min(again, e.now.Add(doubtAfter))
				if e.lacks(id) == "" {
					beside = append(beside, id)
				}
			default:
				e.withdraw(id)
				reserved = e.reservedBy(host) != "" // it may have been the last
			}
		}
	}
	e.doubtBeside(beside, settled)
	return again
}

// doubtsMost is how often a pod to which it matters where others go may be found waiting
// beside the reserved node that it may go to, doubtAfter each.
const doubtsMost = 3

// unanswered is how many pods wait that no plan has looked at.
func (e *Engine) unanswered() int { return len(e.waiting.pods) - len(e.answered.of) }

// readySince tells since when a host (a node, or a claim by name) takes pods, Never
// if that is still to come, and whether it is there at all.
func (e *Engine) readySince(host string) (since cluster.Instant, there bool) {
	if c := e.claims[host]; c != nil {
		if !c.Is(cluster.Initialized) {
			return cluster.Never, !c.Deleting()
		}
		return c.Condition(cluster.Initialized).Since, !c.Deleting()
	}
	if x, ok := e.expected.by[claimKey(host)]; ok {
		_, creating := x.effect.(CreateClaim)
		return cluster.Never, creating
	}
	n := e.nodes[host]
	return 0, n != nil && n.DeletingAt == 0
}

func (e *Engine) unplaced() int { return len(e.answered.on[""]) }
