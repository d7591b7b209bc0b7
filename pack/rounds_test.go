package pack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/pack"
)

// TestSecondRound: where quotas have made a second round worth while, and what it joins with nodes
// of the first is no better, these are what they were before.
func TestSecondRound(t *testing.T) {
	set := func(all ...int) pack.Set {
		s := pack.NewSet(5)
		for _, i := range all {
			s.Add(i)
		}
		return s
	}
	room := func(v int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: v}} }
	shape := func(memory, price int64, kind int32, cpu int64) pack.Shape {
		return pack.Shape{Room: room(memory), Price: price, Kind: kind, Uses: []pack.Use{{Quota: 0, Amount: cpu}}}
	}
	p := &pack.Problem{
		Room: []int64{0}, Quotas: []int64{19}, NodeCharge: 2500,
		Admits: []pack.Set{set(0), set(0, 1, 2), set(0, 1, 3), set(0, 1, 4)},
		Items: []pack.Item{
			{Size: room(1296), Count: 2}, {Size: room(1638), Count: 1, Profile: 1}, {Size: room(819), Count: 2, Profile: 2},
			{Size: room(1), Count: 1}, {Size: room(1), Count: 1, Profile: 3}, {Size: room(1), Count: 1, Profile: 4},
		},
		Shapes: []pack.Shape{shape(57467, 9, 0, 16), shape(2890, 9, 1, 2), shape(13938, 2360, 2, 4), shape(29093, 3040, 3, 4), shape(29093, 4720, 1, 8)},
	}
	if err := right(packedOnce, p); err != nil {
		t.Error(err)
	}
}
