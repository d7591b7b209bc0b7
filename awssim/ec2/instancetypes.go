package ec2

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim/paging"
	"github.com/ullage-sh/ullage/awssim/wire"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
)

// DescribeInstanceTypes says what the region's instance types are.
func DescribeInstanceTypes(w *world.World, _ *world.Call, in *ec2.DescribeInstanceTypesInput) (*ec2.DescribeInstanceTypesOutput, error) {
	if len(in.InstanceTypes) > 0 && in.MaxResults != nil {
		return nil, wire.Errorf("InvalidParameterCombination", "The parameter instanceTypes cannot be used with the parameter maxResults")
	}
	name := func(t catalog.Type) string { return t.Name }
	all := w.Types()
	wanted := make([]string, len(in.InstanceTypes))
	for i, t := range in.InstanceTypes {
		wanted[i] = string(t)
	}
	all, err := selected(all, wanted, "InvalidInstanceType", "instance type", name)
	if err != nil {
		return nil, wire.Errorf("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", strings.Join(unknownTypes(w, wanted), ", "))
	}
	if all, err = filtered(w, all, in.Filters, typeAttributes, nil); err != nil {
		return nil, err
	}
	all, next, err := paging.Page("DescribeInstanceTypes", all, in.MaxResults, in.NextToken, paging.Bounds{Least: 5, Most: 100, Usual: 100})
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstanceTypesOutput{InstanceTypes: []types.InstanceTypeInfo{}, NextToken: next}
	for _, t := range all {
		out.InstanceTypes = append(out.InstanceTypes, describeType(t))
	}
	return out, nil
}

func unknownTypes(w *world.World, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { _, ok := w.Type(n); return ok })
}

// typeAttributes are those of DescribeInstanceTypes' filters that the catalogue can tell.
var typeAttributes = attributes[catalog.Type]{
	"instance-type":                         one(func(t catalog.Type) string { return t.Name }),
	"bare-metal":                            one(func(t catalog.Type) string { return strconv.FormatBool(t.BareMetal) }),
	"burstable-performance-supported":       one(func(t catalog.Type) string { return strconv.FormatBool(t.Burstable) }),
	"current-generation":                    one(func(t catalog.Type) string { return strconv.FormatBool(t.CurrentGeneration) }),
	"hypervisor":                            one(func(t catalog.Type) string { return t.Hypervisor }),
	"instance-storage-supported":            one(func(t catalog.Type) string { return strconv.FormatBool(t.LocalNVMeGB > 0) }),
	"memory-info.size-in-mib":               one(func(t catalog.Type) string { return strconv.FormatInt(t.MemoryMiB, 10) }),
	"vcpu-info.default-vcpus":               one(func(t catalog.Type) string { return strconv.FormatInt(t.VCPU, 10) }),
	"processor-info.supported-architecture": func(t catalog.Type) []string { return t.Arch },
	"supported-usage-class":                 func(t catalog.Type) []string { return t.UsageClasses },
	"supported-virtualization-type":         func(catalog.Type) []string { return []string{"hvm"} },
	"supported-root-device-type":            func(catalog.Type) []string { return []string{"ebs"} },
	"network-info.maximum-network-interfaces": one(func(t catalog.Type) string {
		return strconv.FormatInt(t.MaxENIs, 10)
	}),
	"network-info.ipv4-addresses-per-interface": one(func(t catalog.Type) string {
		return strconv.FormatInt(t.IPv4PerENI, 10)
	}),
}

