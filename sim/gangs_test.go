package sim_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/workload"
)

// withGang adds eight pods of a node each to a day, of which seven run together or none.
func withGang(s *sim.Scenario) {
	s.Faults = nil
	s.Workloads = append(s.Workloads, &workload.Workload{
		Namespace: "default", Name: "train", Kind: workload.Deployment, Pod: pod("train", 1200, 1024), Gang: 7,
		Changes: []workload.Change{{At: 30 * cluster.Minute, Replicas: 8}, {At: 2 * cluster.Hour, Replicas: 0}, {At: 3 * cluster.Hour, Replicas: 8}},
	})
}

// narrow leaves the gang a pool of its own with room for half of it.
func narrow(s *sim.Scenario) {
	withGang(s)
	p := pool()
	p.Name, p.UID, p.Labels = "narrow", "pool-narrow", cluster.Labels{"team": "ml"}
	p.Taints = []cluster.Taint{{Key: "team", Value: "ml", Effect: cluster.NoSchedule}}
	p.Requirements, p.Limits = s.Pools[0].Requirements, cluster.Resources{{Name: cluster.NodesLimit, Value: 4}}
	s.Pools = append(s.Pools, p)
	w := s.Workloads[len(s.Workloads)-1]
	d := *w.Pod.Demand
	d.Selector = cluster.Term{{Key: "team", Operator: cluster.In, Values: []string{"ml"}}}
	d.Tolerations = []cluster.Toleration{{Key: "team", Operator: cluster.Exists}}
	d.SetKey()
	w.Pod.Demand, w.Changes = &d, w.Changes[:1]
	s.Length = 2 * cluster.Hour
}

// TestGangs: all get their nodes at the same moment, and nothing is bought for a part.
func TestGangs(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		s := day(t)
		s.Seed = seed
		withGang(&s)
		s.Workloads[len(s.Workloads)-1].Coscheduling = seed == 2
		s.Sample = 10 * cluster.Second
		most := 0
		s.Look = func(m sim.Moment) {
			n := 0
			for _, p := range m.Pods {
				if p.Gang != "" && !p.Deleting() {
					n++
				}
			}
			if most = max(most, n); n > 0 && n < 7 {
				t.Errorf("seed %d: %d of the gang have nodes after %s", seed, n, m.At)
			}
		}
		healthy(t, run(t, s))
		if most != 8 {
			t.Errorf("seed %d: %d of the gang have had nodes at a time, want 8", seed, most)
		}
	}
}

// TestHalfAGang: where only a part of it could be had, nothing is bought.
func TestHalfAGang(t *testing.T) {
	s := day(t)
	narrow(&s)
	var left cluster.Input
	s.Left = func(in cluster.Input) { left = in }
	run(t, s)
	for _, c := range left.Claims {
		if c.Pool == "narrow" {
			t.Errorf("%s was bought for a part of the gang", c.Name)
		}
	}
}

// TestMutantsOfGangs: nodes of an engine that does not know that pods belong together wait for
// the rest of a gang.
func TestMutantsOfGangs(t *testing.T) {
	tryMutants(t, []mutation{{
		name: "knows no gangs", rule: judge.KeptEmpty, set: narrow,
		spoil: func(_ *mutant, effects []engine.Effect) []engine.Effect { return effects },
		hear: func(ev engine.Event) engine.Event {
			if p, is := ev.(engine.PodChanged); is && p.Pod != nil {
				x := *p.Pod
				x.Gang = ""
				p.Pod = &x
				return p
			}
			return ev
		},
	}})
}
