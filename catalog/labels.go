package catalog

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Labels of Karpenter's AWS provider that the data can fill, if only EC2's own answers
// (EBS bandwidth, encryption in transit, clock speed). Tenancy and zone ids, which do not
// follow from the type, are left out.
const (
	LabelCategory         = "karpenter.k8s.aws/instance-category"
	LabelFamily           = "karpenter.k8s.aws/instance-family"
	LabelGeneration       = "karpenter.k8s.aws/instance-generation"
	LabelSize             = "karpenter.k8s.aws/instance-size"
	LabelFlex             = "karpenter.k8s.aws/instance-capability-flex"
	LabelCPU              = "karpenter.k8s.aws/instance-cpu"
	LabelCPUManufacturer  = "karpenter.k8s.aws/instance-cpu-manufacturer"
	LabelMemory           = "karpenter.k8s.aws/instance-memory" // MiB
	LabelHypervisor       = "karpenter.k8s.aws/instance-hypervisor"
	LabelNetworkBandwidth = "karpenter.k8s.aws/instance-network-bandwidth" // Mbit/s
	LabelEBSBandwidth     = "karpenter.k8s.aws/instance-ebs-bandwidth"     // Mbit/s
	LabelClockSpeed       = "karpenter.k8s.aws/instance-cpu-sustained-clock-speed-mhz"
	LabelEncrypted        = "karpenter.k8s.aws/instance-encryption-in-transit-supported"
	LabelLocalNVMe        = "karpenter.k8s.aws/instance-local-nvme" // GB
	LabelGPUName          = "karpenter.k8s.aws/instance-gpu-name"
	LabelGPUManufacturer  = "karpenter.k8s.aws/instance-gpu-manufacturer"
	LabelGPUCount         = "karpenter.k8s.aws/instance-gpu-count"
	LabelGPUMemory        = "karpenter.k8s.aws/instance-gpu-memory" // MiB
	LabelAcceleratorName  = "karpenter.k8s.aws/instance-accelerator-name"
	LabelAcceleratorMaker = "karpenter.k8s.aws/instance-accelerator-manufacturer"
	LabelAcceleratorCount = "karpenter.k8s.aws/instance-accelerator-count"
)

// platform maps EC2's architecture names to Kubernetes' os and arch.
var platform = map[string]struct{ os, arch string }{
	"x86_64":     {"linux", "amd64"},
	"arm64":      {"linux", "arm64"},
	"x86_64_mac": {"darwin", "amd64"},
	"arm64_mac":  {"darwin", "arm64"},
}

// Accelerator is what EC2 tells as NeuronInfo or InferenceAcceleratorInfo and a
// catalogue's file lacks.
type Accelerator struct {
	Name, Manufacturer string
	Count              int64
	Cores              int64 // NeuronCores per device, 0 if it has none
}

// accelerators by instance type, from moto's copies of EC2's answers (README.md).
var accelerators = map[string]Accelerator{
	"inf1.xlarge":    {"inferentia", "aws", 1, 4},
	"inf1.2xlarge":   {"inferentia", "aws", 1, 4},
	"inf1.6xlarge":   {"inferentia", "aws", 4, 4},
	"inf1.24xlarge":  {"inferentia", "aws", 16, 4},
	"inf2.xlarge":    {"inferentia2", "aws", 1, 2},
	"inf2.8xlarge":   {"inferentia2", "aws", 1, 2},
	"inf2.24xlarge":  {"inferentia2", "aws", 6, 2},
	"inf2.48xlarge":  {"inferentia2", "aws", 12, 2},
	"trn1.2xlarge":   {"trainium", "aws", 1, 2},
	"trn1.32xlarge":  {"trainium", "aws", 16, 2},
	"trn1n.32xlarge": {"trainium", "aws", 16, 2},
	"dl2q.24xlarge":  {"qualcomm-ai100", "qualcomm", 8, 0},
}

