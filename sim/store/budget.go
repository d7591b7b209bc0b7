package store

import (
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
)

// Budget is a PodDisruptionBudget. Exactly one of the two limits is set; percentages
// are of the pods that the controllers want, rounded up as Kubernetes does.
type Budget struct {
	Name string // namespace/name
	// Pods it covers.
	Pods cluster.PodSelector
	// MinAvailable and MaxUnavailable; nil for the one that is not set.
	MinAvailable, MaxUnavailable *Share
	// Wanted is the number of pods that their controllers want now. Whoever scales
	// them keeps it.
	Wanted int

	healthy int // pods that run and are not being deleted
}

// Share is a number of pods or a percentage of those wanted.
type Share struct {
	Value   int
	Percent bool
}

func (s Share) of(total int) int {
	if s.Percent {
		return (total*s.Value + 99) / 100
	}
	return s.Value
}

// Needs is how many pods must stay healthy.
func (b *Budget) Needs() int {
	if b.MinAvailable != nil {
		return b.MinAvailable.of(b.Wanted)
	}
	return max(b.Wanted-b.MaxUnavailable.of(b.Wanted), 0)
}

// Healthy is how many are.
func (b *Budget) Healthy() int { return b.healthy }

// Allowed is how many may be evicted now.
func (b *Budget) Allowed() int { return max(b.healthy-b.Needs(), 0) }

// AddBudget makes a budget count from now on; its pods come later.
func (s *Store) AddBudget(b *Budget) {
	s.budgets = append(s.budgets, b)
	clear(s.covered)
}

// Budgets returns those that cover a pod.
func (s *Store) Budgets(p *cluster.Pod) []*Budget {
	if len(s.budgets) == 0 || p.Identity == nil {
		return nil
	}
	list, known := s.covered[p.Identity]
	if !known {
		for _, b := range s.budgets {
			if b.Pods.Matches(p.Identity, nil) {
				list = append(list, b)
			}
		}
		s.covered[p.Identity] = list
	}
	return list
}

// healthy tells whether a budget counts on a pod.
func healthy(p *cluster.Pod) bool { return p != nil && p.Phase == cluster.Running && !p.Deleting() }

func (s *Store) countHealthy(o *Pod, old *cluster.Pod) {
	was, is := healthy(old), healthy(o.Now)
	if was == is {
		return
	}
	by, p := 1, o.Now
	if was {
		by, p = -1, old
	}
	for _, b := range s.Budgets(p) {
		b.healthy += by
	}
}

// Evict asks for a pod's end through the Eviction API. The budgets of a pod that runs
// must have one to spare; a pod that does not run yet may go if they are met without
// it (IfHealthyBudget).
//
// The disruption controller is taken to be quick: budgets are counted at this moment,
// not as they were when it last looked.
func (s *Store) Evict(o *Pod, uid string, now cluster.Instant) error {
	switch {
	case o == nil || o.Now == nil:
		return nil // gone already
	case o.Now.UID != uid:
		return &Error{Conflict, "pod " + o.Key + " is another one"}
	}
	p := o.Now
	if p.Node != "" && !p.Terminal() && !p.Deleting() {
		budgets := s.Budgets(p)
		if len(budgets) > 1 {
			return &Error{Internal, "pod " + o.Key + " has more than one PodDisruptionBudget, which the Eviction API does not support"}
		}
		for _, b := range budgets {
			if healthy(p) && b.Allowed() == 0 || b.healthy < b.Needs() {
				return &Error{Blocked, fmt.Sprintf("Cannot evict pod as it would violate the pod's disruption budget %s: needs %d healthy pods and has %d", b.Name, b.Needs(), b.healthy)}
			}
		}
	}
	s.DeletePod(o, p.Grace, now)
	return nil
}
