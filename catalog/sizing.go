package catalog

import (
	"errors"
	"fmt"
	"maps"

	"github.com/ullage-sh/ullage/cluster"
)

const mebi, gibi = int64(1) << 20, int64(1) << 30

// Sizing is what turns a machine into a node: the settings of Karpenter's AWS
// provider that decide how much of it pods may use. The image is Amazon Linux
// 2023; what is left zero is as its default kubelet configuration has it.
type Sizing struct {
	// VMOverheadPPM is the share of memory that the hypervisor and the kernel
	// take before the kubelet sees it, in millionths (vmMemoryOverheadPercent).
	VMOverheadPPM int64
	// ReservedENIs are interfaces that the VPC CNI may not use for pods.
	ReservedENIs int64
	// RootVolume is the size of the disk that pods write to, bytes.
	RootVolume int64
	// InstanceStore: pods write to the instance store's disks instead, as one RAID 0,
	// where the type has any.
	InstanceStore bool
	// PrefixDelegation: the VPC CNI gives interfaces whole /28 blocks, where the type is
	// on Nitro.
	PrefixDelegation bool
	// MaxPods is what the kubelet is told, 0 for as many as have addresses. PodsPerCore
	// bounds that, 0 for no bound.
	MaxPods, PodsPerCore int64
	// ReserveByMaxPods: kubeReserved follows the pod limit of the node (Bottlerocket),
	// not the number that the interfaces allow (AL2023).
	ReserveByMaxPods bool
	// KubeReserved holds instead of the formulas, for the resources it names.
	// SystemReserved comes on top.
	KubeReserved   map[string]int64
	SystemReserved cluster.Resources
	// EvictMemory and EvictStorage are hard eviction thresholds, nil for 100 MiB and 10 %.
	EvictMemory, EvictStorage *Threshold
}

// Threshold is an amount, or a share of the capacity where it is set, in millionths.
type Threshold struct{ Bytes, SharePPM int64 }

// of is the threshold on a capacity in bytes.
func (t *Threshold) of(capacity int64) int64 {
	if t.SharePPM == 0 {
		return t.Bytes
	}
	const million = 1_000_000
	return capacity/million*t.SharePPM + ceilDiv(capacity%million*t.SharePPM, million)
}

// DefaultSizing is Karpenter's default: 7.5 % memory overhead, no reserved
// interfaces, a root volume of 20 GiB.
func DefaultSizing() Sizing { return Sizing{VMOverheadPPM: 75_000, RootVolume: 20 * gibi} }

// Node returns what a node on t has and what of it pods may use. Capacity minus
// allocatable is what is reserved plus the kubelet's hard eviction thresholds. The
// error says which fact about t is missing.
func (s Sizing) Node(t Type) (capacity, allocatable cluster.Resources, err error) {
	return s.NodeWithMemory(t, s.memory(t))
}

// NodeWithMemory is Node for a node that is known to report so much memory, bytes.
func (s Sizing) NodeWithMemory(t Type, memory int64) (capacity, allocatable cluster.Resources, err error) {
	switch {
	case t.VCPU < 1:
		return nil, nil, fmt.Errorf("vCPU count is %d", t.VCPU)
	case t.MemoryMiB < 1:
		return nil, nil, fmt.Errorf("memory is %d MiB", t.MemoryMiB)
	case t.MaxENIs < 1 || t.IPv4PerENI < 1:
		return nil, nil, fmt.Errorf("number of pods unknown: %d network interfaces × %d addresses", t.MaxENIs, t.IPv4PerENI)
	}
	all := map[string]int64{
		cluster.CPU:              t.VCPU * 1000,
		cluster.Memory:           memory,
		cluster.Pods:             s.PodLimit(t),
		cluster.EphemeralStorage: s.storage(t),
	}
	for name, count := range devices(t) {
		all[name] = count
	}
	capacity = cluster.NewResources(all)
	allocatable = capacity.Minus(s.reserved(t, capacity))
	for _, a := range allocatable {
		if a.Value < 0 {
			return nil, nil, fmt.Errorf("too small for a node: %s of %s after what the kubelet reserves", cluster.FormatAmount(a.Name, a.Value), a.Name)
		}
	}
	if allocatable.Get(cluster.Pods) == 0 {
		return nil, nil, errors.New("all network interfaces are reserved: no pod would get an address")
	}
	return capacity, allocatable, nil
}

