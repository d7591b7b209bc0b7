package engine

import (
	"maps"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/repack"
)

// quota is how many pods of each budget for evictions may be moved by what begins now.
type quota struct {
	repack.Guards
	spent map[*cluster.PodDisruptionBudget]int32
}

func newQuota(guards repack.Guards) *quota {
	return &quota{Guards: guards, spent: map[*cluster.PodDisruptionBudget]int32{}}
}

// needs counts pods by budget.
func (q *quota) needs(pods []*cluster.Pod) map[*cluster.PodDisruptionBudget]int32 {
	out := map[*cluster.PodDisruptionBudget]int32{}
	for _, p := range pods {
		for _, b := range q.Covering(p) {
			out[b]++
		}
	}
	return out
}

// affords tells whether pods may go beside those that go already. What needs more than a
// budget ever allows goes alone, one pod after the other.
func (q *quota) affords(pods []*cluster.Pod) bool {
	for b, n := range q.needs(pods) {
		if q.spent[b] > 0 && q.spent[b]+n > b.Allowed {
			return false
		}
	}
	return true
}

// tentative is a copy to find out with who could go together.
func (q *quota) tentative() *quota { return &quota{q.Guards, maps.Clone(q.spent)} }

func (q *quota) spend(pods []*cluster.Pod) {
	for b, n := range q.needs(pods) {
		q.spent[b] += n
	}
}
