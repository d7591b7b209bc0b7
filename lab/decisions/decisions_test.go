package decisions_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/ullage-sh/ullage/lab/decisions"
	"github.com/ullage-sh/ullage/sim/schedule/trace"
)

var (
	clusters = flag.Uint64("decisions-clusters", 6, "clusters in which the scheduler decides")
	pods     = flag.Int("decisions-pods", 80, "decisions in each")
	seed     = flag.Uint64("decisions-seed", 1, "seed of the clusters")
	keep     = flag.String("decisions-write", "", "write the record to this file")
)

// TestDecisions lets the real scheduler decide, and the one of the simulator say what it
// would have done. The long run is
//
//	go test ./decisions -decisions-clusters 100 -decisions-pods 200 -v
//
// and the record that the simulator's tests compare with is made anew by
//
//	go test ./decisions -decisions-seed 1 -decisions-write ../../sim/schedule/trace/testdata/kube-1.36.json.gz
func TestDecisions(t *testing.T) {
	klog.SetLogger(logr.Discard())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var all []trace.Event
	for n := range *clusters {
		events, err := decisions.Record(ctx, *seed, n, *pods)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, events...)
	}
	r, err := trace.Check(all)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range r.Differences {
		if i == 20 {
			t.Errorf("... and %d more", len(r.Differences)-i)
			break
		}
		t.Error(d)
	}
	t.Logf("%d decisions, %d refused, %d between several nodes, %d of them with one best; %d differ", r.Decisions, r.Refused, r.Open, r.Sharp, len(r.Differences))
	if r.Refused < r.Decisions/100 || r.Sharp < r.Decisions/3 {
		t.Error("the cases are too easy: hardly any answer could be wrong")
	}
	if *keep != "" {
		write(t, all)
	}
}

func write(t *testing.T, events []trace.Event) {
	t.Helper()
	f, err := os.Create(*keep)
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Write(f, events); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