// describeType tells what the catalogue knows of a type. What it does not know (EBS
// bandwidth, enclaves, clock speed) is left out rather than made up.
func describeType(t catalog.Type) types.InstanceTypeInfo {
	gbps := strconv.FormatFloat(t.NetworkPeakGbps, 'f', -1, 64) + " Gigabit"
	if t.NetworkPeakGbps > t.NetworkBaselineGbps {
		gbps = "Up to " + gbps
	}
	i := types.InstanceTypeInfo{
		InstanceType: types.InstanceType(t.Name), BareMetal: aws.Bool(t.BareMetal), BurstablePerformanceSupported: aws.Bool(t.Burstable),
		CurrentGeneration: aws.Bool(t.CurrentGeneration), Hypervisor: types.InstanceTypeHypervisor(t.Hypervisor),
		VCpuInfo:   &types.VCpuInfo{DefaultVCpus: aws.Int32(int32(t.VCPU))},
		MemoryInfo: &types.MemoryInfo{SizeInMiB: aws.Int64(t.MemoryMiB)},
		ProcessorInfo: &types.ProcessorInfo{
			Manufacturer: aws.String(t.Manufacturer), SupportedArchitectures: convert[types.ArchitectureType](t.Arch),
		},
		NetworkInfo: &types.NetworkInfo{
			DefaultNetworkCardIndex: aws.Int32(0), MaximumNetworkCards: aws.Int32(1),
			MaximumNetworkInterfaces: aws.Int32(int32(t.MaxENIs)), Ipv4AddressesPerInterface: aws.Int32(int32(t.IPv4PerENI)),
			NetworkPerformance: aws.String(gbps), EnaSupport: types.EnaSupportRequired, Ipv6Supported: aws.Bool(true),
			NetworkCards: []types.NetworkCardInfo{{
				NetworkCardIndex: aws.Int32(0), MaximumNetworkInterfaces: aws.Int32(int32(t.MaxENIs)), NetworkPerformance: aws.String(gbps),
				BaselineBandwidthInGbps: aws.Float64(t.NetworkBaselineGbps), PeakBandwidthInGbps: aws.Float64(t.NetworkPeakGbps),
			}},
		},
		EbsInfo:                      &types.EbsInfo{MaximumEbsAttachments: aws.Int32(int32(t.EBSMaxAttachments))},
		InstanceStorageSupported:     aws.Bool(t.LocalNVMeGB > 0),
		SupportedUsageClasses:        convert[types.UsageClassType](t.UsageClasses),
		SupportedVirtualizationTypes: []types.VirtualizationType{types.VirtualizationTypeHvm},
		SupportedRootDeviceTypes:     []types.RootDeviceType{types.RootDeviceTypeEbs},
		FreeTierEligible:             aws.Bool(false),
		DedicatedHostsSupported:      aws.Bool(false),
		AutoRecoverySupported:        aws.Bool(false),
		HibernationSupported:         aws.Bool(false),
	}
	// Clients take these for always there. What is burstable cannot be in a cluster group.
	i.PlacementGroupInfo = &types.PlacementGroupInfo{SupportedStrategies: []types.PlacementGroupStrategy{types.PlacementGroupStrategyPartition, types.PlacementGroupStrategySpread}}
	if !t.Burstable {
		i.PlacementGroupInfo.SupportedStrategies = append([]types.PlacementGroupStrategy{types.PlacementGroupStrategyCluster}, i.PlacementGroupInfo.SupportedStrategies...)
	}
	if t.Hypervisor == "xen" {
		i.NetworkInfo.EnaSupport = types.EnaSupportSupported
	}
	if t.LocalNVMeGB > 0 {
		i.InstanceStorageInfo = &types.InstanceStorageInfo{TotalSizeInGB: aws.Int64(t.LocalNVMeGB), NvmeSupport: types.EphemeralNvmeSupportRequired}
		if t.Hypervisor == "xen" && !strings.HasPrefix(t.Name, "i3.") {
			i.InstanceStorageInfo.NvmeSupport = types.EphemeralNvmeSupportUnsupported
		}
	}
	if g := t.GPU; g != nil {
		i.GpuInfo = &types.GpuInfo{
			Gpus: []types.GpuDeviceInfo{{
				Name: aws.String(g.Name), Manufacturer: aws.String(g.Manufacturer), Count: aws.Int32(int32(g.Count)),
				MemoryInfo: &types.GpuDeviceMemoryInfo{SizeInMiB: aws.Int32(int32(g.MemoryMiB))},
			}},
			TotalGpuMemoryInMiB: aws.Int32(int32(max(g.Count, 1) * g.MemoryMiB)),
		}
	}
	return i
}

// convert turns names into an enumeration of the SDK.
func convert[E ~string](names []string) []E {
	out := make([]E, len(names))
	for i, n := range names {
		out[i] = E(n)
	}
	return out
}

// sold is a type at a place where it is sold.
type sold struct{ instanceType, place string }

// DescribeInstanceTypeOfferings says where types are sold: in the region, or in which of
// its zones.
func DescribeInstanceTypeOfferings(w *world.World, _ *world.Call, in *ec2.DescribeInstanceTypeOfferingsInput) (*ec2.DescribeInstanceTypeOfferingsOutput, error) {
	kind := in.LocationType
	if kind == "" {
		kind = types.LocationTypeRegion
	}
	ids := map[string]string{}
	for _, s := range w.Subnets() {
		ids[s.Zone] = s.ZoneID
	}
	var all []sold
	for _, t := range w.Types() {
		switch kind {
		case types.LocationTypeRegion:
			all = append(all, sold{t.Name, w.Config().Region})
		case types.LocationTypeAvailabilityZone, types.LocationTypeAvailabilityZoneId:
			for _, zone := range t.Offerings[w.Config().Region].Zones {
				if kind == types.LocationTypeAvailabilityZoneId {
					zone = ids[zone]
				}
				all = append(all, sold{t.Name, zone})
			}
		default:
			return nil, wire.Errorf("InvalidParameterValue", "Value (%s) for parameter locationType is invalid", kind)
		}
	}
	all, err := filtered(w, all, in.Filters, attributes[sold]{
		"instance-type": one(func(s sold) string { return s.instanceType }), "location": one(func(s sold) string { return s.place }),
	}, nil)
	if err != nil {
		return nil, err
	}
	all, next, err := paging.Page(fmt.Sprintf("DescribeInstanceTypeOfferings by %s", kind), all, in.MaxResults, in.NextToken, usualPages)
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInstanceTypeOfferingsOutput{InstanceTypeOfferings: []types.InstanceTypeOffering{}, NextToken: next}
	for _, s := range all {
		out.InstanceTypeOfferings = append(out.InstanceTypeOfferings, types.InstanceTypeOffering{
			InstanceType: types.InstanceType(s.instanceType), Location: aws.String(s.place), LocationType: kind,
		})
	}
	return out, nil
}
