package topology

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// addRank orders the domains by the prices of their offerings, each as a share of
// the mean price of what is sold alike elsewhere. Where all are the same, the
// labels decide.
func (d *domains) addRank(snap *cluster.Snapshot) {
	type ware struct {
		pool int
		kind string
		how  string
	}
	of := func(o *cluster.PoolOffering) ware { return ware{o.Pool, o.ID.InstanceType, o.ID.CapacityType} }
	sum, sold := map[ware]int64{}, map[ware]int64{}
	for i := range snap.Offerings {
		w := of(&snap.Offerings[i])
		sum[w] += int64(snap.Offerings[i].Price)
		sold[w]++
	}
	const whole = 1000
	share, n := make([]int64, d.n), make([]int64, d.n)
	d.share = share
	for at, set := range d.offeringSets {
		for i := range members(set) {
			o := &snap.Offerings[i]
			w := of(o)
			if sum[w] > 0 {
				share[at] += int64(o.Price) * sold[w] * whole / sum[w]
				n[at]++
			}
		}
	}
	d.rank = make([]int32, d.n)
	for i := range d.rank {
		d.rank[i] = int32(i)
		if n[i] > 0 {
			share[i] /= n[i]
		} else {
			share[i] = 2 * whole // nothing to buy there: last
		}
	}
	slices.SortFunc(d.rank, func(x, y int32) int {
		return cmp.Or(cmp.Compare(share[x], share[y]), cmp.Compare(d.values[x], d.values[y]))
	})
}
