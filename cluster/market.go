package cluster

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// PoolOffering is an offering that a pool may buy: type × zone × capacity type ×
// pool.
type PoolOffering struct {
	Pool int // index into Snapshot.Pools
	Type *InstanceType
	ID   OfferingID
	Zone int32 // of ID: index into Snapshot.Zones
	// Ware is a number that the offerings of a pool and type have in common. Their nodes
	// differ in the labels of zone and capacity type alone.
	Ware  int32
	Price Money
	// Allocatable is what the node offers to pods; Free what the DaemonSets leave of it.
	Allocatable, Free Vector
	// Ports of the host that its DaemonSets take.
	Ports      []HostPort
	Imputed    bool
	ReclaimPPM int64
	Draws      []Draw

	pool *Pool
}

// Label is the [Lookup] of everything that a node bought so will carry, its host
// name aside.
func (o *PoolOffering) Label(key string) (value string, present bool) {
	if value, present = o.pool.label(o.Type, o.ID, key); present {
		return value, true
	}
	return o.pool.requiredLabel(key)
}

// Labels are all of them.
func (o *PoolOffering) Labels() Labels {
	labels, _ := o.pool.NodeLabels(o.Type, o.ID)
	return labels
}

func (b *builder) addOfferings() {
	if b.before != nil && b.samePools(b.before) {
		b.out.Offerings, b.out.Wares, b.out.Zones = b.before.out.Offerings, b.before.out.Wares, b.before.out.Zones
		return
	}
	for pi := range b.out.Pools {
		pool := b.out.Pools[pi].Pool
		b.specs = append(b.specs, pool.spec())
		types := b.in.Types[pool.Class]
		if pool.Shape != Free {
			b.addFolded(pi, types)
			continue
		}
		b.out.Offerings = slices.Grow(b.out.Offerings, 4*len(types))
		for ti := range types {
			b.addType(pi, &types[ti])
		}
	}
	sortOfferings(&b.out)
}

// sortOfferings sorts by way of indexes: an offering is large to move about.
func sortOfferings(s *Snapshot) {
	all := s.Offerings
	order := make([]int32, len(all))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		x, y := &all[i], &all[j]
		if x.Pool != y.Pool {
			return cmp.Compare(x.Pool, y.Pool)
		}
		if x.Price != y.Price {
			return cmp.Compare(x.Price, y.Price)
		}
		return x.ID.Compare(y.ID)
	})
	s.Offerings = make([]PoolOffering, len(all))
	vectors := make(Vector, 0, 2*len(all)*len(s.Resources)) // next to each other for who walks through
	zones := map[string]bool{}
	wares := map[ware]int32{}
	for i, j := range order {
		o := &s.Offerings[i]
		*o = all[j]
		first := len(vectors)
		vectors = append(append(vectors, o.Free...), o.Allocatable...)
		o.Free, o.Allocatable = slices.Clip(vectors[first:first+len(o.Free)]), slices.Clip(vectors[first+len(o.Free):])
		zones[o.ID.Zone] = true
		w := ware{o.Pool, o.Type}
		number, known := wares[w]
		if !known {
			number = int32(len(wares))
			wares[w] = number
		}
		o.Ware = number
	}
	s.Wares = len(wares)
	s.Zones = slices.Sorted(maps.Keys(zones))
	for i := range s.Offerings {
		o := &s.Offerings[i]
		at, _ := slices.BinarySearch(s.Zones, o.ID.Zone)
		o.Zone = int32(at)
	}
}

// ware is what a pool sells of a type.
type ware struct {
	pool int
	kind *InstanceType
}

func (b *builder) addType(pool int, t *InstanceType) {
	p := b.specs[pool]
	if !p.allows(t, OfferingID{InstanceType: t.Name}, false) {
		return
	}
	var allocatable, free Vector
	for i := range t.Offerings {
		o := &t.Offerings[i]
		id := OfferingID{t.Name, o.Zone, o.CapacityType}
		if !o.Available || !p.allows(t, id, true) {
			continue
		}
		if allocatable == nil {
			allocatable = b.vector(t.Allocatable)
			allocatable.Add(b.vector(t.AttachLimits))
			for _, d := range b.attachLimits {
				if name := b.out.Resources[d]; !t.AttachLimits.Has(name) && !t.Allocatable.Has(name) { // 0 is a limit too
					allocatable[d] = noLimit
				}
			}
			if len(b.devices.names) > 0 {
				b.devices.count(allocatable, b.devices.types[t.Name], false, true, b.index)
			}
			free = allocatable
		}
		x := PoolOffering{Pool: pool, Type: t, ID: id, Price: o.Price, Allocatable: allocatable, Imputed: o.Imputed, ReclaimPPM: o.ReclaimPPM, Draws: o.Draws, pool: p}
		if len(b.in.Daemons) > 0 && p.Shape != PerPod {
			free = b.lessDaemons(allocatable, free, b.daemonLoad(x.Label, p.Taints, nil))
			x.Ports = b.daemonPorts(x.Label, p.Taints, nil)
		}
		x.Free = free
		if len(b.overlays) > 0 {
			b.overlaid(&x)
		}
		b.out.Offerings = append(b.out.Offerings, x)
	}
}

