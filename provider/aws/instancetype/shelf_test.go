package instancetype

import (
	"context"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/simtest"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
)

func newShelf(t *testing.T, change func(*awssim.Config)) (*Shelf, *simtest.AWS) {
	t.Helper()
	a := simtest.New(t, world.Config{}, change)
	return NewShelf(ec2.NewFromConfig(a.Config()), a.Clock.Now), a
}

// TestFactsOfTheCatalogue: what EC2 tells of a type, read from the wire, makes the same
// node as the catalogue that EC2's answer was made from.
func TestFactsOfTheCatalogue(t *testing.T) {
	s, _ := newShelf(t, nil)
	sold, _, err := s.Types(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for _, x := range sold {
		want, ok := c.Type(x.Name)
		if !ok {
			t.Fatalf("%s is sold, and the catalogue does not have it", x.Name)
		}
		if !reflect.DeepEqual(x.Zones, want.Offerings[simtest.Region].Zones) {
			t.Errorf("%s is sold in %v, want %v", x.Name, x.Zones, want.Offerings[simtest.Region].Zones)
		}
		labels, reason := catalog.NodeLabels(x.Type, simtest.Region)
		wantLabels, wantReason := catalog.NodeLabels(want, simtest.Region)
		if !reflect.DeepEqual(labels, wantLabels) || reason != wantReason {
			t.Errorf("%s: labels %v %s, want %v %s", x.Name, labels, reason, wantLabels, wantReason)
		}
		capacity, allocatable, err := s.Size(x.Type, "", catalog.DefaultSizing())
		wantCapacity, wantAllocatable, wantErr := catalog.DefaultSizing().Node(want)
		if !reflect.DeepEqual(capacity, wantCapacity) || !reflect.DeepEqual(allocatable, wantAllocatable) || (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %v %v %v, want %v %v %v", x.Name, capacity, allocatable, err, wantCapacity, wantAllocatable, wantErr)
		}
		same++
	}
	if same < 700 {
		t.Errorf("only %d types are sold", same)
	}
}

// TestFacts checks what the simulated EC2 does not tell, on a record like EC2's own.
func TestFacts(t *testing.T) {
	info := types.InstanceTypeInfo{
		InstanceType: "inf2.8xlarge", Hypervisor: types.InstanceTypeHypervisorNitro, SupportedUsageClasses: []types.UsageClassType{"on-demand", "spot"},
		VCpuInfo: &types.VCpuInfo{DefaultVCpus: aws.Int32(32)}, MemoryInfo: &types.MemoryInfo{SizeInMiB: aws.Int64(131072)},
		ProcessorInfo: &types.ProcessorInfo{Manufacturer: aws.String("AMD"), SupportedArchitectures: []types.ArchitectureType{"x86_64"}, SustainedClockSpeedInGhz: aws.Float64(2.95)},
		NetworkInfo: &types.NetworkInfo{
			DefaultNetworkCardIndex: aws.Int32(1), MaximumNetworkInterfaces: aws.Int32(15), Ipv4AddressesPerInterface: aws.Int32(30), EncryptionInTransitSupported: aws.Bool(true),
			NetworkCards: []types.NetworkCardInfo{
				{NetworkCardIndex: aws.Int32(0), MaximumNetworkInterfaces: aws.Int32(7)},
				{NetworkCardIndex: aws.Int32(1), MaximumNetworkInterfaces: aws.Int32(8), BaselineBandwidthInGbps: aws.Float64(12.5), PeakBandwidthInGbps: aws.Float64(25)},
			},
		},
		EbsInfo: &types.EbsInfo{MaximumEbsAttachments: aws.Int32(27), EbsOptimizedSupport: types.EbsOptimizedSupportDefault, EbsOptimizedInfo: &types.EbsOptimizedInfo{MaximumBandwidthInMbps: aws.Int32(10000)}},
		NeuronInfo: &types.NeuronInfo{NeuronDevices: []types.NeuronDeviceInfo{{
			Name: aws.String("Inferentia2"), Count: aws.Int32(3), CoreInfo: &types.NeuronDeviceCoreInfo{Count: aws.Int32(2)},
		}}},
	}
	f := Facts(info)
	labels, reason := catalog.NodeLabels(f, "us-west-2")
	if reason != "" {
		t.Fatal(reason)
	}
	for k, want := range map[string]string{
		catalog.LabelEBSBandwidth: "10000", catalog.LabelClockSpeed: "2950", catalog.LabelEncrypted: "true", catalog.LabelNetworkBandwidth: "12500",
		catalog.LabelAcceleratorName: "inferentia2", catalog.LabelAcceleratorMaker: "aws", catalog.LabelAcceleratorCount: "3",
	} {
		if labels[k] != want {
			t.Errorf("label %s is %q, want %q", k, labels[k], want)
		}
	}
	capacity, _, err := catalog.DefaultSizing().Node(f)
	if err != nil || capacity.Get(cluster.Pods) != 8*29+2 || capacity.Get("aws.amazon.com/neuroncore") != 6 {
		t.Errorf("capacity %v, %v; want 234 pods (8 interfaces of the second card) and 6 cores", capacity, err)
	}
	if f := Facts(types.InstanceTypeInfo{InstanceType: "x1.new"}); f.Name != "x1.new" || f.VCPU != 0 {
		t.Errorf("of a record that says nothing: %+v", f)
	}
}

// TestStay: EC2 is asked once in a while, and what it said holds when it does not answer.
func TestStay(t *testing.T) {
	s, a := newShelf(t, nil)
	ctx := context.Background()
	one, edition, err := s.Types(ctx)
	if err != nil {
		t.Fatal(err)
	}
	asked := a.Counts()["ec2:DescribeInstanceTypes"]
	if again, e, err := s.Types(ctx); err != nil || e != edition || &again[0] != &one[0] || a.Counts()["ec2:DescribeInstanceTypes"] != asked {
		t.Errorf("asked again at once: edition %d after %d, %v", e, edition, err)
	}
	a.Clock.Advance(Stay)
	if _, e, err := s.Types(ctx); err != nil || e != edition+1 || a.Counts()["ec2:DescribeInstanceTypes"] <= asked {
		t.Errorf("asked again after %v: edition %d, %v, %v", Stay, e, err, a.Counts())
	}
	cut, cancel := context.WithCancel(ctx)
	cancel()
	a.Clock.Advance(Stay)
	if _, _, err := s.Types(cut); err == nil {
		t.Error("asked with a context that has ended, it says nothing of that")
	}
}

// TestRefused: nothing can be said before EC2 has answered once; after that, what it said
// holds, and it is not asked by everybody who wants to know.
func TestRefused(t *testing.T) {
	s, refusing := newShelf(t, func(c *awssim.Config) { c.Denied = []string{"ec2:DescribeInstanceTypes"} })
	if _, _, err := s.Types(context.Background()); err == nil {
		t.Error("types are known although EC2 refuses to tell them")
	}
	good, a := newShelf(t, nil)
	sold, _, err := good.Types(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	a.Clock.Advance(Stay)
	good.client = s.client
	if again, _, err := good.Types(context.Background()); err != nil || len(again) != len(sold) {
		t.Errorf("when EC2 refuses, %d types: %v; want the %d of before", len(again), err, len(sold))
	}
	asked := refusing.Counts()["ec2:DescribeInstanceTypeOfferings"]
	if _, _, err := good.Types(context.Background()); err != nil || refusing.Counts()["ec2:DescribeInstanceTypeOfferings"] != asked {
		t.Errorf("asked again at once after a refusal: %v", err)
	}
	a.Clock.Advance(FailedStay)
	if _, _, err := good.Types(context.Background()); err != nil || refusing.Counts()["ec2:DescribeInstanceTypeOfferings"] == asked {
		t.Errorf("not asked again %v after a refusal: %v", FailedStay, err)
	}
}

// TestReport: the least memory that a kubelet has found counts, for its image alone.
func TestReport(t *testing.T) {
	s, _ := newShelf(t, nil)
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	typ, _ := c.Type("m5.large")
	const mib = 1 << 20
	for _, step := range []struct {
		image  string
		memory int64
		news   bool
	}{{"ami-1", 7600 * mib, true}, {"ami-1", 7700 * mib, false}, {"ami-1", 7500 * mib, true}, {"ami-1", 7500 * mib, false}, {"ami-1", 0, false}} {
		if news := s.Report("m5.large", step.image, step.memory); news != step.news {
			t.Errorf("report of %d MiB: news is %t", step.memory/mib, news)
		}
	}
	capacity, allocatable, err := s.Size(typ, "ami-1", catalog.DefaultSizing())
	if err != nil || capacity.Get(cluster.Memory) != 7500*mib || allocatable.Get(cluster.Memory) != (7500-11*29-255-100)*mib {
		t.Errorf("after the reports: %v %v %v", capacity, allocatable, err)
	}
	want, _, _ := catalog.DefaultSizing().Node(typ)
	if capacity, _, _ := s.Size(typ, "ami-2", catalog.DefaultSizing()); !reflect.DeepEqual(capacity, want) {
		t.Errorf("with another image: %v, want %v", capacity, want)
	}
}
