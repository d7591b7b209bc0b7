package sim_test

import (
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
)

// withFixed adds a pool of five nodes to a day, of which there are three from the second
// hour on and six from the third, and lets them drift.
func withFixed(s *sim.Scenario) {
	p := pool()
	p.Name, p.UID = "fixed", "pool-fixed"
	five := int64(5)
	p.Replicas, p.Budgets = &five, []cluster.Budget{{Nodes: 50, Percent: true}} // what was deleted by hand may hang on protected pods
	p.Requirements = append(p.Requirements, cluster.Requirement{Key: "karpenter.k8s.aws/instance-cpu", Operator: cluster.Lt, Values: []string{"3"}})
	s.Pools = append(s.Pools, p)
	s.Resizes = []sim.Resize{{At: 50 * cluster.Minute, Pool: "fixed", Replicas: 3}, {At: 105 * cluster.Minute, Pool: "fixed", Replicas: 6}}
	s.Faults = append(s.Faults, sim.Fault{Kind: sim.ClassEdited, At: 3 * cluster.Hour})
}

// TestFixedNumber: a pool with a fixed number of nodes has them, whatever pods there are,
// and other pools' nodes come and go as before.
func TestFixedNumber(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		s := day(t)
		s.Seed = seed
		withFixed(&s)
		have := map[cluster.Duration]int{}
		var left cluster.Input
		s.Left = func(in cluster.Input) { left = in }
		s.Look = func(m sim.Moment) { have[m.At] = m.Nodes }
		r := run(t, s)
		healthy(t, r)
		n := 0
		for _, c := range left.Claims {
			if c.Pool == "fixed" && !c.Deleting() {
				n++
				guards := slices.ContainsFunc(left.Pods, func(p *cluster.Pod) bool { return p.Node == c.NodeName && p.ProtectedUntil != 0 })
				if !guards && c.Created < sim.DefaultStart.Add(3*cluster.Hour) {
					t.Errorf("seed %d: %s (%s) has not been replaced although it has drifted", seed, c.Name, c.ImageID)
				}
			}
		}
		if n != 6 || have[145*cluster.Minute] < 6 {
			t.Errorf("seed %d: %d nodes of the fixed pool at the end, want 6; %d of all when few pods were there", seed, n, have[145*cluster.Minute])
		}
	}
}

// TestMutantsOfFixed: what can be wrong about pools with a fixed number of nodes is noticed.
func TestMutantsOfFixed(t *testing.T) {
	ofFixed := func(f engine.Effect) bool {
		c, is := f.(engine.CreateClaim)
		return is && c.Claim.Pool == "fixed"
	}
	tryMutants(t, []mutation{
		{name: "never fills up", rule: judge.Missing, set: withFixed, spoil: func(_ *mutant, effects []engine.Effect) []engine.Effect {
			return slices.DeleteFunc(effects, ofFixed)
		}},
		{name: "one more each time", rule: judge.Surplus, set: withFixed, spoil: func(_ *mutant, effects []engine.Effect) []engine.Effect {
			for _, f := range effects {
				if ofFixed(f) {
					c := f.(engine.CreateClaim)
					more, launch := *c.Claim, *c.Claim.Launch
					launch.Token += "x"
					more.Name, more.Launch = more.Name+"x", &launch
					return append(effects, engine.CreateClaim{Claim: &more, PoolUID: c.PoolUID})
				}
			}
			return effects
		}},
		{name: "keeps those that are too many", rule: judge.Surplus, set: withFixed, spoil: func(m *mutant, effects []engine.Effect) []engine.Effect {
			return slices.DeleteFunc(effects, func(f engine.Effect) bool {
				d, is := f.(engine.DeleteClaim)
				return is && m.claims[d.Name] != nil && m.claims[d.Name].Pool == "fixed"
			})
		}},
		{name: "deletes before there is a replacement", rule: judge.Missing, set: withFixed, spoil: func(m *mutant, effects []engine.Effect) []engine.Effect {
			for _, name := range m.running() {
				if c := m.claims[name]; !m.done && c.Pool == "fixed" && c.Annotations["ullage.sh/disruption"] != "" {
					m.done = true
					effects = append(effects, engine.DeleteClaim{Name: name, UID: c.UID})
				}
			}
			return effects
		}},
	})
}
