package sim_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
)

// TestExcuses: what the judge excuses for a while it does not excuse for ever, and what it
// lets pass at the end of a day it does not let pass before.
func TestExcuses(t *testing.T) {
	tryMutants(t, []mutation{
		// That other nodes go is no excuse as long as more may.
		{name: "gives back a node now and then", rule: judge.KeptEmpty, set: free, spoil: slowly()},
		// Nor is that pods of a node have been evicted to save it.
		{name: "empties nodes and keeps them", rule: judge.KeptEmpty, set: scattered, spoil: without[engine.DeleteClaim]},
		// Nor is, for ever, that what replaces a node has not come up.
		{name: "waits for what does not boot", rule: judge.KeptEmpty, set: free, spoil: boundTo()},
		// What is bought in vain may end; but that may not go on.
		{name: "thinks better of it again and again", rule: judge.PointlessMove, why: "it was kept", set: free, spoil: inVain()},
		// Something may be under way at the end if it has begun a short time before.
		{name: "leaves pods behind", rule: judge.Unsettled, why: "not all of its pods run", set: lateLoss, spoil: forgetful},
		{name: "begins and does not go on", rule: judge.Unsettled, why: "still on its way out", set: late, spoil: onlyMarks},
		// Six minutes are enough to find a place for a pod when nothing is wrong.
		{name: "takes its time", rule: judge.StarvedPod, spoil: tardy(8 * cluster.Minute)},
		{name: "gives back what its owner keeps", rule: judge.DoNotDisrupt, why: "its node", spoil: deleteKept},
	})
}

// free lets all nodes go at a time.
func free(s *sim.Scenario) { s.Pools[0].Budgets = []cluster.Budget{{Nodes: 100, Percent: true}} }

// slowly lets a claim be deleted every ten minutes.
func slowly() func(*mutant, []engine.Effect) []engine.Effect {
	return func(m *mutant, effects []engine.Effect) []engine.Effect {
		return slices.DeleteFunc(effects, func(f engine.Effect) bool {
			if _, is := f.(engine.DeleteClaim); !is {
				return false
			}
			if m.now < m.last.Add(10*cluster.Minute) {
				return true
			}
			m.last = m.now
			return false
		})
	}
}

// inVain marks a claim every ten minutes when nothing happens any more, buys a node for it,
// and takes the mark back a minute later.
func inVain() func(*mutant, []engine.Effect) []engine.Effect {
	var like *engine.CreateClaim
	marked, times := "", 0
	return func(m *mutant, effects []engine.Effect) []engine.Effect {
		for _, f := range effects {
			if c, is := f.(engine.CreateClaim); is {
				like = &c
			}
		}
		switch c := m.claims[marked]; {
		case m.now < sim.DefaultStart.Add(3*cluster.Hour):
		case c != nil && m.now >= m.last.Add(cluster.Minute):
			marked = ""
			effects = append(effects, engine.PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers,
				RemoveAnnotations: []string{"ullage.sh/disruption", "ullage.sh/replaced-by"}})
		case c == nil && m.now >= m.last.Add(10*cluster.Minute):
			c = m.claims[m.running()[0]]
			times++
			more := another(like, fmt.Sprintf("vain-%d", times))
			marked, m.last = c.Name, m.now
			effects = append(effects, more, replacedBy(c, more.Claim.Name))
		}
		return effects
	}
}

// another creates a claim like one that was created before.
func another(like *engine.CreateClaim, name string) engine.CreateClaim {
	more, launch := *like.Claim, *like.Claim.Launch
	more.Name = name
	launch.Token += name
	launch.Size, more.Launch = 1, &launch
	return engine.CreateClaim{Claim: &more, PoolUID: like.PoolUID}
}

// replacedBy marks a claim that is about to go.
func replacedBy(c *cluster.Claim, names string) engine.PatchClaim {
	return engine.PatchClaim{Name: c.Name, UID: c.UID, Revision: c.Revision, Finalizers: c.Finalizers,
		Annotations: map[string]string{"ullage.sh/disruption": string(cluster.ReasonUnderutilized), "ullage.sh/replaced-by": names}}
}

