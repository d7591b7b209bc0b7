package sim_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/workload"
)

// urgent adds pods that come in the third hour of a day, one after the other, and are more
// important than all others. Those are of a StatefulSet: they come again when they are gone.
func urgent(s *sim.Scenario) {
	p := pod("urgent", 1500, 1024)
	p.Priority, p.Preempts = 1000, true
	s.Faults, s.Workloads = nil, s.Workloads[:1] // what protected pods keep going is no good background
	set := s.Workloads[0]
	set.Kind, set.Replicas, set.Changes, set.Budget, set.Pod.Ends = workload.StatefulSet, 20, nil, nil, 28*cluster.Second
	w := &workload.Workload{Namespace: "default", Name: "urgent", Kind: workload.Deployment, Pod: p}
	for i := range 5 {
		w.Changes = append(w.Changes, workload.Change{At: 170*cluster.Minute + cluster.Duration(i)*2*cluster.Minute, Replicas: i + 1})
	}
	s.Workloads = append(s.Workloads, w)
}

// TestPreemption: important pods get the places of others within their grace, nothing is
// bought for them, and the others get new ones.
func TestPreemption(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		s := day(t)
		s.Seed = seed
		urgent(&s)
		r := run(t, s)
		healthy(t, r)
		if r.Preempted < 5 {
			t.Errorf("seed %d: %d pods were preempted, want one at the least for each of 5", seed, r.Preempted)
		}
	}
}

// TestMutantsOfPreemption: an engine that does not know of nominations buys for nobody.
func TestMutantsOfPreemption(t *testing.T) {
	tryMutants(t, []mutation{{
		name: "buys for pods that are nominated", rule: judge.Needless, set: urgent,
		spoil: func(_ *mutant, effects []engine.Effect) []engine.Effect { return effects },
		hear: func(ev engine.Event) engine.Event {
			if p, is := ev.(engine.PodChanged); is && p.Pod != nil && p.Pod.Nominated != "" {
				x := *p.Pod
				x.Nominated = ""
				p.Pod = &x
				return p
			}
			return ev
		},
	}})
}
