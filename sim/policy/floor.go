package policy

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/solve"
)

// Floor is the least that nodes for the pods of a moment must cost per hour, whoever
// buys them: a proven bound for that moment. It asks only for what must hold of pods
// that run: room beside the DaemonSets', node selection, tolerations, required
// anti-affinity. Spreads and affinity hold when pods come and may not any more, limits
// and weights are the policy's, and offerings that are sold out at the moment may have
// been bought before.
//
// Over time it is a bound for no policy: pods that were moved to such nodes from moment
// to moment would all the time be on their way.
type Floor struct {
	pools   []*cluster.Pool
	stocks  []cluster.Stock
	types   map[cluster.ClassRef][]cluster.InstanceType
	demands cluster.Demands
	loose   map[*cluster.Demand]*cluster.Demand
	known   map[string]cluster.Money
}

// floorSteps bounds the search for a bound.
const floorSteps = 1_000

// NewFloor makes the floor of a scenario's pools and instance types.
func NewFloor(s *sim.Scenario) *Floor {
	f := &Floor{types: map[cluster.ClassRef][]cluster.InstanceType{}, loose: map[*cluster.Demand]*cluster.Demand{}, known: map[string]cluster.Money{}}
	types := slices.Clone(s.Types)
	for i := range types {
		types[i].Offerings = slices.Clone(types[i].Offerings)
		for j := range types[i].Offerings {
			types[i].Offerings[j].Available = true
		}
	}
	for stock, most := range mostReserved(s) {
		f.stocks = append(f.stocks, cluster.Stock{Name: stock, Left: most})
	}
	for _, p := range s.Pools {
		x := *p
		x.Weight, x.Limits = 0, nil
		x.Requirements = slices.Clone(p.Requirements)
		for i := range x.Requirements {
			x.Requirements[i].MinValues = 0
		}
		f.pools = append(f.pools, &x)
		f.types[p.Class] = types
	}
	return f
}

// mostReserved is how many instances each reservation ever has: those that are more than it has
// at the moment stay.
func mostReserved(s *sim.Scenario) map[string]int64 {
	out := map[string]int64{}
	for _, r := range s.Reserved {
		out[r.Stock()] = max(out[r.Stock()], int64(r.Count))
	}
	return out
}

// At returns the floor of a moment, per hour.
func (f *Floor) At(m sim.Moment) cluster.Money {
	in := cluster.Input{Pools: f.pools, Types: f.types, Stocks: f.stocks, Daemons: m.Daemons}
	counts := map[string]uint64{}
	for _, p := range m.Pods {
		if p.Daemon() || p.Mirror {
			continue
		}
		x := &cluster.Pod{
			UID: p.UID, Namespace: p.Namespace, Name: p.Name, Demand: f.relax(p.Demand), Identity: p.Identity,
			Owner: p.Owner, Created: p.Created, UnschedulableSince: p.Created + 1,
		}
		in.Pods = append(in.Pods, x)
		kind := x.Demand.Key
		if len(x.Demand.PodAntiAffinity) > 0 && x.Identity != nil {
			kind += x.Identity.Key
		}
		counts[kind]++
	}
	key := signature(counts, m.Daemons)
	if bound, ok := f.known[key]; ok {
		return bound
	}
	bound := solve.Solve(cluster.NewSnapshot(in), solve.Options{Steps: floorSteps}).Bound
	f.known[key] = bound
	return bound
}

// signature tells moments apart that have different floors.
func signature(counts map[string]uint64, daemons []*cluster.DaemonSet) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		b.WriteString(k)
		b.Write(binary.LittleEndian.AppendUint64(nil, counts[k]))
	}
	for _, d := range daemons {
		b.WriteString(d.UID)
	}
	return b.String()
}

// relax leaves of a demand what must hold of a pod that runs.
func (f *Floor) relax(d *cluster.Demand) *cluster.Demand {
	if x, ok := f.loose[d]; ok {
		return x
	}
	c := *d
	c.Key = ""
	c.Spreads, c.PodAffinity, c.Preferences, c.PreferencePrice = nil, nil, nil, nil
	x := f.demands.Intern(c)
	f.loose[d] = x
	return x
}
