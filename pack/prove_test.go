package pack_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/pack/verify"
)

// provenFor says what is wrong with a proof for all items of a problem, which cost so
// much at least.
func provenFor(p *pack.Problem, proof *pack.Proof, least int64) error {
	if err := verify.Check(p, proof); err != nil {
		return fmt.Errorf("the proof is refused: %w", err)
	}
	for i := range p.Items {
		if proof.Held[i] != p.Items[i].Count {
			return fmt.Errorf("it is about %d of item %d, of which there are %d", proof.Held[i], i, p.Items[i].Count)
		}
	}
	if proof.Bound > least {
		return fmt.Errorf("bound %d, the optimum is %d", proof.Bound, least)
	}
	return nil
}

// TestProve: whatever is said of where items are, the bound is none above the optimum.
func TestProve(t *testing.T) {
	all, positive := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := drawProblem(t, tiny)
		r := best(p)
		if r.left > 0 {
			return // nothing holds all of them
		}
		s := pack.Standing{Hosted: make([]int32, len(p.Items)), Tier: make([]int32, len(p.Items))}
		for i := range p.Items {
			s.Hosted[i] = int32(rapid.IntRange(0, int(p.Items[i].Count)).Draw(t, "hosted"))
			if r.tiers > 0 { // the best packing does not keep to tiers
				s.Tier[i] = 1
			}
		}
		proof := pack.Prove(p, s, pack.Options{Steps: rapid.SampledFrom([]int{0, 2000}).Draw(t, "steps")})
		if err := provenFor(p, proof, r.cost); err != nil {
			t.Fatalf("%v\n%+v", err, p)
		}
		all++
		if proof.Bound > 0 {
			positive++
		}
	})
	t.Logf("%d problems, %d bounds above 0", all, positive)
	if positive < all/4 {
		t.Error("too little was proven")
	}
}

// TestProveFullHosts: what is left of nearly full hosts is no room for what fits into
// all of it together.
func TestProveFullHosts(t *testing.T) {
	all := pack.NewSet(1)
	all.Add(0)
	amount := func(v int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: v}} }
	p := &pack.Problem{
		Room: []int64{0}, Admits: []pack.Set{all},
		Items:  []pack.Item{{Size: amount(7), Count: 6}, {Size: amount(4), Count: 3}},
		Shapes: []pack.Shape{{Room: amount(14), Price: 100}},
	}
	for range 6 { // room for 36 in all, but for nothing of 7, and for one of 4 each
		p.Hosts = append(p.Hosts, pack.Host{Room: amount(6)})
	}
	out := pack.Pack(p, pack.Options{Steps: 2000})
	if out.Objective != 300 || out.Bound != 300 {
		t.Errorf("bound %d, objective %d, want 300", out.Bound, out.Objective)
	}
	if err := provenFor(p, out.Proof, 300); err != nil {
		t.Error(err)
	}
	// A host that is said to hold less than it does is found out.
	for i := range out.Proof.Parts[0].Rows {
		row := &out.Proof.Parts[0].Rows[i]
		if row.HostMost[0] > 0 {
			row.HostMost[0]--
			if verify.Check(p, out.Proof) == nil {
				t.Errorf("row %d: a host may hold less than it does", i)
			}
			row.HostMost[0]++
		}
	}
}

// TestProofsOfWorkloads: proofs that are made before the real catalogue pass the
// verifier, for a thousand nearly full nodes too, and are not far from what packings
// cost.
func TestProofsOfWorkloads(t *testing.T) {
	for name, percent := range map[string]float64{
		"lognormal-100/od": 3, "lognormal-1000/od": 1, "gpu-1000": 5, "apart-20x100": 5, "hosts-200x500": 5, "hosts-1000x500c": 7,
	} {
		c := cases()[slices.IndexFunc(cases(), func(c packCase) bool { return c.name == name })]
		p := c.build(t, 1)
		things := 0
		for i := range p.Items {
			things += int(p.Items[i].Count)
		}
		for _, steps := range []int{0, 20 * things} {
			out := pack.Pack(p, pack.Options{Steps: steps})
			if err := verify.Check(p, out.Proof); err != nil {
				t.Errorf("%s, %d steps: %v", name, steps, err)
			}
			gap := 100 * (float64(out.Objective)/float64(out.Bound) - 1)
			t.Logf("%s, %d steps: %.2f %%", name, steps, gap)
			if steps > 0 && gap > percent {
				t.Errorf("%s: %.2f %% from the bound, at most %.0f %% were so", name, gap, percent)
			}
			out.Proof.Bound++
			if verify.Check(p, out.Proof) == nil {
				t.Errorf("%s, %d steps: a bound of a micro-dollar more passes", name, steps)
			}
		}
	}
}