// reserved is what pods may not use.
func (s Sizing) reserved(t Type, capacity cluster.Resources) cluster.Resources {
	// AL2023 reserves memory for as many pods as the interfaces allow, whatever
	// the pod limit of the node is.
	pods := eniPods(t, 0)
	if s.ReserveByMaxPods {
		pods = capacity.Get(cluster.Pods)
	}
	kube := map[string]int64{
		cluster.CPU:              KubeReservedCPU(t.VCPU),
		cluster.Memory:           (11*pods + 255) * mebi,
		cluster.EphemeralStorage: gibi,
	}
	maps.Copy(kube, s.KubeReserved)
	memory, storage := &Threshold{Bytes: 100 * mebi}, capacity.Get(cluster.EphemeralStorage)
	if s.EvictMemory != nil {
		memory = s.EvictMemory
	}
	evict := map[string]int64{cluster.Memory: memory.of(capacity.Get(cluster.Memory)), cluster.EphemeralStorage: ceilDiv(storage*10, 100)}
	if s.EvictStorage != nil {
		evict[cluster.EphemeralStorage] = s.EvictStorage.of(storage)
	}
	return cluster.NewResources(kube).Plus(s.SystemReserved).Plus(cluster.NewResources(evict))
}

// PodLimit is how many pods a node on t may have.
func (s Sizing) PodLimit(t Type) int64 {
	pods := eniPods(t, s.ReservedENIs)
	switch {
	case s.MaxPods > 0:
		pods = s.MaxPods
	case s.PrefixDelegation && t.Hypervisor != "xen":
		pods = prefixPods(t, s.ReservedENIs)
	}
	if s.PodsPerCore > 0 {
		pods = min(pods, s.PodsPerCore*t.VCPU)
	}
	return pods
}

// storage is what pods can write to, bytes.
func (s Sizing) storage(t Type) int64 {
	if s.InstanceStore && t.LocalNVMeGB > 0 {
		return t.LocalNVMeGB * 1_000_000_000
	}
	return s.RootVolume
}

// memory is what the kubelet reports as capacity. Graviton firmware keeps
// 64 MiB for itself; the overhead is rounded up to whole MiB.
func (s Sizing) memory(t Type) int64 {
	mib := t.MemoryMiB
	if len(t.Arch) > 0 && t.Arch[0] == "arm64" {
		mib -= 64
	}
	return (mib - ceilDiv(mib*s.VMOverheadPPM, 1_000_000)) * mebi
}

// eniPods is the number of pods that the VPC CNI can give an address to: the
// first address of each interface is its own, and two pods use the host network.
func eniPods(t Type, reserved int64) int64 {
	if usable := t.MaxENIs - reserved; usable > 0 {
		return usable*(t.IPv4PerENI-1) + 2
	}
	return 0
}

// prefixPods is the number of pods when each address but an interface's own stands for a
// block of sixteen. AWS advises against more than 110 on types of fewer than 30 vCPUs and
// more than 250 on others.
func prefixPods(t Type, reserved int64) int64 {
	pods := eniPods(t, reserved)
	if pods == 0 {
		return 0
	}
	most := int64(250)
	if t.VCPU < 30 {
		most = 110
	}
	return min((pods-2)*16+2, most)
}

// KubeReservedCPU is the kubelet's share in millicores: 6 % of the first core,
// 1 % of the second, 0.5 % of the third and fourth, 0.25 % of the rest.
func KubeReservedCPU(vcpu int64) int64 {
	milli := 60*min(vcpu, 1) + 10*min(max(vcpu-1, 0), 1) + 5*min(max(vcpu-2, 0), 2)
	return milli + 25*max(vcpu-4, 0)/10
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
