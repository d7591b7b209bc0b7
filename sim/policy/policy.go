package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/policy/autoscaler"
	"github.com/ullage-sh/ullage/sim/policy/karpenter"
)

// Policy is a way to run a cluster's nodes.
type Policy struct {
	Name  string // on the command line
	Title string // for people
	Brain func(engine.Options) sim.Brain
}

// All are the policies there are, the first the engine's own.
func All() []Policy {
	return []Policy{
		{"ullage", "Ullage", func(o engine.Options) sim.Brain { return engine.New(o) }},
		{"karpenter", "Karpenter 1.14", brain(karpenter.Brain(karpenter.Options{}))},
		{"karpenter-spot-to-spot", "Karpenter 1.14, spot to spot", brain(karpenter.Brain(karpenter.Options{SpotToSpot: true}))},
		{"cluster-autoscaler", "Cluster Autoscaler", brain(autoscaler.Brain)},
	}
}

func brain(f func(engine.Options) *engine.Engine) func(engine.Options) sim.Brain {
	return func(o engine.Options) sim.Brain { return f(o) }
}

// Named finds policies by name, in the order in which they are named.
func Named(names []string) ([]Policy, error) {
	var out []Policy
	for _, name := range names {
		i := slices.IndexFunc(All(), func(p Policy) bool { return p.Name == name })
		if i < 0 {
			var known []string
			for _, p := range All() {
				known = append(known, p.Name)
			}
			return nil, fmt.Errorf("there is no policy %q: there are %s", name, strings.Join(known, ", "))
		}
		if slices.ContainsFunc(out, func(p Policy) bool { return p.Name == name }) {
			return nil, fmt.Errorf("policy %q is named twice", name)
		}
		out = append(out, All()[i])
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no policy is named")
	}
	return out, nil
}

// unmoved is a scenario in which no pod is moved to save money: nodes are given back
// when they are empty. What others save is counted against it.
func unmoved(s sim.Scenario) sim.Scenario {
	s.Pools = slices.Clone(s.Pools)
	for i, p := range s.Pools {
		x := *p
		x.Policy = cluster.WhenEmpty
		s.Pools[i] = &x
	}
	return s
}
