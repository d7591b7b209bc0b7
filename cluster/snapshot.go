package cluster

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Snapshot is a cluster at one moment, in the form a solver wants: classes with
// counts instead of pods, dense vectors instead of named resources, everything
// sorted. It is immutable, and the same records in any order give the same one.
type Snapshot struct {
	// Revision is copied from the input; a plan carries it, so that whoever
	// applies the plan knows what it was based on.
	Revision string
	// Resources names the components of every Vector: the four basic ones first,
	// then the others by name.
	Resources []string
	Classes   []Class        // what waits, sorted by demand key, then priority
	Hosts     []Host         // where it could go, sorted by name
	Pools     []PoolState    // by weight, highest first, then name
	Offerings []PoolOffering // by pool, then price, then name
	// Groups are the pods that constraints count; Repulsions what keeps waiting pods
	// away from pods on hosts.
	Groups     []Group
	Repulsions []Repulsion
	// Stocks that offerings draw on, by name.
	Stocks []Stock
}

// Host is a node, or a claim that will be one.
type Host struct {
	Name string // of the node if there is one, else of the claim
	// Claim is the name of the claim, "" for a node that nobody manages.
	Claim string
	// Pool is an index into Snapshot.Pools, −1 for a node of no (known) pool.
	Pool   int
	Labels Labels
	Taints []Taint
	// Allocatable is what the node offers; Free is what is left of it after its
	// pods and the DaemonSet pods that have yet to arrive. Free may be negative.
	Allocatable, Free Vector
	// InFlight: no node is there yet, or it is not initialized.
	InFlight bool
	// Closed says why no pod may be added; "" for an open host.
	Closed string
	// Price per hour, 0 when nobody knows it.
	Price   Money
	Imputed bool
	// Pods bound to it that have not ended, sorted by namespace and name.
	Pods []*Pod
	// Volumes that its pods use: [ClassVolume.ID], sorted. Hanging are those that are
	// attached without a pod.
	Volumes, Hanging []string
	// Promised are waiting pods whose room here is kept for them, see
	// [Input.Promised]. They are not in Snapshot.Classes.
	Promised []*Pod
}

// PoolState is a pool with what it holds already.
type PoolState struct {
	*Pool
	// Used is the capacity of its nodes and claims; Nodes their number.
	Used  Resources
	Nodes int64
}

