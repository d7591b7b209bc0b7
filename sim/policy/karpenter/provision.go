package karpenter

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/fit"
	"github.com/ullage-sh/ullage/plan"
)

// Provision is Karpenter's answer to a snapshot. It proves no bound.
func Provision(s *cluster.Snapshot, o Options) *plan.Plan {
	t := newTrial(newBoard(s, o))
	var queue []item
	for c := range s.Classes {
		for _, p := range s.Classes[c].Pods {
			queue = append(queue, item{p, int32(c)})
		}
	}
	return t.answer(t.run(queue))
}

// answer writes a trial down as a plan. left are the pods that fit nowhere.
func (t *trial) answer(left []item) *plan.Plan {
	s := t.board.snap
	out := &plan.Plan{Revision: s.Revision}
	for i := range s.Hosts {
		if s.Hosts[i].Pool >= 0 {
			out.Cost += s.Hosts[i].Price
		}
	}
	out.Placements = t.placements(func(item) bool { return true })
	slices.SortFunc(t.claims, func(a, b *claim) int { return cmp.Compare(a.number, b.number) })
	for _, n := range t.claims {
		c := t.create(n)
		out.Creates = append(out.Creates, c)
		out.CreateCost += c.Price
	}
	out.Cost += out.CreateCost
	out.Unplaced = t.unplaced(left)
	return out
}

// placements are the pods that were placed on hosts, by host and class, as far as they
// are wanted.
func (t *trial) placements(wanted func(item) bool) []plan.Placement {
	var out []plan.Placement
	for h := range t.board.snap.Hosts {
		byClass := map[int32][]*cluster.Pod{}
		var classes []int32
		for _, x := range t.placed[int32(h)] {
			if !wanted(x) {
				continue
			}
			if byClass[x.class] == nil {
				classes = append(classes, x.class)
			}
			byClass[x.class] = append(byClass[x.class], x.pod)
		}
		slices.Sort(classes)
		for _, c := range classes {
			cluster.SortPods(byClass[c])
			out = append(out, plan.Placement{Host: t.board.snap.Hosts[h].Name, Pods: byClass[c]})
		}
	}
	return out
}

// unplaced are pods that fit nowhere, by class. What rules places out is asked of fit,
// in the cluster as it was.
func (t *trial) unplaced(left []item) []plan.Unplaced {
	byClass := map[int32][]*cluster.Pod{}
	for _, x := range left {
		byClass[x.class] = append(byClass[x.class], x.pod)
	}
	var out []plan.Unplaced
	var world *fit.World
	for c := range t.board.snap.Classes {
		pods := byClass[int32(c)]
		if len(pods) == 0 {
			continue
		}
		if world == nil {
			world = fit.New(t.board.snap)
		}
		cluster.SortPods(pods)
		out = append(out, plan.Unplaced{Pods: pods, Reasons: reasons(world, t.board.snap, c)})
	}
	return out
}

// reasons counts what rules places out for a class, most frequent first. Of places that
// would do, it was the pool's limits.
func reasons(w *fit.World, s *cluster.Snapshot, class int) []plan.Reason {
	by := map[plan.Constraint]*plan.Reason{}
	of := func(c plan.Constraint) *plan.Reason {
		if c == 0 {
			c = plan.PoolLimit
		}
		if by[c] == nil {
			by[c] = &plan.Reason{Constraint: c}
		}
		return by[c]
	}
	v := w.View(class)
	for h := range s.Hosts {
		of(v.Node(h)).Hosts++
	}
	for o := range s.Offerings {
		of(v.Offering(o)).Offerings++
	}
	out := make([]plan.Reason, 0, len(by))
	for _, r := range by {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b plan.Reason) int {
		return cmp.Or(-cmp.Compare(a.Hosts+a.Offerings, b.Hosts+b.Offerings), cmp.Compare(a.Constraint, b.Constraint))
	})
	return out
}
