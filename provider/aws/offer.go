package aws

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/aws/instancetype"
	"github.com/ullage-sh/ullage/provider/aws/nodeclass"
)

// offer is what a class offers, but for prices and what is short. It is never changed
// once it has been made.
type offer struct {
	class *nodeclass.Class
	key   string    // what it follows from
	types []stocked // by name
}

// stocked is an instance type as nodes of the class have it, with the zones that the class
// can have it in and the image that it boots from. Its offerings are not filled in.
type stocked struct {
	cluster.InstanceType
	facts catalog.Type
	zones []string
	image nodeclass.Image
}

// Resolve reads a node class.
func (p *Provider) Resolve(ctx context.Context, nc cluster.NodeClass) (provider.Resolution, error) {
	if err := ctx.Err(); err != nil {
		return provider.Resolution{}, err
	}
	if err := serves(nc.Ref); err != nil {
		return provider.Resolution{}, err
	}
	o, err := p.offerOf(ctx, nc)
	if err != nil {
		return provider.Resolution{}, err
	}
	// Prices that are not to be had are no reason not to plan: older ones hold.
	if err := p.prices.Refresh(ctx); err != nil && ctx.Err() != nil {
		return provider.Resolution{}, err
	}
	r := provider.Resolution{Conditions: o.class.Conditions, Status: o.class.Status(), Types: p.priced(o), Stocks: o.stocks()}
	if ready, _ := o.class.Ready(); !ready {
		return r, nil // what instances should be like is not known: none has drifted
	}
	r.Hash = o.class.Hash()
	if len(o.class.Images) > 0 {
		r.ImageID = o.class.Images[0].ID // each type says its own
	}
	return r, nil
}

// offerOf resolves a class, and remembers what came of it for the instances that it has.
func (p *Provider) offerOf(ctx context.Context, nc cluster.NodeClass) (*offer, error) {
	// One at a time: the others find what the first was told.
	done, err := p.turns.take(ctx, "class "+nc.Ref.String())
	if err != nil {
		return nil, err
	}
	defer done()
	class, err := p.classes.Resolve(ctx, nc)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	before := p.known[keyOf(nc.Ref)]
	p.mu.Unlock()
	o, err := p.stock(ctx, class, before)
	if err != nil {
		return nil, err
	}
	// While something is wrong with the class, its instances are as it was before.
	if ready, _ := class.Ready(); ready || before == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.known[keyOf(nc.Ref)] = o
	}
	return o, nil
}

// plain is the offer of a class that says nothing.
func (p *Provider) plain(ctx context.Context) (*offer, error) {
	p.mu.Lock()
	before := p.known[classKey{}]
	p.mu.Unlock()
	o, err := p.stock(ctx, nil, before)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.known[classKey{}] = o
	return o, nil
}

// stock works out what a class offers, nil for one that says nothing. before is what it
// offered when it was last asked, nil for never: types are sized again only if something
// has changed that they follow from.
func (p *Provider) stock(ctx context.Context, class *nodeclass.Class, before *offer) (*offer, error) {
	sold, edition, err := p.shelf.Types(ctx)
	if err != nil {
		return nil, err
	}
	sizing := catalog.DefaultSizing()
	var zones []string
	var images []nodeclass.Image
	if class != nil {
		sizing, zones, images = p.sizing(class), class.Zones(), class.Images
	}
	text, err := json.Marshal([]any{edition, sizing, zones, images})
	if err != nil {
		return nil, err
	}
	o := &offer{class: class, key: string(text)}
	if before != nil && before.key == o.key {
		o.types = before.types
		return o, nil
	}
	for _, s := range sold {
		if t, ok := p.size(s, class, sizing, zones); ok {
			o.types = append(o.types, t)
		}
	}
	return o, nil
}

// size makes a node of what is sold; false for what the class cannot have, or what is too
// small for a node.
func (p *Provider) size(s instancetype.Sold, class *nodeclass.Class, sizing catalog.Sizing, zones []string) (stocked, bool) {
	labels, reason := catalog.NodeLabels(s.Type, p.cfg.Clients.Region)
	if reason != "" || labels[cluster.LabelOS] != "linux" {
		return stocked{}, false
	}
	t := stocked{facts: s.Type, zones: s.Zones}
	if class != nil {
		var ok bool
		if t.image, ok = class.ImageFor(labels); !ok {
			return stocked{}, false
		}
		t.zones = slices.DeleteFunc(slices.Clone(s.Zones), func(z string) bool { return !slices.Contains(zones, z) })
	}
	capacity, allocatable, err := p.shelf.Size(s.Type, t.image.ID, sizing)
	if err != nil || len(t.zones) == 0 {
		return stocked{}, false
	}
	t.InstanceType = cluster.InstanceType{Name: s.Name, Labels: labels, ImageID: t.image.ID, Capacity: capacity, Allocatable: allocatable, AttachLimits: catalog.AttachLimits(s.Type)}
	return t, true
}

// priced is the offer with prices and what is sold out, sorted by name. A way to buy a
// type that nobody knows a price of is not offered.
func (p *Provider) priced(o *offer) []cluster.InstanceType {
	now := p.cfg.Now()
	out := make([]cluster.InstanceType, 0, len(o.types))
	for k := range o.types {
		s := &o.types[k]
		t := s.InstanceType
		t.Offerings = make([]cluster.Offering, 0, 2*len(s.zones))
		for _, zone := range s.zones {
			for _, x := range p.offerings(o, s, zone) {
				x.Available = x.Available && !p.fleet.Shortages.Short(now, cluster.OfferingID{InstanceType: s.Name, Zone: zone, CapacityType: x.CapacityType})
				t.Offerings = append(t.Offerings, x)
			}
		}
		if len(t.Offerings) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// offerings are the ways to buy a type in a zone, sorted by capacity type, available as far
// as no launch has found out otherwise.
func (p *Provider) offerings(o *offer, s *stocked, zone string) []cluster.Offering {
	t := &s.facts
	var out []cluster.Offering
	price, imputed := p.prices.OnDemand(t.Name)
	if slices.Contains(t.UsageClasses, "on-demand") && price > 0 {
		out = append(out, cluster.Offering{Zone: zone, CapacityType: cluster.OnDemand, Price: price, Imputed: imputed, Available: true})
	}
	if x, ok := o.reserved(s, zone, price); ok {
		out = append(out, x)
	}
	if slices.Contains(t.UsageClasses, "spot") {
		if price, imputed, ppm := p.prices.Spot(t.Name, zone); price > 0 {
			out = append(out, cluster.Offering{Zone: zone, CapacityType: cluster.Spot, Price: price, Imputed: imputed, ReclaimPPM: ppm, Available: true})
		}
	}
	return out
}

// find returns the type of that name, nil for none.
func (o *offer) find(name string) *stocked {
	i, ok := slices.BinarySearchFunc(o.types, name, func(t stocked, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return nil
	}
	return &o.types[i]
}

// zoneID is the identifier of a zone that the class has a subnet in, "" if that is not
// known.
func (o *offer) zoneID(zone string) string {
	if o.class == nil {
		return ""
	}
	s, _ := o.class.SubnetIn(zone)
	return s.ZoneID
}
