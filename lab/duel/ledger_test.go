package duel

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLedger: what was done is found again, on its own terms only.
func TestLedger(t *testing.T) {
	l := Ledger{Path: filepath.Join(t.TempDir(), "ledger.jsonl")}
	terms := Terms{Workload: "mixed", Phases: []Phase{{Pods: 5, For: time.Minute}}}
	longer := Terms{Workload: "mixed", Phases: []Phase{{Pods: 5, For: time.Hour}}}
	gated := Terms{Workload: "mixed", Phases: terms.Phases, Gates: "SpotToSpotConsolidation=true"}
	if got, err := l.Read(terms); err != nil || len(got) != 0 {
		t.Fatalf("without a file: %v, %v", got, err)
	}
	for _, e := range []Entry{{terms, Result{Contestant: "ullage", Seed: 1, USD: 2}}, {longer, Result{Contestant: "ullage", Seed: 2}}, {gated, Result{Contestant: "ullage", Seed: 3}}, {terms, Result{Contestant: "karpenter", Seed: 1}}} {
		if err := l.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Read(terms)
	if err != nil || len(got) != 2 || got[0].USD != 2 || got[1].Contestant != "karpenter" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.WriteFile(l.Path, []byte("{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Read(terms); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("of half a line: %v", err)
	}
}

// TestBouts: everybody has every seed, and nobody always goes first.
func TestBouts(t *testing.T) {
	if got := fmt.Sprint(Bouts([]uint64{1, 2, 3}, "a", "b")); got != "[{a 1} {b 1} {b 2} {a 2} {a 3} {b 3}]" {
		t.Error(got)
	}
}

// TestTable: medians, spreads, and ratios of pairs; a run without its pair is left out.
func TestTable(t *testing.T) {
	result := func(name string, seed uint64, usd float64) Result {
		return Result{
			Contestant: name, Seed: seed, USD: usd, Program: name + ".v1", Phases: []PhaseResult{{Phase: Phase{Pods: 7}, Wait: Waits{Median: usd * 10}, AWS: 2}},
			AWS: map[string]int{"ec2:CreateFleet": 3, "ec2:CreateFleet throttled": 1, "ec2:DescribeImages": 1}, Kubernetes: map[string]int{"patch nodes": 4, "watch pods": 1},
		}
	}
	all := []Result{
		result("theirs", 1, 2), result("ours", 1, 1), result("ours", 2, 3), result("theirs", 2, 4), result("ours", 3, 2), result("theirs", 3, 8), result("ours", 4, 99),
	}
	var text strings.Builder
	if err := Write(&text, all, "ours", "theirs"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Seeds 1 2 3:", "price of the run, $  2.0000 (1.0000 to 3.0000)  4.0000 (2.0000 to 8.0000)   0.50", "1. 7 pods: wait beyond boot, median, s",
		"of them, writes to EC2  3 (3 to 3)", "of them, throttled  1 (1 to 1)", "calls to Kubernetes  5 (5 to 5)", "of them, patch  4 (4 to 4)", "patch nodes 12, watch pods 3", "theirs was theirs.v1. Its calls",
	} {
		if !strings.Contains(squeeze(text.String()), squeeze(want)) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	text.Reset()
	if err := Write(&text, all[:1], "ours", "theirs"); err != nil || !strings.Contains(text.String(), "No seed") {
		t.Errorf("without a pair: %q, %v", text.String(), err)
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
