package catalog

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/ullage-sh/ullage/cluster"
)

// LabelComputeType is how EKS says what kind of node one is: "fargate", "auto" …
const LabelComputeType = "eks.amazonaws.com/compute-type"

// fargateRate is what Fargate on EKS costs per hour (Linux on x86, the only platform
// it has there), without the ephemeral storage beyond the 20 GiB that are included.
type fargateRate struct {
	vcpu, gib cluster.Money
	// unverified: the figure could not be checked against a second source.
	unverified bool
}

// fargateRates by region, as on AWS's price list of 2025: facts, not an offer. Oregon
// costs what Virginia does.
var fargateRates = map[string]fargateRate{
	"us-east-1":      {vcpu: 40_480, gib: 4_445},
	"us-west-2":      {vcpu: 40_480, gib: 4_445},
	"ap-northeast-2": {vcpu: 46_560, gib: 5_110, unverified: true},
}

// fargateSizes is the table of what Fargate runs (EKS user guide, "Fargate Pod
// configuration"): memory from least to most in steps, GiB. A quarter of a core also
// comes with half a GiB.
var fargateSizes = []struct{ millis, least, most, step int64 }{
	{250, 1, 2, 1}, {500, 1, 4, 1}, {1000, 2, 8, 1}, {2000, 4, 16, 1}, {4000, 8, 30, 1}, {8000, 16, 60, 4}, {16000, 32, 120, 8},
}

const (
	// fargateAgents is the memory that Fargate adds to a pod for kubelet, kube-proxy and
	// containerd.
	fargateAgents = 256 * mebi
	// fargateStorage is the ephemeral storage that is included. More can be had, up to
	// 175 GiB, at a price that is not known here.
	fargateStorage = 20 * gibi
)

// Fargate returns the sizes in which Fargate runs pods as instance types that hold
// one, the cheapest first: a pod gets the first that holds its requests, which is how
// AWS rounds them up. Nil where the region's prices are not known.
func Fargate(region string, zones []string) []cluster.InstanceType {
	rate, known := fargateRates[region]
	if !known {
		return nil
	}
	out := []cluster.InstanceType{rate.size(region, zones, 250, gibi/2)}
	for _, s := range fargateSizes {
		for g := s.least; g <= s.most; g += s.step {
			out = append(out, rate.size(region, zones, s.millis, g*gibi))
		}
	}
	slices.SortStableFunc(out, func(x, y cluster.InstanceType) int { return cmp.Compare(x.Offerings[0].Price, y.Offerings[0].Price) })
	return out
}

// size is a row of the table as an instance type.
func (r fargateRate) size(region string, zones []string, millis, bytes int64) cluster.InstanceType {
	amounts := func(memory int64) cluster.Resources {
		return cluster.NewResources(map[string]int64{
			cluster.CPU: millis, cluster.Memory: memory, cluster.Pods: 1, cluster.EphemeralStorage: fargateStorage,
		})
	}
	decimal := func(v, unit int64) string { return strconv.FormatFloat(float64(v)/float64(unit), 'f', -1, 64) }
	t := cluster.InstanceType{
		Name:     "fargate-" + decimal(millis, 1000) + "vcpu-" + decimal(bytes, gibi) + "gb",
		Labels:   cluster.Labels{cluster.LabelArch: "amd64", cluster.LabelOS: "linux", cluster.LabelRegion: region, LabelComputeType: "fargate"},
		Capacity: amounts(bytes), Allocatable: amounts(bytes - fargateAgents),
	}
	price := r.vcpu*cluster.Money(millis)/1000 + r.gib*cluster.Money(bytes/(gibi/2))/2
	for _, z := range zones {
		t.Offerings = append(t.Offerings, cluster.Offering{Zone: z, CapacityType: cluster.OnDemand, Price: price, Imputed: r.unverified, Available: true})
	}
	return t
}
