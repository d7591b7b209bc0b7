package catalog

import (
	"errors"
	"fmt"

	"github.com/ullage-sh/ullage/cluster"
)

const mebi, gibi = int64(1) << 20, int64(1) << 30

// Sizing is what turns a machine into a node: the settings of Karpenter's AWS
// provider that decide how much of it pods may use. The image is Amazon Linux
// 2023 with its default kubelet configuration.
type Sizing struct {
	// VMOverheadPPM is the share of memory that the hypervisor and the kernel
	// take before the kubelet sees it, in millionths (vmMemoryOverheadPercent).
	VMOverheadPPM int64
	// ReservedENIs are interfaces that the VPC CNI may not use for pods.
	ReservedENIs int64
	// RootVolume is the size of the root disk, bytes.
	RootVolume int64
}

// DefaultSizing is Karpenter's default: 7.5 % memory overhead, no reserved
// interfaces, a root volume of 20 GiB.
func DefaultSizing() Sizing { return Sizing{VMOverheadPPM: 75_000, RootVolume: 20 * gibi} }

// Node returns what a node on t has and what of it pods may use. Capacity minus
// allocatable is kubeReserved plus the kubelet's hard eviction thresholds. The
// error says which fact about t is missing.
func (s Sizing) Node(t Type) (capacity, allocatable cluster.Resources, err error) {
	switch {
	case t.VCPU < 1:
		return nil, nil, fmt.Errorf("vCPU count is %d", t.VCPU)
	case t.MemoryMiB < 1:
		return nil, nil, fmt.Errorf("memory is %d MiB", t.MemoryMiB)
	case t.MaxENIs < 1 || t.IPv4PerENI < 1:
		return nil, nil, fmt.Errorf("number of pods unknown: %d network interfaces × %d addresses", t.MaxENIs, t.IPv4PerENI)
	}
	memory := s.memory(t)
	all := map[string]int64{
		cluster.CPU:              t.VCPU * 1000,
		cluster.Memory:           memory,
		cluster.Pods:             eniPods(t, s.ReservedENIs),
		cluster.EphemeralStorage: s.RootVolume,
	}
	for name, count := range devices(t) {
		all[name] = count
	}
	// AL2023 reserves memory for as many pods as the interfaces allow, whatever
	// the pod limit of the node is.
	kubeMemory := (11*eniPods(t, 0) + 255) * mebi
	reserved := cluster.NewResources(map[string]int64{
		cluster.CPU:              KubeReservedCPU(t.VCPU),
		cluster.Memory:           kubeMemory + 100*mebi,                // evictionHard memory.available
		cluster.EphemeralStorage: gibi + ceilDiv(s.RootVolume*10, 100), // evictionHard nodefs.available
	})
	capacity = cluster.NewResources(all)
	allocatable = capacity.Minus(reserved)
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

// KubeReservedCPU is the kubelet's share in millicores: 6 % of the first core,
// 1 % of the second, 0.5 % of the third and fourth, 0.25 % of the rest.
func KubeReservedCPU(vcpu int64) int64 {
	milli := 60*min(vcpu, 1) + 10*min(max(vcpu-1, 0), 1) + 5*min(max(vcpu-2, 0), 2)
	return milli + 25*max(vcpu-4, 0)/10
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
