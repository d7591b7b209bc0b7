package sim_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/provider/simulated"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/workload"
)

// types are a part of the catalogue.
func types(t testing.TB, families ...string) []cluster.InstanceType {
	t.Helper()
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := c.InstanceTypes("ap-northeast-2", catalog.DefaultSizing(), 1)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.DeleteFunc(all, func(x cluster.InstanceType) bool { return !slices.Contains(families, x.Labels[catalog.LabelFamily]) })
	if len(out) == 0 {
		t.Fatalf("the catalogue has nothing of %v", families)
	}
	return out
}

var ref = cluster.ClassRef{Group: simulated.ClassKind.Group, Kind: simulated.ClassKind.Kind, Name: "default"}

func pool() *cluster.Pool {
	return &cluster.Pool{
		Name: "default", Class: ref, ExpireAfter: cluster.Forever, TerminationGracePeriod: cluster.Forever,
		Budgets: []cluster.Budget{{Nodes: 10, Percent: true}}, ConsolidateAfter: 30 * cluster.Second, Policy: cluster.WhenEmpty,
		Requirements: []cluster.Requirement{{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{"amd64"}}},
	}
}

func pod(name string, milli, mib int64) workload.Pod {
	d := &cluster.Demand{Requests: cluster.NewResources(map[string]int64{cluster.CPU: milli, cluster.Memory: mib << 20, cluster.Pods: 1})}
	d.SetKey()
	return workload.Pod{Demand: d, Labels: cluster.Labels{workload.App: name}, Grace: 30 * cluster.Second, Ends: 2 * cluster.Second, Starts: 5 * cluster.Second}
}

// simple is one service on one pool for a day: 50 pods, 200, 20, and a rollout.
func simple(t testing.TB, seed uint64) sim.Scenario {
	return sim.Scenario{
		Seed: seed, Length: 24 * cluster.Hour, Options: engine.DefaultOptions(), Types: types(t, "m5", "c5", "r5"),
		Classes: []*cluster.NodeClass{{Ref: ref, Generation: 1}}, Pools: []*cluster.Pool{pool()},
		Workloads: []*workload.Workload{{
			Namespace: "default", Name: "web", Kind: workload.Deployment, Pod: pod("web", 500, 1024), Replicas: 50,
			Changes: []workload.Change{{At: 3 * cluster.Hour, Replicas: 200}, {At: 8 * cluster.Hour, Replicas: 20}, {At: 10 * cluster.Hour, Replicas: 20, Rollout: true}},
		}},
	}
}

