package autoscaler

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Group is a node group: one offering of a pool, by its index in Snapshot.Offerings.
type Group int

// cores are the sizes of which people make groups.
var cores = []int64{8, 32}

// Groups are the node groups of a snapshot, by pool and name.
func Groups(s *cluster.Snapshot) []Group {
	var out []Group
	for pool := range s.Pools {
		p := &s.Pools[pool]
		if p.Closed() != "" || p.Shape != cluster.Free {
			continue
		}
		names := typesOf(s, pool)
		for i := range s.Offerings {
			if o := &s.Offerings[i]; o.Pool == pool && names[o.ID.InstanceType] {
				out = append(out, Group(i))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		x, y := &s.Offerings[a], &s.Offerings[b]
		return cmp.Or(cmp.Compare(x.Pool, y.Pool), x.ID.Compare(y.ID))
	})
	return out
}

// kind is what people want of the instance type of a group.
type kind struct {
	arch  string
	gib   int64 // of memory a core, as powers of two
	extra string
	cores int64 // at the most
}

// typesOf are the instance types that a pool's groups have: for each kind the one with
// the most cores, then with the lowest price.
func typesOf(s *cluster.Snapshot, pool int) map[string]bool {
	type choice struct {
		name  string
		cores int64
		price cluster.Money
	}
	best := map[kind]choice{}
	for i := range s.Offerings {
		o := &s.Offerings[i]
		if o.Pool != pool {
			continue
		}
		have := o.Type.Capacity.Get(cluster.CPU) / 1000
		for _, most := range cores {
			k := kind{arch: o.Type.Labels[cluster.LabelArch], gib: ratio(o.Type), extra: extras(o.Type), cores: most}
			if have > most || k.gib == 0 {
				continue
			}
			x := choice{o.ID.InstanceType, have, cheapest(o.Type)}
			if y, ok := best[k]; !ok || x.cores > y.cores || x.cores == y.cores && (x.price < y.price || x.price == y.price && x.name < y.name) {
				best[k] = x
			}
		}
	}
	names := map[string]bool{}
	for _, x := range best {
		names[x.name] = true
	}
	return names
}

// ratio is the memory of a type for each core, in GiB: 2, 4 or 8, 0 for none of these.
func ratio(t *cluster.InstanceType) int64 {
	cpu, memory := t.Capacity.Get(cluster.CPU), t.Capacity.Get(cluster.Memory)
	if cpu == 0 {
		return 0
	}
	mib := memory * 1000 / cpu >> 20 // the machine keeps a part to itself
	for _, gib := range []int64{2, 4, 8} {
		if mib > gib*1024*8/10 && mib <= gib*1024*11/10 {
			return gib
		}
	}
	return 0
}

// extras are the devices of a type.
func extras(t *cluster.InstanceType) string {
	var out []string
	for _, a := range t.Capacity {
		switch a.Name {
		case cluster.CPU, cluster.Memory, cluster.Pods, cluster.EphemeralStorage:
		default:
			out = append(out, a.Name+"="+strconv.FormatInt(a.Value, 10))
		}
	}
	return strings.Join(out, ",")
}

// cheapest is the lowest on-demand price of a type, or of all its offerings.
func cheapest(t *cluster.InstanceType) cluster.Money {
	by := map[bool]cluster.Money{}
	for _, o := range t.Offerings {
		demand := o.CapacityType == cluster.OnDemand
		if p, ok := by[demand]; !ok || o.Price < p {
			by[demand] = o.Price
		}
	}
	if p, ok := by[true]; ok {
		return p
	}
	return slices.Min(slices.Collect(maps.Values(by)))
}
