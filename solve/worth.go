package solve

import (
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/pack"
)

// Worth returns for each class what one of its pods is worth per hour: its share in
// the price of the cheapest mix of new nodes that would hold all pods of the snapshot
// if they could be poured. It is nearly what pods cost where they are many; what they
// cost in fact is at least that, all in all.
func Worth(snap *cluster.Snapshot, opt Options) []cluster.Money {
	relaxed := make([]bool, len(snap.Classes))
	for i := range relaxed {
		relaxed[i] = true
	}
	p := newProblem(snap, opt.withDefaults(snap), relaxed)
	sum, pods := make([]cluster.Money, len(snap.Classes)), make([]cluster.Money, len(snap.Classes))
	for i, worth := range pack.Worth(&p.packing, opt.Memory.forPacking()) {
		for _, lot := range p.split.Items[i].Lots {
			all := int32(0)
			for _, part := range lot.Parts {
				all += part.Pods
			}
			for _, part := range lot.Parts { // what shares a unit shares its worth
				n := cluster.Money(part.Pods) * cluster.Money(lot.Units)
				sum[part.Class] += cluster.Money(worth) * n / cluster.Money(all)
				pods[part.Class] += n
			}
		}
	}
	for c := range sum {
		if pods[c] > 0 {
			sum[c] /= pods[c]
		}
	}
	return sum
}
