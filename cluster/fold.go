package cluster

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// listOf is the value of a label of which the cloud will decide: it becomes one of
// these, "" standing for a node without the label. [Requirement.Matches] asks that
// each of them matches. Values are told apart by commas, which no label can hold.
func listOf(values []string) string {
	slices.Sort(values)
	return strings.Join(slices.Compact(values), ",")
}

// Undecided tells whether a label's value is a list: the node is not there yet, and
// the cloud will decide which it is.
func Undecided(value string) bool { return strings.Contains(value, ",") }

// addFolded adds the offerings of a pool of which the cloud chooses: all of a
// NodeGroup's are one, and all of a type in a PerPod pool.
func (b *builder) addFolded(pool int, types []InstanceType) {
	first := len(b.out.Offerings)
	for i := range types {
		b.addType(pool, &types[i])
		if b.out.Pools[pool].Shape == PerPod {
			b.foldFrom(first)
			first = len(b.out.Offerings)
		}
	}
	b.foldFrom(first)
}

// foldFrom makes one offering of those from first on. It promises what each of them
// keeps: the least room, the highest price, and labels that are lists where they
// differ.
func (b *builder) foldFrom(first int) {
	all := b.out.Offerings[first:]
	if len(all) < 2 {
		return
	}
	x, t := all[0], *all[0].Type
	x.Allocatable, x.Free = slices.Clone(x.Allocatable), slices.Clone(x.Free)
	t.Offerings = nil
	for i := range all[1:] {
		y := &all[i+1]
		for d := range x.Free {
			x.Allocatable[d], x.Free[d] = min(x.Allocatable[d], y.Allocatable[d]), min(x.Free[d], y.Free[d])
		}
		t.Capacity, t.Allocatable = t.Capacity.Max(y.Type.Capacity), t.Allocatable.min(y.Type.Allocatable)
		x.Price, x.ReclaimPPM, x.Imputed = max(x.Price, y.Price), max(x.ReclaimPPM, y.ReclaimPPM), x.Imputed || y.Imputed
		x.Ports = append(slices.Clip(x.Ports), y.Ports...)
		x.Draws = slices.DeleteFunc(slices.Clone(x.Draws), func(d Draw) bool { return !slices.Contains(y.Draws, d) })
	}
	slices.SortFunc(x.Ports, HostPort.Compare)
	x.Ports = slices.Compact(x.Ports)
	x.ID = OfferingID{
		listFrom(all, func(o *PoolOffering) string { return o.ID.InstanceType }),
		listFrom(all, func(o *PoolOffering) string { return o.ID.Zone }),
		listFrom(all, func(o *PoolOffering) string { return o.ID.CapacityType }),
	}
	t.Name, t.Labels = x.ID.InstanceType, Labels{}
	for i := range all {
		for key := range all[i].Type.Labels {
			if _, done := t.Labels[key]; !done {
				t.Labels[key] = listFrom(all, func(o *PoolOffering) string { return o.Type.Labels[key] })
			}
		}
	}
	x.Type = &t
	b.out.Offerings = append(b.out.Offerings[:first], x)
}

func listFrom(all []PoolOffering, of func(*PoolOffering) string) string {
	values := make([]string, len(all))
	for i := range all {
		values[i] = of(&all[i])
	}
	return listOf(values)
}

// min is the smaller of both in every resource.
func (r Resources) min(s Resources) Resources {
	return r.combine(s, func(a, b int64) int64 { return min(a, b) })
}

// addOwed adds the nodes that NodeGroups are short of their least number: they come,
// whatever is planned.
func (b *builder) addOwed() {
	for i := range b.out.Offerings {
		o := &b.out.Offerings[i]
		p := &b.out.Pools[o.Pool]
		if p.Shape != NodeGroup {
			continue
		}
		for n := p.Nodes; n < p.Min; n++ {
			h := Host{
				Name: p.Name + "/" + strconv.FormatInt(n+1, 10), Pool: o.Pool, Labels: o.Labels(), Taints: p.Taints, InFlight: true,
				Allocatable: o.Allocatable, Free: slices.Clone(o.Free), Expected: o.Ports, Price: o.Price, Imputed: o.Imputed,
			}
			b.out.Hosts = append(b.out.Hosts, h)
			p.Used = p.Used.Plus(o.Type.Capacity).Plus(Resources{{NodesLimit, 1}})
		}
		p.Nodes = max(p.Nodes, p.Min)
	}
	slices.SortFunc(b.out.Hosts, func(x, y Host) int { return strings.Compare(x.Name, y.Name) })
}

// groupOf is the NodeGroup that a node without a claim belongs to, −1 for none.
func (b *builder) groupOf(n *Node) int {
	return slices.IndexFunc(b.out.Pools, func(p PoolState) bool {
		return p.Shape == NodeGroup && len(p.Members) > 0 && p.Members.Matches(n.Labels.Get)
	})
}

// addCounted notes, for each class, the undecided labels over which constraints count
// its pods: they cannot go where it is open in which domain they would be.
func (m *muster) addCounted() {
	open := m.undecided
	if len(open) == 0 {
		return
	}
	counts := map[repelled]bool{}
	for i := range m.out.Classes {
		c := &m.out.Classes[i]
		note := func(key string, group int32) {
			if !open[key] {
				return
			}
			counts[repelled{key, group}] = true
			c.own().Counted = append(c.Counted, key)
		}
		for j, s := range c.Demand.Spreads {
			if !s.Soft {
				note(s.Key, c.Spreads[j])
			}
		}
		for _, t := range c.Demand.PodAffinity {
			note(t.Key, c.Affinity)
		}
		for j, t := range c.Demand.PodAntiAffinity {
			note(t.Key, c.AntiAffinity[j])
			note(t.Key, c.Repels[j])
		}
	}
	for _, r := range m.out.Repulsions {
		if open[r.Key] {
			counts[repelled{r.Key, r.Group}] = true
		}
	}
	for i := range m.out.Classes {
		c := &m.out.Classes[i]
		for x := range maps.Keys(counts) {
			if c.In(x.group) {
				c.own().Counted = append(c.Counted, x.key)
			}
		}
		if len(c.Counted) > 0 {
			slices.Sort(c.Counted)
			c.Counted = slices.Compact(c.Counted)
		}
	}
}

// undecidedKeys are the labels of which the cloud will decide at some place.
func (g *Ground) undecidedKeys() map[string]bool {
	open := map[string]bool{}
	for i := range g.out.Offerings {
		o := &g.out.Offerings[i]
		if g.out.Pools[o.Pool].Shape == Free {
			continue
		}
		for key, value := range o.Labels() {
			if Undecided(value) {
				open[key] = true
			}
		}
	}
	return open
}
