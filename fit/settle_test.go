package fit

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestWhatIsBoughtUsesUpLimits: who plans for what is left sees what nodes that were bought
// before have used of their pool's limits and of stocks.
func TestWhatIsBoughtUsesUpLimits(t *testing.T) {
	const addresses = "subnet: addresses"
	ref := cluster.ClassRef{Kind: "Test", Name: "default"}
	size := cluster.NewResources(map[string]int64{cluster.CPU: 8000})
	snap := cluster.NewSnapshot(cluster.Input{
		Pools:  []*cluster.Pool{{Name: "default", Class: ref}},
		Stocks: []cluster.Stock{{Name: addresses, Left: 5}, {Name: "other", Left: 7}},
		Types: map[cluster.ClassRef][]cluster.InstanceType{ref: {{Name: "large", Labels: cluster.Labels{cluster.LabelArch: "amd64", cluster.LabelOS: "linux"}, Capacity: size, Allocatable: size,
			Offerings: []cluster.Offering{{Zone: "a", CapacityType: cluster.OnDemand, Price: 1, Available: true, Draws: []cluster.Draw{{Stock: addresses, Amount: 2}}}}}}},
	})
	w := New(snap)
	w.Buy(0)
	w.Buy(0)
	s := w.Settle(nil, func(int) []*cluster.Pod { return nil })
	if used := s.Pools[0].Used; used.Get(cluster.CPU) != 16_000 || used.Get(cluster.NodesLimit) != 2 {
		t.Errorf("the pool has used %v", used)
	}
	if s.Stocks[0].Left != 7 || s.Stocks[1].Left != 1 {
		t.Errorf("of the stocks %v are left", s.Stocks)
	}
	if snap.Pools[0].Used.Get(cluster.CPU) != 0 || snap.Stocks[1].Left != 5 {
		t.Error("the snapshot itself has changed")
	}
}
