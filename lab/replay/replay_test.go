// The scheduler breaks ties between nodes with the global generator of math/rand; so
// that a seed gives the same replay again, it has to obey.
//
//go:debug randseednop=0
package replay_test

import (
	"flag"
	"fmt"
	"math/rand"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/lab/replay"
)

var (
	wanted  = flag.String("replay-cases", "^(diverse-1000|zone-spread)$", "cases of bench to replay, a regular expression")
	seeds   = flag.Int("replay-seeds", 2, "orders in which nodes become ready, for each case")
	pods    = flag.Int("replay-pods", 150, "pods of each case; 0 for as many as it is measured with")
	margin  = flag.Int64("replay-margin", 0, "percent of the cpu and memory of new nodes that plans leave free")
	waves   = flag.Int("replay-waves", 20, "nodes become ready in at most so many waves; 1: nobody is let onto any until all are ready")
	tried   = flag.Bool("replay-tried", false, "plan for what the scheduler has left, not for all that waits")
	first   = flag.Bool("replay-first", false, "carry out first plans, not improved ones")
	reserve = flag.Bool("replay-reserve", false, "new nodes are reserved for the pods that are planned for them, as the operator does it")
)

// TestReplay lets the real scheduler carry out plans for the cases of bench. It fails
// where a pod that the plan places finds no node in the end, however many are
// bought; what the plan is worth it prints. The full run:
//
//	go test ./replay -run TestReplay -replay-cases . -replay-pods 0 -replay-seeds 20 -timeout 10h -v
func TestReplay(t *testing.T) {
	pattern, err := regexp.Compile(*wanted)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%d seeds, %d waves, %d %% left free, first plans: %v, tried first: %v, reserved: %v\n", *seeds, *waves, *margin, *first, *tried, *reserve)
	fmt.Fprintf(&table, "%-24s %7s %6s %14s %14s %6s %8s %8s %8s %8s\n", "case", "pods", "nodes", "stranded/max", "extra nodes", "empty", "/plan", "max", "/tight", "time")
	found := false
	for _, c := range cases.All() {
		if pattern.MatchString(c.Name) {
			found = true
			table.WriteString(replayed(t, &c))
		}
	}
	if !found {
		t.Fatalf("no case is called %s", *wanted)
	}
	t.Log("\n" + table.String())
}

// replayed carries the plan of one case out once for each seed.
func replayed(t *testing.T, bench *cases.Case) string {
	t.Helper()
	n := bench.Pods
	if *pods > 0 {
		n = min(n, *pods)
	}
	in, err := bench.MakeSized(1, n)
	if err != nil {
		t.Fatal(err)
	}
	c, err := replay.FromBench(in)
	if err != nil {
		t.Fatal(err)
	}
	if *first {
		c.Options.Steps = -1
	}
	ctx := klog.NewContext(t.Context(), logr.Discard())
	tight := c.Plan(c.Objects).CreateCost
	c.Margin = *margin
	answer := c.Plan(c.Objects)
	loose := answer.CreateCost
	if *tried {
		answer = nil
	}
	start := time.Now()
	r := row{seeds: *seeds}
	for seed := range *seeds {
		rand.Seed(int64(seed)) //nolint:staticcheck // SA1019: the scheduler uses the global generator, and there is no other way to it
		out, err := replay.Run(ctx, c, answer, replay.Terms{Seed: uint64(seed), Waves: *waves, Reserve: *reserve})
		if err != nil {
			t.Fatalf("%s, seed %d: %v", c.Name, seed, err)
		}
		if out.Left > 0 {
			t.Errorf("%s, seed %d: %d pods that the plan places have no node after %d more plans", c.Name, seed, out.Left, out.Rounds)
		}
		r.add(out)
	}
	return r.text(c.Name, float64(loose)/float64(max(tight, 1)), time.Since(start))
}

// row sums up the outcomes of one case.
type row struct {
	seeds, pods, nodes, stranded, most, extra, empty int
	sum, worst                                       float64
}

func (r *row) add(out *replay.Outcome) {
	r.pods, r.nodes = out.Pods, r.nodes+out.Nodes
	r.stranded, r.most = r.stranded+out.Stranded, max(r.most, out.Stranded)
	r.extra, r.empty = r.extra+out.Extra, r.empty+out.Empty
	ratio := 1.0
	if out.Planned > 0 {
		ratio = float64(out.Realised) / float64(out.Planned)
	}
	r.sum, r.worst = r.sum+ratio, max(r.worst, ratio)
}

// text is the row; loose is what leaving room free costs.
func (r *row) text(name string, loose float64, took time.Duration) string {
	mean := func(n int) float64 { return float64(n) / float64(r.seeds) }
	ratio := r.sum / float64(r.seeds)
	return fmt.Sprintf("%-24s %7d %6.0f %8.1f/%-5d %6.1f %6.1f%% %6.1f %8.4f %8.4f %8.4f %7.1fs\n", name, r.pods, mean(r.nodes), mean(r.stranded), r.most,
		mean(r.extra), 100*float64(r.extra)/float64(max(r.nodes, 1)), mean(r.empty), ratio, r.worst, ratio*loose, took.Seconds())
}
