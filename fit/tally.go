package fit

import (
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// tally counts pods by the domains of one topology. It is kept up to date as pods
// come and go, so that a view never has to count again.
type tally struct {
	*topology
	pods []int32 // in each domain
	held int     // domains with any
}

func (w *World) newTally(key string) *tally { return &tally{topology: w.topology(key)} }

// add counts pods on a node; fewer than none are taken away.
func (t *tally) add(node int, pods int32) {
	d := t.nodes[node]
	if d < 0 || pods == 0 {
		return
	}
	before := t.at(d)
	for int(d) >= len(t.pods) {
		t.pods = append(t.pods, 0)
	}
	t.pods[d] += pods
	switch {
	case before == 0:
		t.held++
	case t.pods[d] == 0:
		t.held--
	}
}

// at returns the pods in a domain; none are in one that is not there.
func (t *tally) at(domain int32) int32 {
	if domain < 0 || int(domain) >= len(t.pods) {
		return 0
	}
	return t.pods[domain]
}

// levels counts the pods of a spread by domain, and the domains by their pods, so
// that the smallest number is at hand.
type levels struct {
	*topology
	pods    []int32 // in each domain, −1 where no node counts
	domains []int32 // with so many pods
	known   int32   // domains that count
	least   int32   // pods in the emptiest of them, 0 if there is none
}

// open notes that a domain counts.
func (l *levels) open(d int32) {
	for int(d) >= len(l.pods) {
		l.pods = append(l.pods, -1)
	}
	if l.pods[d] < 0 {
		l.pods[d] = 0
		l.known++
		l.shift(0, 1)
		l.least = 0
	}
}

// add counts pods in a domain that counts.
func (l *levels) add(d, pods int32) {
	l.shift(l.pods[d], -1)
	l.pods[d] += pods
	l.shift(l.pods[d], 1)
	l.least = min(l.least, l.pods[d])
	for l.domains[l.least] == 0 {
		l.least++
	}
}

func (l *levels) shift(pods, by int32) {
	for int(pods) >= len(l.domains) {
		l.domains = append(l.domains, 0)
	}
	l.domains[pods] += by
}

// at returns the pods in a domain, and whether it counts.
func (l *levels) at(domain int32) (pods int32, counts bool) {
	if domain < 0 || int(domain) >= len(l.pods) || l.pods[domain] < 0 {
		return 0, false
	}
	return l.pods[domain], true
}

// spread is a hard topology spread constraint of a class with its counts.
type spread struct {
	levels
	c      *cluster.TopologySpread
	looked []bool // at each node
	itself int32  // 1 if the pod is one of those counted
	blind  bool   // the selector is empty: the scheduler counts nobody
}

// count notes that pods of the spread's group came to a node, or left.
func (s *spread) count(node int, pods int32) {
	if s.looked[node] && pods != 0 && !s.blind {
		s.add(s.nodes[node], pods)
	}
}

// minimum is the smallest number of pods in a domain; opens adds one without any.
func (s *spread) minimum(opens bool) int32 {
	if opens || s.known < s.c.MinDomains {
		return 0
	}
	return s.least
}

// groupTally counts a group by the domains of a label.
func (w *World) groupTally(key string, group int32) *tally {
	return w.groupTallyBy(w.topology(key), group)
}

func (w *World) groupTallyBy(by *topology, group int32) *tally {
	of := w.tallies[group]
	if i := slices.IndexFunc(of, func(t *tally) bool { return t.topology == by }); i >= 0 {
		return of[i]
	}
	t := &tally{topology: by}
	for node, n := range w.groups[group] {
		t.add(node, n)
	}
	w.tallies[group] = append(of, t)
	return t
}

// repeller is a required anti-affinity term of pods: in the domains that hold any,
// no pod of the group may be added.
type repeller struct {
	*tally
	group int32
	class int32  // of the pods, −1 for pods that were there before
	kinds *tally // the same by kinds of nodes; nil until somebody asks
}

// addRepulsions counts the pods on hosts that want to be apart from others.
func (w *World) addRepulsions() {
	for _, r := range w.snap.Repulsions {
		t := w.newTally(r.Key)
		for _, h := range r.Hosts {
			t.add(int(h), 1)
		}
		w.repellers = append(w.repellers, repeller{tally: t, group: r.Group, class: -1})
	}
}

// repel makes the anti-affinity of a class count from now on.
func (w *World) repel(class int32) {
	c := &w.snap.Classes[class]
	if len(c.AntiAffinity) == 0 || w.repels[class] != nil {
		return
	}
	for i, t := range c.Demand.PodAntiAffinity {
		x := w.newTally(t.Key)
		w.repels[class] = append(w.repels[class], x)
		w.repellers = append(w.repellers, repeller{tally: x, group: c.Repels[i], class: class})
	}
}

// repellerByKind counts the pods of a repeller by kinds of nodes.
func (w *World) repellerByKind(r *repeller) *tally {
	if r.kinds == nil {
		r.kinds = &tally{topology: &w.kinds.topology}
		for i := range w.nodes {
			r.kinds.add(i, w.nodes[i].placed[r.class])
		}
		w.repels[r.class] = append(w.repels[r.class], r.kinds)
	}
	return r.kinds
}