// gpuResource is the extended resource under which a device plugin offers the
// GPUs of a manufacturer.
var gpuResource = map[string]string{"NVIDIA": "nvidia.com/gpu", "AMD": "amd.com/gpu", "Habana": "habana.ai/gaudi"}

// devices returns the extended resources of a node on t.
func devices(t Type) map[string]int64 {
	out := map[string]int64{}
	if t.GPU != nil && gpuResource[t.GPU.Manufacturer] != "" {
		out[gpuResource[t.GPU.Manufacturer]] = t.GPU.Count
	}
	if a := t.accelerator(); a != nil && a.Cores > 0 {
		out["aws.amazon.com/neuron"] = a.Count
		out["aws.amazon.com/neuroncore"] = a.Count * a.Cores
	}
	return out
}

// accelerator is what the type has beside GPUs, nil for nothing.
func (t *Type) accelerator() *Accelerator {
	if t.Accelerator != nil {
		return t.Accelerator
	}
	if a, ok := accelerators[t.Name]; ok {
		return &a
	}
	return nil
}

// NodeLabels returns the labels of a node on t, without zone and capacity type; "" as
// reason when they are known well enough.
func NodeLabels(t Type, region string) (labels cluster.Labels, reason string) {
	name, ok := ParseName(t.Name)
	if !ok {
		return nil, "its name has no family and size"
	}
	i := slices.IndexFunc(t.Arch, func(a string) bool { return platform[a].os != "" })
	if i < 0 {
		return nil, "no known architecture among [" + strings.Join(t.Arch, " ") + "]"
	}
	p := platform[t.Arch[i]]
	labels = cluster.Labels{
		cluster.LabelArch:   p.arch,
		cluster.LabelOS:     p.os,
		cluster.LabelRegion: region,

		LabelCategory:   name.Category,
		LabelFamily:     name.Family,
		LabelSize:       name.Size,
		LabelFlex:       strconv.FormatBool(name.Flex),
		LabelCPU:        number(t.VCPU),
		LabelMemory:     number(t.MemoryMiB),
		LabelHypervisor: t.Hypervisor, // empty on bare metal, as Karpenter has it
	}
	set := func(key, value string) {
		if value != "" {
			labels[key] = value
		}
	}
	set(LabelGeneration, name.Generation)
	set(LabelCPUManufacturer, kebab(t.Manufacturer))
	if mbps := int64(math.Round(t.NetworkBaselineGbps * 1000)); mbps > 0 {
		labels[LabelNetworkBandwidth] = number(mbps)
	}
	if t.LocalNVMeGB > 0 && hasNVMe(t, name) {
		labels[LabelLocalNVMe] = number(t.LocalNVMeGB)
	}
	if g := t.GPU; g != nil {
		set(LabelGPUName, kebab(g.Name))
		set(LabelGPUManufacturer, kebab(g.Manufacturer))
		set(LabelGPUCount, number(g.Count))
		set(LabelGPUMemory, number(g.MemoryMiB))
	}
	if a := t.accelerator(); a != nil {
		labels[LabelAcceleratorName], labels[LabelAcceleratorMaker], labels[LabelAcceleratorCount] = a.Name, a.Manufacturer, number(a.Count)
	}
	if t.EBSMbps > 0 {
		labels[LabelEBSBandwidth] = number(t.EBSMbps)
	}
	if t.ClockMHz > 0 {
		labels[LabelClockSpeed] = number(t.ClockMHz)
	}
	if t.Encrypted != nil {
		labels[LabelEncrypted] = strconv.FormatBool(*t.Encrypted)
	}
	return labels, ""
}

// hasNVMe tells whether the instance store speaks NVMe. On Xen, i3 is the only
// family whose disks do; the others' count as none, as Karpenter has it.
func hasNVMe(t Type, name Name) bool { return t.Hypervisor != "xen" || name.Family == "i3" }

// kebab writes a name as a label value: "Radeon Pro V520" as "radeon-pro-v520".
func kebab(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "-")) }

func number(n int64) string { return strconv.FormatInt(n, 10) }
