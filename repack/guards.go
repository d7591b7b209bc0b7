package repack

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// Guards are the budgets for evictions. Which of them select pods is worked out once for all
// that selectors cannot tell apart.
type Guards struct {
	budgets   []*cluster.PodDisruptionBudget // by name
	selecting map[*cluster.Identity][]*cluster.PodDisruptionBudget
	known     map[*cluster.Identity][]int // the same as places in budgets, from pass to pass
}

// NewGuards sorts budgets.
func NewGuards(budgets []*cluster.PodDisruptionBudget) Guards {
	g := Guards{slices.Clone(budgets), map[*cluster.Identity][]*cluster.PodDisruptionBudget{}, map[*cluster.Identity][]int{}}
	slices.SortFunc(g.budgets, func(a, b *cluster.PodDisruptionBudget) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Namespace, b.Namespace))
	})
	return g
}

// Guards is [NewGuards]. Which budgets select which pods is remembered as long as all of them
// select as they did: what they allow changes all the time, that hardly ever.
func (m *Memory) Guards(budgets []*cluster.PodDisruptionBudget) Guards {
	const most = 10_000 // kinds of pods, of which many have long gone
	g := NewGuards(budgets)
	if m == nil {
		return g
	}
	if m.guards.known != nil && len(m.guards.known) < most && slices.EqualFunc(m.guards.budgets, g.budgets, selectsAlike) {
		g.known = m.guards.known
	}
	m.guards = Guards{budgets: g.budgets, known: g.known}
	return g
}

func selectsAlike(a, b *cluster.PodDisruptionBudget) bool {
	return a == b || a.Name == b.Name && a.Namespace == b.Namespace && a.NoPods == b.NoPods &&
		slices.EqualFunc(a.Selects, b.Selects, func(x, y cluster.Requirement) bool {
			return x.Key == y.Key && x.Operator == y.Operator && slices.Equal(x.Values, y.Values)
		})
}

// Covering are the budgets that the Eviction API asks about a pod, by name.
func (g Guards) Covering(p *cluster.Pod) []*cluster.PodDisruptionBudget {
	if !p.Guarded() {
		return nil
	}
	if by, known := g.selecting[p.Identity]; known {
		return by
	}
	at, known := g.known[p.Identity]
	if !known {
		for i, b := range g.budgets {
			if b.Covers(p) {
				at = append(at, i)
			}
		}
	}
	var by []*cluster.PodDisruptionBudget
	for _, i := range at {
		by = append(by, g.budgets[i])
	}
	if p.Identity != nil { // pods without labels may be of any namespace
		g.selecting[p.Identity], g.known[p.Identity] = by, at
	}
	return by
}