// lessDaemons returns what a load leaves of allocatable: last, if that is it.
func (b *builder) lessDaemons(allocatable, last, load Vector) Vector {
	for i := range load {
		load[i] = allocatable[i] - load[i]
	}
	if slices.Equal(load, last) {
		return last
	}
	return load
}

// Compare orders offerings by their text.
func (o OfferingID) Compare(p OfferingID) int {
	return cmp.Or(strings.Compare(o.InstanceType, p.InstanceType), strings.Compare(o.Zone, p.Zone), strings.Compare(o.CapacityType, p.CapacityType))
}

// NodeLabels returns the labels of a node of this pool bought as id, and whether
// the pool's requirements allow it. A requirement on a label that neither type
// nor template sets becomes a label when it names its values: the node gets the
// first.
func (p *Pool) NodeLabels(t *InstanceType, id OfferingID) (Labels, bool) {
	if !p.allows(t, id, false) || !p.allows(t, id, true) {
		return nil, false // before anything is copied: a pool uses few of a catalogue's types
	}
	labels := make(Labels, len(t.Labels)+len(p.Labels)+4)
	for k, v := range t.Labels {
		labels[k] = v
	}
	for k, v := range p.Labels {
		labels[k] = v
	}
	labels[LabelInstanceType] = id.InstanceType
	labels[LabelZone] = id.Zone
	labels[LabelCapacityType] = id.CapacityType
	if p.Shape == Free {
		labels[LabelNodePool] = p.Name
	}
	p.SetRequiredLabels(labels)
	return labels, true
}

// allows tells whether a node bought as id meets the pool's requirements: those on
// labels that the offerings of a type differ in, or all others.
func (p *Pool) allows(t *InstanceType, id OfferingID, differing bool) bool {
	for i := range p.Requirements {
		r := &p.Requirements[i]
		if (r.Key == LabelZone || r.Key == LabelCapacityType) != differing {
			continue
		}
		v, present := p.label(t, id, r.Key)
		if !present && r.Operator == In && !wellKnown(r.Key) && len(r.Values) > 0 {
			v, present = r.Values[0], true
		}
		if !r.Matches(v, present) {
			return false
		}
	}
	return true
}

// label is one label of a node of this pool bought as id.
func (p *Pool) label(t *InstanceType, id OfferingID, key string) (value string, present bool) {
	switch key {
	case LabelInstanceType:
		return id.InstanceType, true
	case LabelZone:
		return id.Zone, true
	case LabelCapacityType:
		return id.CapacityType, true
	case LabelNodePool:
		if p.Shape == Free {
			return p.Name, true
		}
	}
	if value, present = p.Labels[key]; present {
		return value, true
	}
	value, present = t.Labels[key]
	return value, present
}

// requiredLabel is a label that the pool's nodes get because a requirement names its
// values and nothing else sets it.
func (p *Pool) requiredLabel(key string) (value string, present bool) {
	for i := range p.Requirements {
		if r := &p.Requirements[i]; r.Key == key && r.Operator == In && len(r.Values) > 0 && !wellKnown(key) {
			return r.Values[0], true
		}
	}
	return "", false
}

// SetRequiredLabels adds to labels those that the pool's nodes get because a
// requirement names their values and nothing else sets them: the first value.
func (p *Pool) SetRequiredLabels(labels Labels) {
	for _, r := range p.Requirements {
		if _, present := labels[r.Key]; !present && r.Operator == In && !wellKnown(r.Key) && len(r.Values) > 0 {
			labels[r.Key] = r.Values[0]
		}
	}
}

// wellKnown tells whether only the provider sets the label.
func wellKnown(key string) bool {
	switch key {
	case LabelArch, LabelOS, LabelZone, LabelRegion, LabelInstanceType, LabelCapacityType, LabelNodePool, LabelHostname:
		return true
	}
	domain, _, ok := strings.Cut(key, "/")
	return ok && (domain == "karpenter.k8s.aws" || domain == "eks.amazonaws.com" || domain == "karpenter.sh")
}
