package engine

import "github.com/ullage-sh/ullage/cluster"

// answer is what the last plan said about a waiting pod: the claim or node it
// has room on, or "" for nowhere.
type answer struct {
	uid  string // of the pod
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
	// promised is the host of each pod that has one, by its UID.
	promised map[string]string
	// due is when the first of the answers for a host can be doubted, Never while nobody can
	// be there yet, for hosts of which that is known (doubt).
	due map[string]cluster.Instant
	// fresh are the pods that were answered, and stirred the hosts that pods are meant for
	// now and were not before, or the other way round, since somebody took note of them:
	// whoever lets pods onto reserved nodes (reserve.go).
	fresh   []string
	stirred map[string]bool
}

func newAnswers() answers {
	return answers{of: map[string]answer{}, on: map[string]map[string]bool{}, stirred: map[string]bool{}, promised: map[string]string{}, due: map[string]cluster.Instant{}}
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
	if x.host != "" {
		a.promised[x.uid] = x.host
	}
	delete(a.due, x.host)
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
	delete(a.promised, x.uid)
	delete(a.due, x.host)
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

// answerOf is the answer for a pod that it is to go to a host.
func (e *Engine) answerOf(p *cluster.Pod, host string) answer {
	return answer{uid: p.UID, host: host, at: e.now, depends: p.DependsOnOthers()}
}

func (e *Engine) answerAll(pods []*cluster.Pod, host string) {
	for _, p := range pods {
		if p.Virtual() {
			e.headroom.put(p, e.hostOf(host))
		} else if e.waiting.pods[p.ID()] != nil {
			e.resettled(p, host)
			e.answered.set(p.ID(), e.answerOf(p, host))
		}
	}
}

// doubt withdraws answers whose node is gone, or has been ready for long while the
// pod still waits. It returns when the next may have to be withdrawn. As long as a node is
// reserved its pods may be on their way (crowded.go).
func (e *Engine) doubt() (again cluster.Instant) {
	again = cluster.Never
	settled := true // all are meant for nodes that take pods
	var beside []string
	for host := range e.answered.on {
		if host == "" {
			continue
		}
		due, known := e.answered.due[host]
		coming := due == cluster.Never
		if !known || e.now >= due {
			due, coming = e.doubtHost(host, &beside)
		}
		settled = settled && !coming
		again = min(again, due)
	}
	e.doubtBeside(beside, settled)
	return again
}

// doubtHost does so for the pods that are meant for one host, and returns when to do it
// again, and whether it has still to come. It adds those that wait beside it.
func (e *Engine) doubtHost(host string, beside *[]string) (again cluster.Instant, coming bool) {
	again = cluster.Never
	ready, there := e.readySince(host)
	for id := range e.answered.on[host] {
		a := e.answered.of[id]
		due := e.doubtFrom(max(ready, a.at))
		switch {
		case there && e.now < due:
			again = min(again, due)
		case there && e.reservedBy(host) != "":
			a.at = e.now
			e.answered.of[id] = a
			again = min(again, e.doubtFrom(e.now))
			if e.lacks(id) == "" {
				*beside = append(*beside, id)
			}
		default:
			e.withdraw(id)
		}
	}
	if len(e.answered.on[host]) > 0 && (e.claims[host] != nil || e.nodes[host] != nil) { // whose changes are told of
		e.answered.due[host] = again
	}
	return again, there && ready == cluster.Never
}

// doubtFrom is when an answer of a time, or for a host that takes pods since then, can be
// doubted. Where many wait all answers are doubted at the same moments: all who wait are tried
// each time, and planned for if one of them cannot come.
func (e *Engine) doubtFrom(at cluster.Instant) cluster.Instant {
	due := at.Add(doubtAfter)
	if beat := cluster.Instant(doubtAfter); at != cluster.Never && len(e.waiting.pods) >= doubtTogether {
		due = (due + beat - 1) / beat * beat
	}
	return due
}

// doubtTogether is how many pods have to wait for that. A try takes a microsecond for each.
const doubtTogether = 10_000

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
