package instancetype

import (
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/catalog"
)

// Facts reads EC2's record of an instance type. What it does not say stays zero: the
// catalogue's sums name what they miss.
func Facts(info types.InstanceTypeInfo) catalog.Type {
	t := catalog.Type{
		Name: string(info.InstanceType), Hypervisor: string(info.Hypervisor), BareMetal: aws.ToBool(info.BareMetal),
		Burstable: aws.ToBool(info.BurstablePerformanceSupported), CurrentGeneration: aws.ToBool(info.CurrentGeneration),
	}
	for _, u := range info.SupportedUsageClasses {
		t.UsageClasses = append(t.UsageClasses, string(u))
	}
	if v := info.VCpuInfo; v != nil {
		t.VCPU = int64(aws.ToInt32(v.DefaultVCpus))
	}
	if m := info.MemoryInfo; m != nil {
		t.MemoryMiB = aws.ToInt64(m.SizeInMiB)
	}
	if p := info.ProcessorInfo; p != nil {
		t.Manufacturer = aws.ToString(p.Manufacturer)
		t.ClockMHz = int64(math.Round(aws.ToFloat64(p.SustainedClockSpeedInGhz) * 1000))
		for _, a := range p.SupportedArchitectures {
			t.Arch = append(t.Arch, string(a))
		}
	}
	network(&t, info.NetworkInfo)
	disks(&t, info)
	accelerators(&t, info)
	return t
}

// network reads the default network card: the VPC CNI uses no other.
func network(t *catalog.Type, n *types.NetworkInfo) {
	if n == nil {
		return
	}
	t.Encrypted = n.EncryptionInTransitSupported
	t.IPv4PerENI, t.MaxENIs = int64(aws.ToInt32(n.Ipv4AddressesPerInterface)), int64(aws.ToInt32(n.MaximumNetworkInterfaces))
	for _, card := range n.NetworkCards {
		if aws.ToInt32(card.NetworkCardIndex) == aws.ToInt32(n.DefaultNetworkCardIndex) {
			t.MaxENIs = int64(aws.ToInt32(card.MaximumNetworkInterfaces))
			t.NetworkBaselineGbps, t.NetworkPeakGbps = aws.ToFloat64(card.BaselineBandwidthInGbps), aws.ToFloat64(card.PeakBandwidthInGbps)
		}
	}
}

func disks(t *catalog.Type, info types.InstanceTypeInfo) {
	if s := info.InstanceStorageInfo; s != nil {
		t.LocalNVMeGB = aws.ToInt64(s.TotalSizeInGB)
	}
	if e := info.EbsInfo; e != nil {
		t.EBSMaxAttachments = int64(aws.ToInt32(e.MaximumEbsAttachments))
		if e.EbsOptimizedInfo != nil && e.EbsOptimizedSupport == types.EbsOptimizedSupportDefault {
			t.EBSMbps = int64(aws.ToInt32(e.EbsOptimizedInfo.MaximumBandwidthInMbps))
		}
	}
}

// accelerators reads GPUs and other devices. Where a type has several kinds of one, labels
// and resources cannot tell them apart: it then counts as having none.
func accelerators(t *catalog.Type, info types.InstanceTypeInfo) {
	if g := info.GpuInfo; g != nil && len(g.Gpus) == 1 {
		d := g.Gpus[0]
		t.GPU = &catalog.GPU{Name: aws.ToString(d.Name), Manufacturer: aws.ToString(d.Manufacturer), Count: int64(aws.ToInt32(d.Count))}
		if d.MemoryInfo != nil {
			t.GPU.MemoryMiB = int64(aws.ToInt32(d.MemoryInfo.SizeInMiB))
		}
	}
	if n := info.NeuronInfo; n != nil && len(n.NeuronDevices) == 1 {
		d := n.NeuronDevices[0]
		t.Accelerator = &catalog.Accelerator{Name: strings.ToLower(aws.ToString(d.Name)), Manufacturer: "aws", Count: int64(aws.ToInt32(d.Count))}
		if d.CoreInfo != nil {
			t.Accelerator.Cores = int64(aws.ToInt32(d.CoreInfo.Count))
		}
	} else if i := info.InferenceAcceleratorInfo; i != nil && len(i.Accelerators) == 1 {
		d := i.Accelerators[0]
		t.Accelerator = &catalog.Accelerator{
			Name: label(aws.ToString(d.Name)), Manufacturer: label(aws.ToString(d.Manufacturer)), Count: int64(aws.ToInt32(d.Count)),
		}
	}
}

// label writes a name as a label value.
func label(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "-")) }
