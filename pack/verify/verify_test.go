package verify_test

import (
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/pack"
	"github.com/ullage-sh/ullage/pack/verify"
)

// problem: three items of size 2 and one of size 5 before two shapes, one of which
// costs more and does no more than a third, and a host with room for one small item.
func problem() *pack.Problem {
	all := pack.NewSet(1)
	all.Add(0)
	size := func(v int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: v}} }
	return &pack.Problem{
		Room: []int64{0}, Admits: []pack.Set{all, pack.NewSet(1)},
		Items:  []pack.Item{{Size: size(20), Count: 4}, {Size: size(50), Count: 1}},
		Hosts:  []pack.Host{{Room: size(30)}},
		Shapes: []pack.Shape{{Room: size(40), Price: 50}, {Room: size(90), Price: 100}, {Room: size(80), Price: 110}, {Room: size(80), Price: 1, Kind: 1}},
	}
}

// proof is one by hand: all items need 13 units of room, the host can take an item
// of 2, so new nodes must have 11; one large node has 9, two small ones 8. With no
// large node, three small ones are needed (150); with one, something more (150).
func proof() *pack.Proof {
	return &pack.Proof{
		Bound: 150, Held: []int32{4, 1},
		Parts: []pack.Part{{
			Bound: 150, As: []int32{0, 1, 1, -1}, Dims: []int32{0}, Units: []int64{10}, Prices: [][]int64{{1}},
			Rows: []pack.Row{{
				Values: []int64{2, 5}, Need: 11, Most: []int64{4, 9, 0, 0}, By: []int32{0, 0, 0, 0}, HostMost: []int64{3}, HostBy: []int32{0},
			}},
			Shift: 2,
			Cases: []pack.Case{
				{Shape: 1, More: 1, None: 2},
				// 2 units are needed, the small node has them for 50.
				{Shape: -1, Prices: []int64{100}},
				// 11 units are needed at 12.5 each: 137.5, which is no multiple of 50.
				{Shape: -1, Prices: []int64{50}},
			},
		}},
	}
}

func TestCheck(t *testing.T) {
	if err := verify.Check(problem(), proof()); err != nil {
		t.Fatal(err)
	}
	if err := verify.Check(problem(), nil); err == nil {
		t.Error("no proof at all is accepted")
	}
	// What a host can hold may be shown by trying its loads, or item by item.
	for _, by := range []int32{0, -1} {
		tried := proof()
		tried.Parts[0].Rows[0].HostMost[0], tried.Parts[0].Rows[0].HostBy[0] = 2, by
		if err := verify.Check(problem(), tried); err != nil {
			t.Error(err)
		}
	}
	// In no tier but the one that its shapes are in, nothing changes.
	tiered := proof()
	tiered.Tier = []int32{0, 0}
	if err := verify.Check(problem(), tiered); err != nil {
		t.Error(err)
	}
}

