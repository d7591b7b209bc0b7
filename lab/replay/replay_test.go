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
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/lab/replay"
	"github.com/ullage-sh/ullage/solve"
)

var (
	wanted = flag.String("replay-cases", "^(diverse-1000|zone-spread)$", "cases of bench to replay, a regular expression")
	seeds  = flag.Int("replay-seeds", 2, "orders in which nodes become ready, for each case")
	pods   = flag.Int("replay-pods", 150, "pods of each case; 0 for as many as it is measured with")
	waves  = flag.Int("replay-waves", 20, "nodes become ready in at most so many waves")
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
	fmt.Fprintf(&table, "%-24s %7s %6s %6s %14s %12s %12s %8s\n", "case", "pods", "nodes", "seeds", "stranded/max", "extra nodes", "realised", "time")
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
	ctx := klog.NewContext(t.Context(), logr.Discard())
	answer := solve.Solve(c.Objects.Snapshot(), c.Options)
	start := time.Now()
	var stranded, worst, extra int
	var planned, realised cluster.Money
	var last *replay.Outcome
	for seed := range *seeds {
		//lint:ignore SA1019 the scheduler uses the global generator
		rand.Seed(int64(seed))
		out, err := replay.Run(ctx, c, answer, uint64(seed), *waves)
		if err != nil {
			t.Fatalf("%s, seed %d: %v", c.Name, seed, err)
		}
		if left := out.Left - (len(c.Objects.Waiting()) - out.Pods); left > 0 {
			t.Errorf("%s, seed %d: %d pods that the plan places have no node after %d more plans", c.Name, seed, left, out.Rounds)
		}
		stranded, worst, extra = stranded+out.Stranded, max(worst, out.Stranded), extra+out.Extra
		planned, realised = planned+out.Planned, realised+out.Realised
		last = out
	}
	mean := func(n int) float64 { return float64(n) / float64(*seeds) }
	return fmt.Sprintf("%-24s %7d %6d %6d %8.1f/%-5d %6.1f %4.1f%% %12.4f %7.1fs\n", c.Name, last.Pods, last.Nodes, *seeds, mean(stranded), worst,
		mean(extra), 100*mean(extra)/float64(max(last.Nodes, 1)), float64(realised)/float64(max(planned, 1)), time.Since(start).Seconds())
}
