package repack_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/repack"
	"github.com/ullage-sh/ullage/solve"
)

// TestFewHostsStandForAll: what would replace hosts is the same whether all others are looked
// at, or those with room and one of each kind of the rest.
func TestFewHostsStandForAll(t *testing.T) {
	short, tried := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		script := draw(t, 12, true)
		records, err := clustertest.Parse(script)
		if err != nil {
			t.Fatalf("%v\n%s", err, script)
		}
		some := func(n int) []int {
			return rapid.SliceOfNDistinct(rapid.IntRange(0, max(n-1, 0)), min(n, 1), min(n, 4), rapid.ID[int]).Draw(t, "hosts")
		}
		n, one, other := repack.Twins(repack.Input{Input: records, Now: clustertest.Born}, repack.Options{Solve: solve.Options{NodeCharge: 2500}}, some)
		if one != other {
			t.Fatalf("of those with room:\n%s\nof all:\n%s\n%s", one, other, script)
		}
		short, tried = short+n, tried+2
	})
	if short*4 < tried {
		t.Errorf("only %d of %d times some host was left out", short, tried)
	}
}
