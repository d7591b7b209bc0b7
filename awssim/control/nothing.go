package control

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// What people are told who ask for something to happen to what there is not: what there
// is. Of long lists they are told the beginning.
const named = 8

// list names things, a few of them.
func list(names []string) string {
	if more := len(names) - named; more > 0 {
		return strings.Join(names[:named], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// noPool says why a pattern matches nothing that is sold: by the first of its parts that
// nothing fits, or by all of them together.
func noPool(w *world.World, p simulated.Pattern) error {
	region := w.Config().Region
	var types, alike []string
	for _, t := range w.Types() {
		types = append(types, t.Name)
		if family, _, _ := strings.Cut(p.InstanceType, "."); strings.HasPrefix(t.Name, family+".") {
			alike = append(alike, t.Name)
		}
	}
	fits := func(p simulated.Pattern, all []string, id func(string) cluster.OfferingID) bool {
		return slices.ContainsFunc(all, func(name string) bool { return p.Matches(id(name)) })
	}
	switch {
	case !fits(simulated.Pattern{InstanceType: p.InstanceType}, types, func(n string) cluster.OfferingID { return cluster.OfferingID{InstanceType: n} }):
		if len(alike) == 0 {
			return fmt.Errorf("%s sells no instance type that matches %q; there are %d, such as %s", region, p.InstanceType, len(types), list(types))
		}
		return fmt.Errorf("%s sells no instance type that matches %q; there are %s", region, p.InstanceType, list(alike))
	case !fits(simulated.Pattern{Zone: p.Zone}, w.Zones(), func(n string) cluster.OfferingID { return cluster.OfferingID{Zone: n} }):
		return fmt.Errorf("%s has no zone that matches %q; there are %s", region, p.Zone, list(w.Zones()))
	case !fits(simulated.Pattern{CapacityType: p.CapacityType}, []string{cluster.OnDemand, cluster.Spot}, func(n string) cluster.OfferingID { return cluster.OfferingID{CapacityType: n} }):
		return fmt.Errorf("no capacity type matches %q; there are %s and %s", p.CapacityType, cluster.OnDemand, cluster.Spot)
	}
	return fmt.Errorf("%s does not sell %s: each of its parts is there, but not together", region, p)
}

// noSpot says that nothing runs that a reclaim would take back, and what runs instead.
func noSpot(w *world.World, p simulated.Pattern) error {
	count := map[string]int{}
	for _, i := range w.Reclaimable(simulated.Pattern{}) {
		count[i.Offering().String()]++
	}
	if len(count) == 0 {
		return fmt.Errorf("reclaim %s: no Spot instance runs that is not being taken back already", p)
	}
	var pools []string
	for name, n := range count {
		pools = append(pools, fmt.Sprintf("%s (%d)", name, n))
	}
	slices.Sort(pools)
	return fmt.Errorf("reclaim %s: no Spot instance runs in a pool that matches; they run in %s", p, list(pools))
}

// noInstance says that there is no machine to retire by an id, and which there are.
func noInstance(w *world.World, id string) error {
	var ids []string
	for _, i := range w.Launches() {
		if i.Stopping == 0 && !i.Elsewhere {
			ids = append(ids, i.ID)
		}
	}
	return fmt.Errorf("retire: no instance %s runs whose machine could be retired; there are %s", id, cmp.Or(list(ids), "none"))
}