// boundTo buys two nodes for one when nothing happens any more, of which one never registers,
// and gives nothing up for that.
func boundTo() func(*mutant, []engine.Effect) []engine.Effect {
	var like *engine.CreateClaim
	return func(m *mutant, effects []engine.Effect) []engine.Effect {
		for _, f := range effects {
			if c, is := f.(engine.CreateClaim); is {
				like = &c
			}
		}
		if m.now < sim.DefaultStart.Add(3*cluster.Hour) {
			return effects
		}
		switch boots, never := m.claims["boots"], m.claims["never"]; {
		case m.last == 0:
			m.last = m.now
			return append(effects, another(like, "boots"), another(like, "never"))
		case !m.done && boots != nil && never != nil:
			m.done = true
			effects = append(effects, replacedBy(m.claims[m.running()[0]], "boots,never"))
		}
		return slices.DeleteFunc(effects, func(f engine.Effect) bool {
			switch f := f.(type) {
			case engine.PatchNode:
				n, never := m.nodes[f.Name], m.claims["never"]
				return n != nil && never != nil && n.ProviderID == never.ProviderID
			case engine.PatchClaim:
				return len(f.RemoveAnnotations) > 0
			case engine.DeleteClaim, engine.EvictPod:
				return true
			}
			return false
		})
	}
}

// onlyMarks begins to give nodes back, and stops there.
func onlyMarks(_ *mutant, effects []engine.Effect) []engine.Effect {
	return slices.DeleteFunc(effects, func(f engine.Effect) bool {
		switch f := f.(type) {
		case engine.EvictPod, engine.DeleteClaim:
			return true
		case engine.PatchClaim:
			return len(f.RemoveAnnotations) > 0
		}
		return false
	})
}

// tardy writes claims that much later than it should.
func tardy(by cluster.Duration) func(*mutant, []engine.Effect) []engine.Effect {
	held := map[cluster.Instant][]engine.Effect{}
	return func(m *mutant, effects []engine.Effect) []engine.Effect {
		out := slices.DeleteFunc(slices.Clone(effects), func(f engine.Effect) bool {
			_, is := f.(engine.CreateClaim)
			if is {
				held[m.now] = append(held[m.now], f)
			}
			return is
		})
		for _, at := range slices.Sorted(maps.Keys(held)) {
			if at.Add(by) <= m.now {
				out = append(out, held[at]...)
				delete(held, at)
			}
		}
		return out
	}
}

// deleteKept writes do-not-disrupt on a node, as its owner would, and gives the node back ten
// minutes later.
func deleteKept(m *mutant, effects []engine.Effect) []engine.Effect {
	if m.done || m.now < sim.DefaultStart.Add(3*cluster.Hour) {
		return effects
	}
	c := m.claims[m.running()[0]]
	n := m.nodes[c.NodeName]
	switch {
	case n.Annotations["karpenter.sh/do-not-disrupt"] == "":
		m.last = m.now
		effects = append(effects, engine.PatchNode{Name: n.Name, UID: n.UID, Revision: n.Revision, Taints: n.Taints, Finalizers: n.Finalizers,
			Annotations: map[string]string{"karpenter.sh/do-not-disrupt": "true"}})
	case m.now >= m.last.Add(10*cluster.Minute):
		m.done = true
		effects = append(effects, engine.DeleteClaim{Name: c.Name, UID: c.UID})
	}
	return effects
}

// sleepless wants to look again at once for a second.
type sleepless struct{ *engine.Engine }

func (s sleepless) Step(now cluster.Instant, events []engine.Event) ([]engine.Effect, cluster.Instant) {
	effects, wake := s.Engine.Step(now, events)
	if from := sim.DefaultStart.Add(3 * cluster.Hour); now >= from && now < from.Add(cluster.Second) {
		wake = now
	}
	return effects, wake
}

// TestSleepless: who looks again and again without an end breaks a rule although nothing is
// written.
func TestSleepless(t *testing.T) {
	s := day(t)
	s.Brain = func(o engine.Options) sim.Brain { return sleepless{engine.New(o)} }
	r := run(t, s)
	if !slices.ContainsFunc(r.Violations, func(v judge.Violation) bool { return v.Rule == judge.Restless && v.About == "operator" }) {
		t.Errorf("nobody noticed; got %v", r.Violations)
	}
}
