package pack_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/ullage-sh/ullage/pack"
)

// TestMemoryDecidesNothing: a packing is the same whatever was packed in its memory before.
func TestMemoryDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var used pack.Memory
		for range 3 {
			p := drawProblem(t, small)
			opt := pack.Options{Steps: rapid.SampledFrom([]int{0, 500}).Draw(t, "steps"), Hosts: rapid.Bool().Draw(t, "hosts"), Unproven: true}
			fresh := pack.Pack(p, opt)
			opt.Memory = &used
			first := pack.Pack(p, opt)
			if !reflect.DeepEqual(first, fresh) {
				t.Fatalf("with a memory of others it is\n%+v\nwithout\n%+v", first, fresh)
			}
			if again := pack.Pack(p, opt); !reflect.DeepEqual(again, fresh) {
				t.Fatalf("packed again it is\n%+v\nat first\n%+v", again, fresh)
			}
			if a, b := pack.Worth(p, &used), pack.Worth(p, nil); !reflect.DeepEqual(a, b) {
				t.Fatalf("items are worth %v with a memory of others, and %v without", a, b)
			}
		}
	})
}