// TestCheckRefuses: whatever is wrong with a proof is found.
func TestCheckRefuses(t *testing.T) {
	for _, x := range []struct {
		want  string
		spoil func(*pack.Problem, *pack.Proof, *pack.Part, *pack.Row)
	}{
		{"the claim is 151", func(_ *pack.Problem, q *pack.Proof, _ *pack.Part, _ *pack.Row) { q.Bound++ }},
		{"the claim is 151", func(_ *pack.Problem, q *pack.Proof, p *pack.Part, _ *pack.Row) { q.Bound++; p.Bound++ }},
		{"hosts may leave only 11", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.Need++ }},
		{"a load has value 4", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.Most[0]-- }},
		{"a load has value 9", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.Most[1]-- }},
		{"a load has value 6", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.Values[0]++ }},
		{"negative", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, r *pack.Row) { r.Most[0] = -1 }},
		{"more worth than it costs", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases[1].Prices[0]++ }},
		{"more worth than it costs", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases[2].Prices[0]++ }},
		{"the claim is 150", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases[2].Prices[0] = 36 }},
		{"nothing proves its bound", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases = nil }},
		{"into two later cases", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases[0].More = 0 }},
		{"into two later cases", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases[0].None = 3 }},
		{"counts as another", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases[0].Shape = 2 }},
		{"which costs more", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.As[0] = 1 }},
		{"cannot count as", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.As[0] = 2 }},
		{"is not of this part", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.As[0] = -1 }},
		{"no multiple of", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Units[0] = 20 }},
		{"negative", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Prices[0][0] = -1 }},
		{"negative", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Cases[1].Prices[0] = -1 }},
		{"there is no list of prices", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.By[0] = 1 }},
		{"has no list of prices", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.By[0] = -1 }},
		{"would count twice", func(_ *pack.Problem, q *pack.Proof, p *pack.Part, _ *pack.Row) {
			q.Parts = append(q.Parts, *p)
			q.Bound = 300
		}},
		{"is about", func(_ *pack.Problem, q *pack.Proof, _ *pack.Part, _ *pack.Row) { q.Held = q.Held[:1] }},
		{"do not fit the problem", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.As = p.As[:1] }},
		{"do not fit the problem", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.HostBy = nil }},
		{"does not exist", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, _ *pack.Row) { p.Dims[0] = 7 }},
		// The same proof for another problem.
		{"a load has value 4", func(p *pack.Problem, _ *pack.Proof, _ *pack.Part, _ *pack.Row) { p.Hosts[0].Room[0].Value = 40 }},
		{"a load has value 2", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.HostMost[0] = 1 }},
		{"it may hold value 2", func(_ *pack.Problem, _ *pack.Proof, _ *pack.Part, r *pack.Row) { r.HostMost[0], r.HostBy[0] = 1, -1 }},
		{"more than can be counted", func(_ *pack.Problem, _ *pack.Proof, p *pack.Part, r *pack.Row) {
			p.Prices = append(p.Prices, []int64{1 << 62})
			r.HostBy[0] = 1
		}},
		{"hosts may leave only 9", func(_ *pack.Problem, q *pack.Proof, _ *pack.Part, _ *pack.Row) { q.Held[0] = 3 }},
		{"a load has value 5", func(p *pack.Problem, _ *pack.Proof, _ *pack.Part, _ *pack.Row) { p.Shapes[0].Room[0].Value = 50 }},
		{"more worth than it costs", func(p *pack.Problem, _ *pack.Proof, _ *pack.Part, _ *pack.Row) { p.Shapes[0].Price-- }},
		{"which costs more", func(p *pack.Problem, _ *pack.Proof, _ *pack.Part, _ *pack.Row) { p.Shapes[2].Price = 99 }},
		{"is not of this part", func(p *pack.Problem, _ *pack.Proof, _ *pack.Part, _ *pack.Row) { p.Shapes[3].Kind = 0 }},
		{"hosts may leave only", func(p *pack.Problem, _ *pack.Proof, _ *pack.Part, _ *pack.Row) { p.Hosts = append(p.Hosts, p.Hosts[0]) }},
	} {
		p, q := problem(), proof()
		part := &q.Parts[0]
		x.spoil(p, q, part, &part.Rows[0])
		if len(part.Rows[0].HostBy) < len(p.Hosts) && len(part.Rows[0].HostBy) > 0 {
			part.Rows[0].HostBy, part.Rows[0].HostMost = append(part.Rows[0].HostBy, 0), append(part.Rows[0].HostMost, 3)
		}
		if err := verify.Check(p, q); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("want %q, got %v", x.want, err)
		}
	}
}

// TestCheckLarge: numbers that would run over are refused, not wrapped around.
func TestCheckLarge(t *testing.T) {
	p, q := problem(), proof()
	q.Held[0] = 1 << 30
	q.Parts[0].Rows[0].Values = []int64{1 << 61, 1 << 61}
	if err := verify.Check(p, q); err == nil {
		t.Error("values beyond all numbers are accepted")
	}
}