func run(t *testing.T, s sim.Scenario) *sim.Result {
	t.Helper()
	r, err := sim.Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// healthy reports broken rules as failures.
func healthy(t *testing.T, r *sim.Result) {
	t.Helper()
	for _, v := range r.Violations {
		t.Errorf("%s %s %s: %s", v.At.RFC3339(), v.Rule, v.About, v.Why)
	}
}

func at(r *sim.Result, t cluster.Duration) sim.Point {
	i := slices.IndexFunc(r.Series, func(p sim.Point) bool { return p.At >= t })
	return r.Series[i]
}

func TestServiceForADay(t *testing.T) {
	const few = 8 // than nodes with 200 pods: some of those are left empty
	s := simple(t, 1)
	s.Workloads[0].Changes[1].Replicas, s.Workloads[0].Changes[2].Replicas = few, few
	r := run(t, s)
	healthy(t, r)
	for _, x := range []struct {
		at   cluster.Duration
		pods int
	}{{2 * cluster.Hour, 50}, {7 * cluster.Hour, 200}, {9 * cluster.Hour, few}, {23 * cluster.Hour, few}} {
		if got := at(r, x.at); got.Pods != x.pods || got.Pending != 0 {
			t.Errorf("after %s %d pods are on nodes and %d wait, want %d and 0", x.at, got.Pods, got.Pending, x.pods)
		}
	}
	if most := at(r, 7*cluster.Hour).Nodes; at(r, 23*cluster.Hour).Nodes >= most {
		t.Errorf("%d nodes with 200 pods, %d with %d: nothing was given back", most, at(r, 23*cluster.Hour).Nodes, few)
	}
	if r.Waits.P99 > 2*cluster.Minute || r.Waits.Most > 3*cluster.Minute {
		t.Errorf("pods waited up to %s (99 of 100 up to %s); a node boots in a minute or so", r.Waits.Most, r.Waits.P99)
	}
	// As many pods as were there after 8 hours came again by the rollout.
	if r.PodsStarted != 200+few {
		t.Errorf("%d pods were started, want 50 + 150 + %d", r.PodsStarted, few)
	}
}

// TestSameBytes: a run is a function of its scenario; the seed makes a difference.
func TestSameBytes(t *testing.T) {
	journal := func(seed uint64) (string, string) {
		s := simple(t, seed)
		s.Length = 9 * cluster.Hour
		s.Faults = []sim.Fault{
			{Kind: sim.Crash, At: cluster.Hour, Amount: 3}, {Kind: sim.Kill, At: 2 * cluster.Hour, Amount: 2},
			{Kind: sim.APIError, At: 3 * cluster.Hour, For: cluster.Hour, Percent: 30}, {Kind: sim.LostAnswer, At: 3 * cluster.Hour, For: cluster.Hour, Percent: 30},
		}
		var text bytes.Buffer
		s.Journal = &text
		return run(t, s).Digest, text.String()
	}
	d1, j1 := journal(1)
	d2, j2 := journal(1)
	if d1 != d2 || j1 != j2 {
		t.Errorf("the same scenario twice: %s and %s; first difference:\n%s", d1, d2, difference(j1, j2))
	}
	if d3, _ := journal(2); d3 == d1 {
		t.Error("another seed gives the same digest")
	}
	for _, want := range []string{"pod created", "node created", "claim gone", "fault crash", "operator started", "effect", "violation"} {
		if strings.Contains(j1, want) == (want == "violation") {
			t.Errorf("the journal speaks of %q: %v", want, want == "violation")
		}
	}
}

func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return "one is longer"
}

// TestBill: what a run costs is what its nodes cost while they are there.
func TestBill(t *testing.T) {
	s := simple(t, 3)
	s.Workloads[0].Changes = nil
	s.Length, s.Sample = 10*cluster.Hour, cluster.Minute
	r := run(t, s)
	last := r.Series[len(r.Series)-1]
	if r.Launched != last.Nodes || r.Ended != 0 {
		t.Fatalf("%d launched, %d ended, %d there: the sum below needs nodes that stay", r.Launched, r.Ended, last.Nodes)
	}
	// All of them came up within the first minute.
	low := last.Rate * 599 / 60
	if high := last.Rate * 10; r.Cost < low || r.Cost > high {
		t.Errorf("ten hours at %s an hour cost %s", last.Rate, r.Cost)
	}
}

func TestScenariosThatMakeNoSense(t *testing.T) {
	for _, x := range []struct {
		want   string
		change func(*sim.Scenario)
	}{
		{"length is 0", func(s *sim.Scenario) { s.Length = 0 }},
		{"no instance types", func(s *sim.Scenario) { s.Types = nil }},
		{"no pool", func(s *sim.Scenario) { s.Pools = nil }},
		{"two workloads are called default/web", func(s *sim.Scenario) { s.Workloads = append(s.Workloads, s.Workloads[0]) }},
		{"fault 1: there is no kind \"earthquake\"", func(s *sim.Scenario) { s.Faults = []sim.Fault{{Kind: "earthquake"}} }},
		{"has 4 parts", func(s *sim.Scenario) { s.Faults = []sim.Fault{{Kind: sim.Shortage, Where: "a/b/c/d"}} }},
		{"writing the journal: disk full", func(s *sim.Scenario) { s.Journal = full{} }},
	} {
		s := simple(t, 1)
		x.change(&s)
		if _, err := sim.Run(t.Context(), s); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("got %v, want an error with %q", err, x.want)
		}
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
