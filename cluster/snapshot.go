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
	Zones     []string       // of the offerings, sorted
	Wares     int            // how many there are, see [PoolOffering.Ware]
	// Groups are the pods that constraints count; Repulsions what keeps waiting pods
	// away from pods on hosts.
	Groups     []Group
	Repulsions []Repulsion
	// Stocks that offerings draw on, by name.
	Stocks []Stock
	// Gangs that waiting pods belong to, by [Gang.ID].
	Gangs []GangState
	// Conflicting are the NodeOverlays, by name, that are not used because another of the
	// same weight changes the same.
	Conflicting []string
	// SameDevices are, for each component that counts devices, the components that may
	// count the same ones, itself among them.
	SameDevices map[int][]int
}

// Host is a node, or a claim that will be one.
type Host struct {
	Name string // of the node if there is one, else of the claim
	// Claim is the name of the claim, "" for a node that nobody manages.
	Claim string
	// Pool is an index into Snapshot.Pools, −1 for a node of no (known) pool.
	Pool   int
	Labels Labels
	zone   string // the label of that name, which is what is asked for most; "" if nobody knows
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
	// Expected are the host ports of DaemonSet pods that have yet to arrive.
	Expected []HostPort
	// Promised are waiting pods whose room here is kept for them, see
	// [Input.Promised]. They are not in Snapshot.Classes.
	Promised []*Pod
}

// PoolState is a pool with what it holds already.
type PoolState struct {
	*Pool
	// Used is the capacity of its nodes and claims; Nodes their number, and Zones that
	// in each zone.
	Used  Resources
	Nodes int64
	Zones map[string]int64
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
	// Buffers are what is to be kept free. A snapshot knows of those among Pods only, see
	// [CapacityBuffer.Pods].
	Buffers []*CapacityBuffer
	// Gangs of which none is to run unless enough of them can.
	Gangs []*Gang
	// Budgets for evictions.
	Budgets []*PodDisruptionBudget
	// What constraints refer to.
	Namespaces []*Namespace
	Storage
	Attachments []*VolumeAttachment
	CSINodes    []*CSINode
	// Stocks that offerings draw on.
	Stocks []Stock
	// What pods claim of devices, and who has them.
	ResourceClaims []*ResourceClaim
	ResourceSlices []*ResourceSlice
	DeviceClasses  []*DeviceClass
	// Overlays on what the provider says of offerings.
	Overlays []*Overlay
	// Emptied and Lifted are hosts, by name, for a look at what could be. Emptied ones are
	// taken to be on their way out: closed, and who comes back elsewhere waits, unless the
	// host waits for it ([Claim.WaitsFor]). Who comes back from Lifted ones waits as well, but
	// the hosts stay, with the room and the claims on others that there would be without those
	// pods. Nil for none.
	Emptied, Lifted map[string]bool
	// Staying are pods, by UID, that count where they are although their host is on its way
	// out. Nil for none.
	Staying map[string]bool
	// Promised says on which host (node or claim) an earlier plan has put a pod
	// that still waits, by UID of the pod. Nil for none.
	Promised map[string]string
}

// NewSnapshot builds the snapshot of in.
func NewSnapshot(in Input) *Snapshot {
	return NewGround(in).Snapshot(in.Revision, nil, in.Promised)
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
			if b.component(a.Name) < 0 { // the basic ones are known
				names[a.Name] = true
			}
		}
	}
	for _, d := range b.in.Daemons {
		see(d.Demand.Requests)
	}
	for _, o := range b.in.Overlays {
		see(o.Capacity)
	}
	for _, types := range b.in.Types {
		for i := range types {
			see(types[i].Allocatable)
			see(types[i].AttachLimits)
		}
	}
	firm := len(names)
	seen := map[*Demand]bool{}
	var last *Demand // pods of a ReplicaSet follow each other
	for _, p := range b.in.Pods {
		if p.Terminal() {
			continue
		}
		if p.Demand != last && !seen[p.Demand] {
			seen[p.Demand] = true
			see(p.Demand.Requests)
		}
		last = p.Demand
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
	b.loose = len(names) > firm
	for _, n := range b.devices.names {
		names[n] = true
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

// daemonPorts are the host ports that those pods take.
func (b *builder) daemonPorts(labels Lookup, taints []Taint, present map[string]bool) []HostPort {
	var out []HostPort
	for _, d := range b.in.Daemons {
		if len(d.Demand.Ports) > 0 && !present[d.UID] && d.Demand.Admits(labels, taints) {
			out = append(out, d.Demand.Ports...)
		}
	}
	slices.SortFunc(out, HostPort.Compare)
	return out
}

// Price returns the price of an offering among types.
func Price(types []InstanceType, id OfferingID) (price Money, imputed, ok bool) {
	return FindType(types, id.InstanceType).price(id)
}

// price is what the type costs there; it may be nil.
func (t *InstanceType) price(id OfferingID) (price Money, imputed, ok bool) {
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
// "1500m" or "12.5" of cpu, "1.5Gi" of memory, "3" of anything else.
func FormatAmount(name string, v int64) string {
	switch name {
	case CPU:
		if v%1000 == 0 {
			return strconv.FormatInt(v/1000, 10)
		}
		if v >= 10_000 { // 382970m is hard to compare with 200
			return strings.TrimRight(strconv.FormatFloat(float64(v)/1000, 'f', 3, 64), "0")
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
