package pack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/pack/verify"
)

// TestProveWholeLoads: what one item leaves of a node is of no use to a part of
// another one.
func TestProveWholeLoads(t *testing.T) {
	amount := func(v int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: v}} }
	p := &pack.Problem{
		Room: []int64{0}, Admits: []pack.Set{pack.FullSet(1)},
		Items:  []pack.Item{{Size: amount(12), Count: 5}, {Size: amount(9), Count: 5}}, // 105 in all
		Shapes: []pack.Shape{{Room: amount(14), Price: 100}},
	}
	const least = 10 * 100
	out := pack.Pack(p, pack.Options{Steps: 2000})
	if out.Objective != least || out.Bound != least {
		t.Errorf("objective %d, bound %d, want %d", out.Objective, out.Bound, least)
	}
	if err := provenFor(p, out.Proof, least); err != nil {
		t.Error(err)
	}
	// A shape that is said to hold less than it does is found out.
	for i := range out.Proof.Parts[0].Rows {
		for s, most := range out.Proof.Parts[0].Rows[i].Most {
			if most > 0 {
				out.Proof.Parts[0].Rows[i].Most[s] /= 2
				if verify.Check(p, out.Proof) == nil {
					t.Errorf("row %d: shape %d may hold half of what it does", i, s)
				}
				out.Proof.Parts[0].Rows[i].Most[s] = most
			}
		}
	}
}
