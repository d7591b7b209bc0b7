package script

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
)

var large = flag.Duration("large", 0, "how much of scenarios/large-day.yaml is simulated, twice: 24h is all of it")

// TestLargeDay: the large day is the same twice, and as large as it says. It takes minutes,
// and needs two GiB:
//
//	go test ./sim/script -run LargeDay -large 24h -timeout 2h -v
func TestLargeDay(t *testing.T) {
	if *large == 0 {
		t.Skip("it takes minutes; -large 24h runs all of it")
	}
	text, err := os.ReadFile("../../scenarios/large-day.yaml")
	if err != nil {
		t.Fatal(err)
	}
	first := ""
	for range 2 {
		s, err := Read("large-day.yaml", text, embedded(t))
		if err != nil {
			t.Fatal(err)
		}
		whole := s.Length
		s.Length = min(whole, cluster.Duration(*large))
		began := time.Now()
		r, err := sim.Run(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s in %s: %d nodes at the most, %d pods started, digest %s", s.Length, time.Since(began).Round(time.Second), r.NodesMost, r.PodsStarted, r.Digest)
		if s.Length == whole && (r.NodesMost < 10_000 || r.PodsStarted < 1_000_000) {
			t.Errorf("%d nodes at the most and %d pods that started: it is to be 10,000 and a million", r.NodesMost, r.PodsStarted)
		}
		if len(r.Violations) > 0 {
			t.Errorf("rules were broken: %+v", r.Violations[:min(len(r.Violations), 5)])
		}
		if first == "" {
			first = r.Digest
		} else if r.Digest != first {
			t.Errorf("the second time it is another day: %s, %s", first, r.Digest)
		}
	}
}
