package cluster

import (
	"cmp"
	"slices"
)

// Overlay changes what the nodes that it matches cost and hold, as a karpenter.sh
// NodeOverlay does: what the provider cannot know, such as a discount or a device.
type Overlay struct {
	Name, UID  string
	Revision   string
	Generation int64
	Weight     int32
	// Requirements on the labels of a node, its pool's among them.
	Requirements Term
	// Price is nil where it stays.
	Price *PriceChange
	// Capacity of extended resources that nodes have beside their own.
	Capacity Resources
	// What its status says now.
	Conditions []Condition
}

// PriceChange is a new price, or one relative to the old.
type PriceChange struct {
	// Absolute: the price is Amount. Otherwise it is the old one plus Amount and
	// plus PPM millionths of it; never less than nothing.
	Absolute bool
	Amount   Money
	PPM      int64
}

// apply returns the price that a price becomes.
func (c *PriceChange) apply(price Money) Money {
	if c.Absolute {
		return c.Amount
	}
	return max(price+c.Amount+Money(int64(price)*c.PPM/1_000_000), 0)
}

// sortOverlays puts the overlays that win first: by weight, then name, the last in the
// alphabet first, as Karpenter has it. Where two of the same weight change the same,
// the second is not used at all.
func (b *builder) sortOverlays() {
	all := slices.Clone(b.in.Overlays)
	slices.SortFunc(all, func(x, y *Overlay) int {
		return cmp.Or(-cmp.Compare(x.Weight, y.Weight), -cmp.Compare(x.Name, y.Name))
	})
	changed := map[change]int32{}
	for _, o := range all {
		mine := b.changes(o)
		if slices.ContainsFunc(mine, func(c change) bool { w, ok := changed[c]; return ok && w == o.Weight }) {
			b.out.Conflicting = append(b.out.Conflicting, o.Name)
			continue
		}
		for _, c := range mine {
			changed[c] = o.Weight
		}
		b.overlays = append(b.overlays, o)
	}
	slices.Sort(b.out.Conflicting)
}

// change is what an overlay changes: the price of an offering of a pool, or a resource
// of a type.
type change struct {
	pool     int
	id       OfferingID
	resource string // "" for the price
}

// changes lists what an overlay changes of all that is sold to pools, whether their
// requirements let them buy it or not.
func (b *builder) changes(o *Overlay) []change {
	var out []change
	for i := range b.out.Pools {
		p := b.out.Pools[i].Pool
		for ti := range b.in.Types[p.Class] {
			t := &b.in.Types[p.Class][ti]
			for _, x := range t.Offerings {
				id := OfferingID{t.Name, x.Zone, x.CapacityType}
				if !o.Requirements.Matches(func(key string) (string, bool) { return p.label(t, id, key) }) {
					continue
				}
				if o.Price != nil {
					out = append(out, change{i, id, ""})
				}
				for _, a := range o.Capacity {
					out = append(out, change{i, OfferingID{InstanceType: t.Name}, a.Name})
				}
			}
		}
	}
	return out
}

// overlay returns what overlays make of a price, and the capacity that they add, for
// a node with these labels. Of several prices, and of several amounts of a resource,
// the first overlay's counts.
func (b *builder) overlay(label Lookup, price Money) (Money, Resources) {
	priced := false
	var more Resources
	for _, o := range b.overlays {
		if !o.Requirements.Matches(label) {
			continue
		}
		if o.Price != nil && !priced {
			price, priced = o.Price.apply(price), true
		}
		for _, a := range o.Capacity {
			if more.Get(a.Name) == 0 {
				more = more.Plus(Resources{a})
			}
		}
	}
	return price, more
}

// overlaid changes an offering as overlays say. Its type becomes one of its own
// where they add capacity.
func (b *builder) overlaid(o *PoolOffering) {
	var more Resources
	o.Price, more = b.overlay(o.Label, o.Price)
	if len(more) == 0 {
		return
	}
	t := *o.Type
	t.Capacity, t.Allocatable = t.Capacity.Plus(more), t.Allocatable.Plus(more)
	o.Type = &t
	extra := b.vector(more)
	o.Allocatable, o.Free = slices.Clone(o.Allocatable), slices.Clone(o.Free)
	o.Allocatable.Add(extra)
	o.Free.Add(extra)
}
