package pack_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/pack"
)

// TestMemoryDecidesNothing: a packing is the same whatever was packed in its memory before: other
// problems, the same one, or the same one with other hosts.
func TestMemoryDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var used pack.Memory
		for range 3 {
			p := drawProblem(t, small)
			opt := pack.Options{Steps: rapid.SampledFrom([]int{0, 500}).Draw(t, "steps"), Hosts: rapid.Bool().Draw(t, "hosts"), Unproven: true}
			fewer, none := *p, *p
			fewer.Hosts, none.Hosts = p.Hosts[:len(p.Hosts)/2], nil
			for i, q := range []*pack.Problem{p, &fewer, p, &none} {
				opt.Memory = nil
				fresh := pack.Pack(q, opt)
				opt.Memory = &used
				if again := pack.Pack(q, opt); !reflect.DeepEqual(again, fresh) {
					t.Fatalf("problem %d: with a memory of others it is\n%+v\nwithout\n%+v", i, again, fresh)
				}
			}
			if a, b := pack.Worth(p, &used), pack.Worth(p, nil); !reflect.DeepEqual(a, b) {
				t.Fatalf("items are worth %v with a memory of others, and %v without", a, b)
			}
		}
	})
}
