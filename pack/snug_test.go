package pack

import (
	"math/rand/v2"
	"testing"
)

// TestSnugIsRemembered: the host that an item fills up best is the same as if all hosts were
// asked anew, after items have come to hosts and left them.
func TestSnugIsRemembered(t *testing.T) {
	remembered := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		amounts := func(most int64) []Amount {
			return []Amount{{Dim: 0, Value: 1 + rng.Int64N(most)}, {Dim: 1, Value: 1 + rng.Int64N(most)}}
		}
		p := &Problem{Room: []int64{0, 0}, Admits: []Set{FullSet(1)}}
		for range 6 {
			p.Items = append(p.Items, Item{Size: amounts(8), Count: 1 + rng.Int32N(60)})
		}
		for range 5 * block {
			p.Hosts = append(p.Hosts, Host{Room: amounts(40)})
		}
		s := newState(newLayout(p, Options{Steps: 1000}))
		q := newQuarters(s, s.hostOrder())
		item := int32(0)
		for step := range 300 {
			if rng.IntN(20) == 0 {
				item = rng.Int32N(int32(len(s.items)))
			}
			before := q.steps
			at, n := q.snuggest(item)
			took := q.steps - before
			q.seeker = nobody
			before = q.steps
			if wantAt, want := q.snuggest(item); at != wantAt || n != want || took != q.steps-before {
				t.Fatalf("seed %d, step %d: %d of item %d at %d in %d steps, want %d at %d in %d", seed, step, n, item, at, took, want, wantAt, q.steps-before)
			}
			some := rng.IntN(len(q.hosts))
			switch on := q.onHost[q.hosts[some]]; {
			case at >= 0 && n > 0 && rng.IntN(3) > 0:
				q.put(at, take{item, 1 + rng.Int32N(n)})
				remembered++
			case len(on) > 0 && q.left[item] > 0 && on[0].item != item && holdsWith(q.row(q.free, q.hosts[some]), q.row(q.size, on[0].item), q.row(q.size, item)):
				q.exchange(some, on[0].item, item)
			}
		}
	}
	if remembered == 0 {
		t.Error("nothing has changed: nothing was tested")
	}
}
