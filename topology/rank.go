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
	index := map[ware]int32{}
	wares := make([]int32, len(snap.Offerings)) // of each offering
	var sum, sold []int64
	for i := range snap.Offerings {
		o := &snap.Offerings[i]
		w := ware{o.Pool, o.ID.InstanceType, o.ID.CapacityType}
		at, ok := index[w]
		if !ok {
			at = int32(len(sum))
			index[w] = at
			sum, sold = append(sum, 0), append(sold, 0)
		}
		wares[i] = at
		sum[at] += int64(o.Price)
		sold[at]++
	}
	const whole = 1000
	share, n := make([]int64, d.n), make([]int64, d.n)
	d.share = share
	for at, set := range d.offeringSets {
		for i := range set.All {
			if w := wares[i]; sum[w] > 0 {
				share[at] += int64(snap.Offerings[i].Price) * sold[w] * whole / sum[w]
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
