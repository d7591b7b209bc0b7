package engine

import "github.com/ullage-sh/ullage/cluster"

// answer is what the last plan said about a waiting pod: the claim or node it
// has room on, or "" for nowhere.
type answer struct {
	id   string       // of the pod, namespace/name
	uid  string       // of the pod
	pod  *cluster.Pod // as it waits now
	host string
	at   cluster.Instant
	// depends: it matters to the pod where others go.
	depends bool
	// doubts is how often it has been found that the pod could be there and is not.
	doubts int
}

// answers are those of all waiting pods that a plan has looked at, by pod and by host.
type answers struct {
	of map[string]*answer            // by pod
	on map[string]map[string]*answer // by host, "" included, and by pod
	// depending counts the pods with a host to which it matters where others go.
	depending int
	// promised is the host of each pod that has one, by its UID.
	promised map[string]string
	// doubts are when they can be doubted.
	doubts doubts
	// fresh are the pods that were answered, and stirred the hosts that pods are meant for
	// now and were not before, or the other way round, since somebody took note of them:
	// whoever lets pods onto reserved nodes (reserve.go).
	fresh   []string
	stirred map[string]bool
}

func newAnswers() answers {
	return answers{of: map[string]*answer{}, on: map[string]map[string]*answer{}, stirred: map[string]bool{}, promised: map[string]string{}, doubts: newDoubts()}
}

// set answers for a pod.
func (a *answers) set(id string, x answer) {
	a.drop(id)
	x.id = id
	a.of[id] = &x
	if a.on[x.host] == nil {
		a.on[x.host] = map[string]*answer{}
		a.stirred[x.host] = true
	}
	a.on[x.host][id] = &x
	if x.host != "" {
		a.promised[x.uid] = x.host
		a.doubts.ask(x.host)
	}
	a.depending += x.weight()
	a.fresh = append(a.fresh, id)
}

// renew notes that a pod that is waiting is another record now.
func (a *answers) renew(id string, p *cluster.Pod) {
	if x := a.of[id]; x != nil {
		x.pod = p
	}
}

// host is the one that is meant for a pod, "" for none.
func (a *answers) host(id string) string {
	if x := a.of[id]; x != nil {
		return x.host
	}
	return ""
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
	if delete(a.on[x.host], id); len(a.on[x.host]) == 0 {
		delete(a.on, x.host)
		a.stirred[x.host] = true
		a.doubts.forget(x.host)
	} else if x.host != "" {
		a.doubts.ask(x.host)
	}
	a.depending -= x.weight()
}

// weight is what an answer adds to answers.depending.
func (x *answer) weight() int {
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
	return answer{uid: p.UID, pod: p, host: host, at: e.now, depends: p.DependsOnOthers()}
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

// unanswered is how many pods wait that no plan has looked at.
func (e *Engine) unanswered() int { return len(e.waiting.pods) - len(e.answered.of) }

// changed notes that a host may be another one, or be gone.
func (a *answers) changed(host string) {
	if len(a.on[host]) > 0 {
		a.doubts.ask(host)
	}
}

func (e *Engine) unplaced() int { return len(e.answered.on[""]) }
