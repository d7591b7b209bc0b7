package topology

import (
	"cmp"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// addRank orders the domains by the prices of their offerings, each as a share of
// the mean price of what is sold alike elsewhere. Where all are the same, the
// labels decide.
func (d *domains) addRank() {
	d.rank = make([]int32, d.n)
	for i := range d.rank {
		d.rank[i] = int32(i)
	}
	slices.SortFunc(d.rank, func(x, y int32) int {
		return cmp.Or(cmp.Compare(d.share[x], d.share[y]), cmp.Compare(d.values[x], d.values[y]))
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
