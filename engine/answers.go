package engine

import "github.com/ullage-sh/ullage/cluster"

// answer is what the last plan said about a waiting pod: the claim or node it
// has room on, or "" for nowhere.
type answer struct {
	host string
	at   cluster.Instant
	// depends: it matters to the pod where others go.
	depends bool
}

// answers are those of all waiting pods that a plan has looked at.
type answers struct {
	of map[string]answer // by pod
	on map[string]int    // pods by host, "" included
	// depending counts the pods with a host to which it matters where others go.
	depending int
}

func newAnswers() answers { return answers{of: map[string]answer{}, on: map[string]int{}} }

// set answers for a pod.
func (a *answers) set(id string, x answer) {
	a.drop(id)
	a.of[id] = x
	a.on[x.host]++
	a.depending += x.weight()
}

// drop withdraws the answer for a pod, if there is one.
func (a *answers) drop(id string) {
	x, ok := a.of[id]
	if !ok {
		return
	}
	delete(a.of, id)
	if a.on[x.host]--; a.on[x.host] == 0 {
		delete(a.on, x.host)
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