// PoolOffering is an offering that a pool may buy: type × zone × capacity type ×
// pool.
type PoolOffering struct {
	Pool  int // index into Snapshot.Pools
	Type  *InstanceType
	ID    OfferingID
	Price Money
	// Allocatable is what the node offers to pods; Free what the DaemonSets leave of
	// it. Offerings may share them.
	Allocatable, Free Vector
	Imputed           bool
	ReclaimPPM        int64
	Draws             []Draw

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

// Input is what a snapshot is made of. The slices may be in any order and are
// not kept; the records are.
type Input struct {
	Revision string
	Pods     []*Pod
	Nodes    []*Node
	Claims   []*Claim
	Pools    []*Pool // those that may be bought from
	Daemons  []*DaemonSet
	// Types that each node class offers.
	Types map[ClassRef][]InstanceType
	// What constraints refer to.
	Namespaces             []*Namespace
	PersistentVolumeClaims []*PersistentVolumeClaim
	PersistentVolumes      []*PersistentVolume
	StorageClasses         []*StorageClass
	Attachments            []*VolumeAttachment
	CSINodes               []*CSINode
	// Stocks that offerings draw on.
	Stocks []Stock
	// Promised says on which host (node or claim) an earlier plan has put a pod
	// that still waits, by UID of the pod. Nil for none.
	Promised map[string]string
}

// NewSnapshot builds the snapshot of in.
func NewSnapshot(in Input) *Snapshot {
	b := builder{in: in, index: map[string]int{}, pools: map[string]int{}, leaves: map[*Pod]bool{}}
	b.addPools()
	b.nameResources()
	b.volumes = newVolumes(&b)
	b.addHosts()
	b.keepPromises()
	b.addOfferings()
	b.addStocks()
	b.addClasses()
	b.out.Revision = in.Revision
	return &b.out
}

type builder struct {
	in    Input
	out   Snapshot
	index map[string]int // resource name → component
	pools map[string]int // pool name → index
	// displaced are pods on hosts that are being emptied: they will be recreated
	// elsewhere and count as waiting.
	displaced []*Pod
	leaves    map[*Pod]bool // those, to look up
	kept      map[*Pod]bool // promised pods that have their room
	volumes   *volumes
	// By node: how many volumes it can have attached, and which are.
	csiNodes    map[string]Resources
	attachments map[string][]*VolumeAttachment
	// attachLimits are the components that count attachments.
	attachLimits []int
}

func (b *builder) addPools() {
	for _, p := range b.in.Pools {
		b.out.Pools = append(b.out.Pools, PoolState{Pool: p})
	}
	slices.SortFunc(b.out.Pools, func(x, y PoolState) int {
		return cmp.Or(-cmp.Compare(x.Weight, y.Weight), strings.Compare(x.Name, y.Name))
	})
	for i, p := range b.out.Pools {
		b.pools[p.Name] = i
	}
}

// nameResources gives every resource that anybody asks for or offers a
// component.
func (b *builder) nameResources() {
	names := map[string]bool{}
	see := func(r Resources) {
		for _, a := range r {
			names[a.Name] = true
		}
	}
	seen := map[*Demand]bool{}
	for _, p := range b.in.Pods {
		if !seen[p.Demand] {
			seen[p.Demand] = true
			see(p.Demand.Requests)
		}
	}
	for _, d := range b.in.Daemons {
		see(d.Demand.Requests)
	}
	for _, n := range b.in.Nodes {
		see(n.Allocatable)
	}
	for _, c := range b.in.Claims {
		see(c.Allocatable)
	}
	for _, n := range b.in.CSINodes {
		see(n.Limits)
	}
	for _, types := range b.in.Types {
		for i := range types {
			see(types[i].Allocatable)
		}
	}
	for _, n := range basicResources {
		delete(names, n)
	}
	b.out.Resources = append(b.out.Resources, basicResources[:]...)
	extended := make([]string, 0, len(names))
	for n := range names {
		extended = append(extended, n)
	}
	slices.Sort(extended)
	b.out.Resources = append(b.out.Resources, extended...)
	for i, n := range b.out.Resources {
		b.index[n] = i
		if strings.HasPrefix(n, AttachLimit) {
			b.attachLimits = append(b.attachLimits, i)
		}
	}
}

func (b *builder) vector(r Resources) Vector {
	v := make(Vector, len(b.out.Resources))
	for _, a := range r {
		v[b.index[a.Name]] = a.Value
	}
	return v
}

func byID(x, y *Pod) int {
	if x.Namespace != y.Namespace {
		return strings.Compare(x.Namespace, y.Namespace)
	}
	if x.Name != y.Name {
		return strings.Compare(x.Name, y.Name)
	}
	return strings.Compare(x.UID, y.UID)
}

func (b *builder) addOfferings() {
	for pi := range b.out.Pools {
		pool := b.out.Pools[pi].Pool
		types := b.in.Types[pool.Class]
		b.out.Offerings = slices.Grow(b.out.Offerings, 4*len(types))
		for ti := range types {
			b.addType(pi, &types[ti])
		}
	}
	b.sortOfferings()
}

// sortOfferings sorts by way of indexes: an offering is large to move about.
func (b *builder) sortOfferings() {
	all := b.out.Offerings
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
	b.out.Offerings = make([]PoolOffering, len(all))
	for i, j := range order {
		b.out.Offerings[i] = all[j]
	}
}

func (b *builder) addType(pool int, t *InstanceType) {
	p := b.out.Pools[pool].Pool
	var allocatable, free Vector
	for _, o := range t.Offerings {
		id := OfferingID{t.Name, o.Zone, o.CapacityType}
		if !o.Available || !p.allows(t, id) {
			continue
		}
		if allocatable == nil {
			allocatable = b.vector(t.Allocatable)
			for _, i := range b.attachLimits {
				if allocatable[i] == 0 {
					allocatable[i] = noLimit
				}
			}
			free = allocatable
		}
		x := PoolOffering{Pool: pool, Type: t, ID: id, Price: o.Price, Allocatable: allocatable, Imputed: o.Imputed, ReclaimPPM: o.ReclaimPPM, Draws: o.Draws, pool: p}
		if len(b.in.Daemons) > 0 {
			free = b.lessDaemons(allocatable, free, b.daemonLoad(x.Label, p.Taints, nil))
		}
		x.Free = free
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

// daemonLoad sums the requests of the DaemonSets that a node will run, those in
// present (by UID) left out.
func (b *builder) daemonLoad(labels Lookup, taints []Taint, present map[string]bool) Vector {
	sum := make(Vector, len(b.out.Resources))
	for _, d := range b.in.Daemons {
		if !present[d.UID] && d.Demand.Admits(labels, taints) {
			sum.Add(b.vector(d.Demand.Requests))
		}
	}
	return sum
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
	if !p.allows(t, id) {
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
	labels[LabelNodePool] = p.Name
	p.SetRequiredLabels(labels)
	return labels, true
}

// allows tells whether a node bought as id meets the pool's requirements.
func (p *Pool) allows(t *InstanceType, id OfferingID) bool {
	for _, r := range p.Requirements {
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
		return p.Name, true
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

// Price returns the price of an offering among types.
func Price(types []InstanceType, id OfferingID) (price Money, imputed, ok bool) {
	t := FindType(types, id.InstanceType)
	if t == nil {
		return 0, false, false
	}
	for _, o := range t.Offerings {
		if o.Zone == id.Zone && o.CapacityType == id.CapacityType {
			return o.Price, o.Imputed, true
		}
	}
	return 0, false, false
}

// FindType returns the type of that name, or nil. Types are few hundreds and
// looked up rarely, so they are not indexed.
func FindType(types []InstanceType, name string) *InstanceType {
	for i := range types {
		if types[i].Name == name {
			return &types[i]
		}
	}
	return nil
}

// FormatAmount writes an amount in the unit people use for that resource:
// "1500m" of cpu, "1.5Gi" of memory, "3" of anything else.
func FormatAmount(name string, v int64) string {
	switch name {
	case CPU:
		if v%1000 == 0 {
			return strconv.FormatInt(v/1000, 10)
		}
		return strconv.FormatInt(v, 10) + "m"
	case Memory, EphemeralStorage:
		return formatBytes(v)
	}
	return strconv.FormatInt(v, 10)
}

func formatBytes(v int64) string {
	units := []string{"", "Ki", "Mi", "Gi", "Ti"}
	f, u := float64(v), 0
	for (f >= 1024 || f <= -1024) && u < len(units)-1 {
		f /= 1024
		u++
	}
	s := strconv.FormatFloat(f, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	return s + units[u]
}
