package pack_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/pack/verify"
)

// TestNoProofAboveOptimum: however a proof is changed, it is not accepted for a
// bound above the optimum.
func TestNoProofAboveOptimum(t *testing.T) {
	tampered := 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t, tiny)
		out := packed(p)
		if len(out.Proof.Parts) == 0 {
			return
		}
		proof := *out.Proof
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			tamper(t, &proof)
		}
		rise := out.Objective + 1 - proof.Bound
		proof.Bound += rise
		proof.Parts[0].Bound += rise
		tampered++
		if verify.Check(p, &proof) == nil {
			t.Fatalf("bound %d is accepted, the optimum is %d\n%+v\n%+v", proof.Bound, out.Objective, p, proof)
		}
	})
	if tampered == 0 {
		t.Error("no proof was changed: nothing was tested")
	}
}

// tamper changes a number of a proof that makes what it shows larger.
func tamper(t *rapid.T, q *pack.Proof) {
	part := &q.Parts[rapid.IntRange(0, len(q.Parts)-1).Draw(t, "part")]
	pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "index") }
	change := func(v int64) int64 {
		return max(0, v+rapid.SampledFrom([]int64{-v, -v / 2, -1, 1, v / 3, v, 1 << 20}).Draw(t, "change"))
	}
	r := &part.Rows[pick(len(part.Rows))]
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		i := pick(len(r.Values))
		r.Values[i] = change(r.Values[i])
	case 1:
		r.Need = change(r.Need)
	case 2:
		i := pick(len(r.Most))
		r.Most[i] = change(r.Most[i])
	case 3:
		r.By[pick(len(r.By))] = int32(pick(len(part.Prices)))
	case 4:
		if list := part.Prices[pick(len(part.Prices))]; len(list) > 0 {
			i := pick(len(list))
			list[i] = change(list[i])
		}
	case 5:
		if x := &part.Cases[pick(len(part.Cases))]; x.Shape < 0 {
			i := pick(len(x.Prices))
			x.Prices[i] = change(x.Prices[i])
		}
	case 6:
		part.As[pick(len(part.As))] = int32(pick(len(part.As)+1) - 1)
	case 7:
		if len(part.Units) > 0 {
			i := pick(len(part.Units))
			part.Units[i] = change(part.Units[i])
		}
	case 8:
		if len(r.HostMost) > 0 {
			i := pick(len(r.HostMost))
			r.HostMost[i] = change(r.HostMost[i])
		}
	case 9:
		if len(r.HostBy) > 0 {
			r.HostBy[pick(len(r.HostBy))] = int32(pick(len(part.Prices)+1) - 1)
		}
	}
}
