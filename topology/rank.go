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
	wares, n := alikeElsewhere(snap.Offerings)
	sum, sold := make([]int64, n), make([]int64, n)
	for i, w := range wares {
		sum[w] += int64(snap.Offerings[i].Price)
		sold[w]++
	}
	const whole = 1000
	share, offers := make([]int64, d.n), make([]int64, d.n)
	d.share = share
	for at, set := range d.offeringSets {
		for i := range set.All {
			if w := wares[i]; sum[w] > 0 {
				share[at] += int64(snap.Offerings[i].Price) * sold[w] * whole / sum[w]
				offers[at]++
			}
		}
	}
	d.rank = make([]int32, d.n)
	for i := range d.rank {
		d.rank[i] = int32(i)
		if offers[i] > 0 {
			share[i] /= offers[i]
		} else {
			share[i] = 2 * whole // nothing to buy there: last
		}
	}
	slices.SortFunc(d.rank, func(x, y int32) int {
		return cmp.Or(cmp.Compare(share[x], share[y]), cmp.Compare(d.values[x], d.values[y]))
	})
}

// alikeElsewhere numbers what is sold, for each offering: those of the same pool, type by
// name and capacity type have one number. There are n of them.
func alikeElsewhere(all []cluster.PoolOffering) (numbers []int32, n int32) {
	type kind struct {
		pool int
		name string
	}
	type good struct {
		kind int32
		how  string
	}
	kinds := map[kind]int32{}
	var kindOf []int32 // of each ware, plus 1: names are looked up once for all zones
	goods := make(map[good]int32, len(all))
	numbers = make([]int32, len(all))
	for i := range all {
		o := &all[i]
		for int(o.Ware) >= len(kindOf) {
			kindOf = append(kindOf, 0)
		}
		if kindOf[o.Ware] == 0 {
			k := kind{o.Pool, o.ID.InstanceType}
			if _, known := kinds[k]; !known {
				kinds[k] = int32(len(kinds)) + 1
			}
			kindOf[o.Ware] = kinds[k]
		}
		g := good{kindOf[o.Ware], o.ID.CapacityType}
		at, known := goods[g]
		if !known {
			at, n = n, n+1
			goods[g] = at
		}
		numbers[i] = at
	}
	return numbers, n
}
