package pack_test

import (
	"testing"

	"github.com/ullage-sh/ullage/pack"
)

// TestVarietyLeavesRoom: a node on which all that is left would leave too few alternatives takes
// what leaves enough. Here one of the third item goes beside one of the second, and two do not.
func TestVarietyLeavesRoom(t *testing.T) {
	set := func(all ...int) pack.Set {
		s := pack.NewSet(6)
		for _, i := range all {
			s.Add(i)
		}
		return s
	}
	room := func(a, b int64) []pack.Amount { return []pack.Amount{{Dim: 0, Value: a}, {Dim: 1, Value: b}} }
	use := func(quota int32, amount int64) []pack.Use { return []pack.Use{{Quota: quota, Amount: amount}} }
	p := &pack.Problem{
		Room: []int64{0, 0}, Admits: []pack.Set{set(1), set(0, 1, 2), set(0, 2)}, Quotas: []int64{4, 4},
		Items: []pack.Item{
			{Size: room(8, 1), Count: 3, Profile: 1}, {Size: room(1, 3), Count: 11}, {Size: room(3, 1), Count: 9},
		},
		Shapes: []pack.Shape{
			{Room: room(4, 2), Price: 25, Kind: 2, Uses: use(0, 2)},
			{Room: room(6, 9), Price: 1, Kind: 2, Uses: use(1, 1)},
			{Room: room(13, 2), Price: 2, Kind: 1, Uses: use(1, 1)},
		},
	}
	p.Shapes[1].Variety = &pack.Variety{Least: []int32{2}, Alternatives: []pack.Alternative{
		{Room: room(6, 9), Kind: 2, Values: []int32{1}}, {Room: room(7, 5), Kind: 1, Values: []int32{2}}, {Room: room(13, 2), Kind: 1, Values: []int32{2}},
	}}
	if err := right(packed, p); err != nil {
		t.Error(err)
	}
}
