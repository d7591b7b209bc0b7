package demo

import (
	"os"
	"path/filepath"
	"testing"
)

// TestDemo runs the demo and wants each of its steps to end where README says: at the least
// that was proven possible, within the granularity of nodes.
func TestDemo(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "demo.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }() // read back below
	results, err := run(t.Context(), Options{In: os.Stdin, Out: out, Speed: 30, Seed: 1})
	text, _ := os.ReadFile(out.Name()) // for the log only
	t.Logf("%s", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(steps) {
		t.Fatalf("%d steps, want %d", len(results), len(steps))
	}
	for _, r := range results {
		if r.to > 0 && (r.score.Nodes == 0 || r.score.Gap() > 0.03) {
			t.Errorf("%s", r.sentence())
		}
	}
}
