package seeds

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
)

func sold(t *testing.T) []cluster.InstanceType {
	t.Helper()
	types, err := Types()
	if err != nil {
		t.Fatal(err)
	}
	return types
}

// TestFreshSeeds runs a few small seeds that change from day to day, so that those who
// test often test much. A long run is:
//
//	ullage sim seeds --from 1 -n 10000 --ledger seeds.jsonl
func TestFreshSeeds(t *testing.T) {
	const most = 500 // pods
	types := sold(t)
	first := uint64(time.Now().Unix()/86400) * 1000
	t.Logf("seeds from %d on, with at most %d pods", first, most)
	for seed, n := first, 0; n < 3; seed++ {
		if Pods(seed) > most {
			continue
		}
		n++
		s := Scenario(seed, types, true)
		r, err := sim.Run(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range r.Violations {
			t.Errorf("seed %d: %s at %s: %s: %s", seed, v.Rule, v.At.RFC3339(), v.About, v.Why)
		}
		if len(r.Violations) > 0 {
			t.Logf("see it again: %s", Again(seed, true, Shrink(t.Context(), s, r.Violations[0], 20)))
		}
		if r.Launched == 0 || r.PodsStarted == 0 || r.Faults < 20 {
			t.Errorf("seed %d: %d nodes, %d pods started, %d faults: this is not a day", seed, r.Launched, r.PodsStarted, r.Faults)
		}
	}
}

// TestDraw: the median cluster has 1,500 pods, one in a hundred twenty times that, and each
// has 20 faults or more in its day. How many nodes that makes the days show:
//
//	ullage sim seeds -n 0 --ledger seeds.jsonl
func TestDraw(t *testing.T) {
	const n = 10_000
	d := Draw(1, n)
	slices.Sort(d.pods)
	large, _ := slices.BinarySearch(d.pods, largePods)
	large = n - large
	if m := d.pods[n/2]; m < 1400 || m > 1600 {
		t.Errorf("the median is %d pods", m)
	}
	if large < n/130 || large > n/75 {
		t.Errorf("%d of %d have %d pods or more, want about one in a hundred", large, n, largePods)
	}
	if least := slices.Min(d.faults); least < 20 {
		t.Errorf("a day has %d faults", least)
	}
}

// TestTally: what was simulated is counted as it was.
func TestTally(t *testing.T) {
	var x Tally
	for i := range 200 {
		l := Line{Seed: uint64(i), Pods: 20 * i, Nodes: i, Faults: 20 + i%3, Took: 500}
		if i == 7 {
			l.Nodes, l.Pods, l.Violations = 1000, 30_000, []Broken{{Rule: judge.PDB}}
		}
		x.Add(&l)
	}
	want := `200 seeds, 1 broke a rule; 120.0 a minute one by one, the longest 500ms
pods    median 2020, from 0 to 30000, one in ten 3620 or more, one in a hundred 3980; 30000 or more in 1
nodes   median 101, from 0 to 1000, one in ten 181 or more, one in a hundred 199; 1000 or more in 1
faults  median 21, from 20 to 22, one in ten 22 or more, one in a hundred 22
`
	if got := x.String(); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}

// lazy is the engine, never giving anything back.
type lazy struct{ *engine.Engine }

func (l lazy) Step(now cluster.Instant, events []engine.Event) ([]engine.Effect, cluster.Instant) {
	effects, wake := l.Engine.Step(now, events)
	return slices.DeleteFunc(effects, func(f engine.Effect) bool { _, is := f.(engine.DeleteClaim); return is }), wake
}

// TestShrink: what is left of a failure breaks the same rule, and is less.
func TestShrink(t *testing.T) {
	types := sold(t)
	var s sim.Scenario
	var broken judge.Violation
	for seed := uint64(1); broken.Rule == ""; seed++ { // not every day notices
		if Pods(seed) > 150 {
			continue
		}
		s = Scenario(seed, types, false)
		s.Brain = func(o engine.Options) sim.Brain { return lazy{engine.New(o)} }
		r, err := sim.Run(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if first := slices.IndexFunc(r.Violations, func(v judge.Violation) bool { return v.Rule == judge.KeptEmpty }); first >= 0 {
			broken = r.Violations[first]
		}
	}
	cut := Shrink(t.Context(), s, broken, 40)
	small := cut.Apply(s)
	r, err := sim.Run(t.Context(), small)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Violations, func(v judge.Violation) bool { return v.Rule == judge.KeptEmpty }) {
		t.Errorf("what is left (cut %q) breaks nothing", cut)
	}
	if len(small.Faults) > 2 || len(small.Workloads) > len(s.Workloads)*2/3 {
		t.Errorf("%d of %d faults and %d of %d workloads are left", len(small.Faults), len(s.Faults), len(small.Workloads), len(s.Workloads))
	}
	if last := r.Violations[len(r.Violations)-1].At; small.Length > last.Sub(s.Start)+cluster.Minute {
		t.Errorf("what is left goes on for %s, and nothing is broken after %s", small.Length, last.RFC3339())
	}
	again, err := ParseCut(cut.String())
	if err != nil || again.String() != cut.String() {
		t.Errorf("cut %q is read back as %q, %v", cut, again, err)
	}
}

// TestCutsLeaveTheWhole: what is cut is a scenario of its own, so that the next cut of the same
// one begins with all of it.
func TestCutsLeaveTheWhole(t *testing.T) {
	seed := uint64(1)
	for len(Extras(seed)) < 4 || !slices.Contains(Extras(seed), "preempt") || !slices.Contains(Extras(seed), "volumes") {
		seed++
	}
	s := Scenario(seed, sold(t), true)
	has := func(s sim.Scenario) (preempting, disks int) {
		for _, w := range s.Workloads {
			if w.Pod.Preempts {
				preempting++
			}
			if w.Volume > 0 {
				disks++
			}
		}
		return preempting, disks
	}
	p, d := has(s)
	if cp, cd := has(Cut{Extras: KnownExtras()}.Apply(s)); p == 0 || d == 0 || cp != 0 || cd != 0 {
		t.Fatalf("seed %d: %d workloads preempt and %d have disks, cut %d and %d", seed, p, d, cp, cd)
	}
	if ap, ad := has(s); ap != p || ad != d || len(s.Pools) != len(Scenario(seed, s.Types, true).Pools) {
		t.Errorf("seed %d: after the cut %d and %d are left of %d and %d in the whole", seed, ap, ad, p, d)
	}
}

func TestCutsThatMakeNoSense(t *testing.T) {
	for _, text := range []string{"pods=1", "faults=", "faults=a", "faults=3-1", "faults=0-99999999", "workloads=-1", "extras=", "extras=wings", "until=", "until=5h", "until=0h0m", "until=3h70m", "until=3h10m30s"} {
		if c, err := ParseCut(text); err == nil {
			t.Errorf("%q is read as %v", text, c)
		}
	}
}

func TestLedgerGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seeds.jsonl")
	l, err := OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []Line{{Seed: 3, Digest: "a"}, {Seed: 5, Violations: []Broken{{Rule: judge.PDB}}}} {
		if err := l.Add(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	// Somebody pulled the plug in the middle of a line.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seed":7,"dig`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	l, err = OpenLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	if !l.Has[3] || !l.Has[5] || l.Has[7] || l.Tally.Broken != 1 {
		t.Errorf("has %v, %d broken; want 3 and 5, one broken", l.Has, l.Tally.Broken)
	}
	if err := l.Add(Line{Seed: 7}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = OpenLedger(path); err != nil || len(l.Has) != 3 {
		t.Fatalf("after the plug was pulled: %v, %v", l, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("seed 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLedger(path); err == nil {
		t.Error("a file that is no ledger is opened")
	}
}
