package policy_test

import (
	"flag"
	"fmt"
	"regexp"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/policy"
	"github.com/ullage-sh/ullage/sim/seeds"
	"github.com/ullage-sh/ullage/solve"
)

var (
	bloated = flag.String("bloated", "", "which of seeds.BloatedClusters, a regular expression; a small one if empty")
	atOnce  = flag.Int("at-once", 10, "the percentage of nodes that may be disrupted at once")
)

// TestEndState takes clusters that have come to cost more than they must, the same for
// each policy, and lets each give nodes back for as long as [seeds.Settles]; a small one
// for two hours if none is named. In the end Ullage must not cost more than Karpenter,
// with fewer evictions for each dollar saved.
// All of them, which takes some minutes of CPU, as a table:
//
//	go test ./sim/policy -run TestEndState -bloated . -timeout 2h -v
//
// With a budget of a tenth of the nodes, which is what a NodePool has if it names none, or
// with -at-once 100 without one.
func TestEndState(t *testing.T) {
	types, err := seeds.Types()
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := regexp.Compile(*bloated)
	if err != nil {
		t.Fatal(err)
	}
	clusters, names := seeds.BloatedClusters(), []string{"ullage", "karpenter", "cluster-autoscaler"}
	if *bloated == "" {
		clusters, names = []seeds.BloatedCluster{{Bloat: seeds.Shifted, Nodes: 12, Seed: 8}}, names[:2]
	}
	named, err := policy.Named(names)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%-16s %-20s %10s %10s %8s %8s %10s %9s %9s", "cluster", "policy", "before", "after", "nodes", "bound", "saved", "evictions", "per $")
	ran := 0
	for _, b := range clusters {
		if !wanted.MatchString(b.String()) {
			continue
		}
		ran++
		ends := make([]endState, len(named))
		for i, p := range named {
			ends[i] = settle(t, b, types, p)
			t.Log(ends[i].row(b.String(), p.Title))
		}
		us, them := ends[0], ends[1]
		if us.before != them.before {
			t.Errorf("%s: it begins with %s an hour for one and with %s for the other", b, us.before, them.before)
		}
		if us.after > them.after {
			t.Errorf("%s: Ullage ends with %s an hour, Karpenter with %s", b, us.after, them.after)
		}
		if *bloated != "" && us.perDollar() >= them.perDollar() { // what moving costs takes longer to earn back
			t.Errorf("%s: Ullage evicts %.1f pods for a dollar saved, Karpenter %.1f", b, us.perDollar(), them.perDollar())
		}
	}
	if ran == 0 {
		t.Fatalf("-bloated %q is none of %v", *bloated, clusters)
	}
}

// endState is what became of a bloated cluster.
type endState struct {
	before, after cluster.Money // per hour
	nodes         int
	// over is how far what is left is over its bound, under the same restrictions and
	// with the charge for a node.
	over      float64
	saved     cluster.Money // while it was watched
	evictions int
}

// perDollar is how many pods were evicted for each dollar saved, many if none was.
func (e endState) perDollar() float64 {
	if e.saved <= 0 {
		return 1e9
	}
	return float64(e.evictions) * float64(cluster.USD) / float64(e.saved)
}

func (e endState) row(name, title string) string {
	per := "-"
	if e.saved > 0 {
		per = fmt.Sprintf("%.1f", e.perDollar())
	}
	return fmt.Sprintf("%-16s %-20s %10s %10s %8d %8s %10s %9d %9s", name, title, e.before, e.after, e.nodes, fmt.Sprintf("+%.1f %%", 100*e.over), e.saved, e.evictions, per)
}

// settle lets a policy take over a cluster just before its nodes may be disrupted: the
// operator ends then, and the next one is the policy's.
func settle(t *testing.T, b seeds.BloatedCluster, types []cluster.InstanceType, p policy.Policy) endState {
	t.Helper()
	s, err := b.Scenario(types)
	if err != nil {
		t.Fatal(err)
	}
	s.Pools[0].Budgets[0].Nodes = *atOnce
	started := 0
	s.Brain = func(o engine.Options) sim.Brain {
		if started++; started == 1 {
			return policy.All()[0].Brain(o)
		}
		return p.Brain(o)
	}
	s.Faults = append(s.Faults, sim.Fault{Kind: sim.Crash, At: seeds.Opens - 5*cluster.Minute, Amount: 1})
	s.Unchecked = true
	if *bloated == "" {
		s.Length = seeds.Opens + 2*cluster.Hour // long enough to tell, and quick
	}
	var left cluster.Input
	s.Left = func(in cluster.Input) { left = in }
	r, err := sim.Run(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if started != 2 {
		t.Fatalf("%s: %d operators were started, want 2", b, started)
	}
	first, last := point(r, seeds.Opens), r.Series[len(r.Series)-1]
	if last.Pending > 0 {
		t.Errorf("%s: %s leaves %d pods without a node", b, p.Title, last.Pending)
	}
	e := endState{before: first.Rate, after: last.Rate, nodes: last.Nodes, evictions: last.Evicted - first.Evicted}
	watched := last.At - first.At
	e.saved = first.Rate*cluster.Money(watched.Seconds())/3600 - (last.Cost - first.Cost)
	end := repack.Repack(repack.Input{Input: left, Now: s.Start.Add(s.Length)}, repack.Options{Solve: solve.Options{NodeCharge: engine.NodeCharge}})
	e.over = float64(end.Cost)/float64(end.Bound) - 1
	return e
}

func point(r *sim.Result, at cluster.Duration) sim.Point {
	for _, p := range r.Series {
		if p.At >= at {
			return p
		}
	}
	return r.Series[len(r.Series)-1]
}
