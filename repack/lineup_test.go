package repack_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// TestLineup: the nodes that a lineup finds for a pod are those that asking all nodes finds, as
// others come and go.
func TestLineup(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		script := draw(t, 8, true)
		records, err := clustertest.Parse(script)
		if err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		in := repack.Input{Input: records, Now: clustertest.Born}
		n, differ := repack.Lined(in, repack.Options{Solve: solve.Options{NodeCharge: 2500}}, func(n int) []int {
			return rapid.SliceOfNDistinct(rapid.IntRange(0, max(n-1, 0)), 0, min(n, 3), rapid.ID).Draw(t, "hosts")
		})
		if differ != "" {
			t.Fatalf("%s\n%s", differ, script)
		}
		found += n
	})
	if found == 0 {
		t.Error("no pod ever found a node")
	}
}
