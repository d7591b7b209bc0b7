package judge

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim/store"
)

// TestFaultsGiveTime: a pod that came in calm has six minutes, and twenty-five after a fault that
// comes while it waits.
func TestFaultsGiveTime(t *testing.T) {
	const came = cluster.Instant(10 * cluster.Hour)
	for _, x := range []struct {
		name         string
		fault, ended cluster.Duration // since the pod came; 0 for none
		broken       cluster.Duration
	}{
		{name: "calm", broken: 6 * cluster.Minute},
		{name: "a fault in between", fault: cluster.Minute, ended: 2 * cluster.Minute, broken: 27 * cluster.Minute},
		{name: "one that goes on", fault: cluster.Minute, ended: 20 * cluster.Minute, broken: 45 * cluster.Minute},
	} {
		t.Run(x.name, func(t *testing.T) {
			now := came
			quiet := func() cluster.Instant {
				switch {
				case x.fault == 0 || now < came.Add(x.fault):
					return 0
				case now < came.Add(x.ended):
					return cluster.Never
				}
				return came.Add(x.ended)
			}
			due := map[cluster.Instant][]func(){}
			clock := func() cluster.Instant { return now }
			at := func(t cluster.Instant, do func()) { due[t] = append(due[t], do) }
			var broken []Violation
			s := store.New()
			j := New(s, Clock{Now: clock, Operator: clock, Seen: clock, QuietSince: quiet, At: at}, engine.DefaultOptions(), func(v Violation) { broken = append(broken, v) })
			s.Pods.Watch(j.PodChanged)
			if _, err := s.Pools.Create("default", &cluster.Pool{Name: "default"}); err != nil {
				t.Fatal(err)
			}
			o, err := s.Pods.Create("ns/p", &cluster.Pod{Namespace: "ns", Name: "p", Demand: &cluster.Demand{}})
			if err != nil {
				t.Fatal(err)
			}
			p := *o.Now
			p.UnschedulableSince = now
			s.Pods.Set(o, &p)
			for ; now < came.Add(cluster.Hour); now += cluster.Instant(cluster.Second) {
				for _, do := range due[now] {
					do()
				}
			}
			if len(broken) != 1 || broken[0].Rule != StarvedPod || broken[0].At != came.Add(x.broken) {
				t.Fatalf("got %v, want %s once after %s", broken, StarvedPod, x.broken)
			}
		})
	}
}

// TestDayEndsInTheMiddle: an instance and a node may be without a claim when a day ends if they
// came a moment before.
func TestDayEndsInTheMiddle(t *testing.T) {
	const end = cluster.Instant(24 * cluster.Hour)
	for _, x := range []struct {
		name string
		came cluster.Duration // before the end
		want int
	}{{"just come", cluster.Second, 0}, {"there for long", bootBound, 2}} {
		t.Run(x.name, func(t *testing.T) {
			now := func() cluster.Instant { return end }
			clock := Clock{Now: now, Operator: now, Seen: now, QuietSince: func() cluster.Instant { return 0 }, At: func(cluster.Instant, func()) {}}
			var broken []Violation
			s := store.New()
			j := New(s, clock, engine.DefaultOptions(), func(v Violation) { broken = append(broken, v) })
			j.Launched(cluster.Instance{ProviderID: "i", Pool: "default", Launched: end.Add(-x.came)}, 1)
			if _, err := s.Nodes.Create("n", &cluster.Node{Name: "n", ProviderID: "j", Created: end.Add(-x.came)}); err != nil {
				t.Fatal(err)
			}
			j.outside = 0 // whoever came, it was nobody outside
			j.End(nil, cluster.Input{})
			if len(broken) != x.want || x.want > 0 && broken[0].Rule != Unsettled {
				t.Errorf("%d rules broken, want %d: %v", len(broken), x.want, broken)
			}
		})
	}
}
