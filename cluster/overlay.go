package cluster

import (
	"cmp"
	"slices"
)

// Overlay changes what the nodes that it matches cost and hold, as a karpenter.sh
// NodeOverlay does: what the provider cannot know, such as a discount or a device.
type Overlay struct {
	Name     string
	Revision string
	Weight   int32
	// Requirements on the labels of a node, its pool's among them.
	Requirements Term
	// Price is nil where it stays.
	Price *PriceChange
	// Capacity of extended resources that nodes have beside their own.
	Capacity Resources
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

// sortOverlays puts the overlays that win first: by weight, then name.
func (b *builder) sortOverlays() {
	b.overlays = slices.Clone(b.in.Overlays)
	slices.SortFunc(b.overlays, func(x, y *Overlay) int {
		return cmp.Or(-cmp.Compare(x.Weight, y.Weight), cmp.Compare(x.Name, y.Name))
	})
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
