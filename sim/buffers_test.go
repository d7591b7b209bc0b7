package sim_test

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
	"github.com/ullage-sh/ullage/sim/workload"
)

// withBuffers keeps room in a day for a fifth of a service and for some pods of another
// kind, of which ever fewer are to come.
func withBuffers(s *sim.Scenario) {
	other := pod("other", 700, 2048)
	s.Buffers = []*workload.Buffer{
		{Namespace: "default", Name: "spare", Of: "web", Percent: 20},
		{Namespace: "default", Name: "other", Pod: &other, Chunks: 4, Changes: []workload.BufferChange{{At: 2 * cluster.Hour, Chunks: 2}}},
	}
}

// TestBuffers: pods that come find room at once as long as there are chunks, and room is
// bought again.
func TestBuffers(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		s := day(t)
		s.Seed = seed
		withBuffers(&s)
		twins(&s)
		s.Workloads[0].Changes = append(s.Workloads[0].Changes, workload.Change{At: 3 * cluster.Hour, Replicas: 24})
		waiting := map[cluster.Duration]int{}
		s.Sample = 10 * cluster.Second
		s.Look = func(m sim.Moment) { waiting[m.At] = m.Pending }
		var left cluster.Input
		s.Left = func(in cluster.Input) { left = in }
		healthy(t, run(t, s))
		if n := waiting[3*cluster.Hour+10*cluster.Second]; n > 0 {
			t.Errorf("seed %d: %d of 4 pods wait although there was room for 4", seed, n)
		}
		for _, b := range left.Buffers {
			if len(b.Status.Conditions) != 2 || b.Status.Conditions[1].Status != "True" || b.Status.Chunks != b.Chunks {
				t.Errorf("seed %d: buffer %s with %d chunks says %+v", seed, b.ID(), b.Chunks, b.Status)
			}
		}
	}
}

// twins are two buffers for the same: what is room for either is not room for both.
func twins(s *sim.Scenario) {
	other := pod("other", 700, 2048)
	for _, name := range []string{"one", "two"} {
		s.Buffers = append(s.Buffers, &workload.Buffer{Namespace: "default", Name: name, Pod: &other, Chunks: 3})
	}
}

// TestMutantsOfBuffers: too little room is noticed, and too much.
func TestMutantsOfBuffers(t *testing.T) {
	nothing := func(_ *mutant, effects []engine.Effect) []engine.Effect { return effects }
	single := func(ev engine.Event) engine.Event {
		if b, is := ev.(engine.BufferChanged); is && b.ID == "default/two" {
			b.Buffer = nil
			return b
		}
		return ev
	}
	chunks := func(n func(int32) int32) func(engine.Event) engine.Event {
		return func(ev engine.Event) engine.Event {
			if b, is := ev.(engine.BufferChanged); is && b.Buffer != nil {
				x := *b.Buffer
				x.Chunks = n(x.Chunks)
				b.Buffer = &x
				return b
			}
			return ev
		}
	}
	tryMutants(t, []mutation{
		{name: "keeps no room", rule: judge.Headroom, set: withBuffers, spoil: nothing, hear: chunks(func(int32) int32 { return 0 })},
		{name: "keeps half of it", rule: judge.Headroom, set: withBuffers, spoil: nothing, hear: chunks(func(n int32) int32 { return n / 2 })},
		{name: "takes the room of one for that of another", rule: judge.Headroom, why: "of all buffers", set: twins, spoil: nothing, hear: single},
		{name: "keeps room for what is not wanted", rule: judge.KeptEmpty, set: withBuffers, spoil: nothing, hear: chunks(func(n int32) int32 { return 10 * n })},
	})
}
