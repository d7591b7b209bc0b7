package solve_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/ullage-sh/ullage/cluster"
)

// family is a line of machines: its price and memory for a core.
type family struct {
	name, arch string
	price      float64 // USD per hour and vCPU, on demand
	memory     float64 // GiB per vCPU
}

// families are like what a cloud sells for general purposes: list prices of
// us-east-1, rounded.
var families = []family{
	{"c5", "amd64", 0.0425, 2}, {"c5n", "amd64", 0.054, 2.625}, {"c6i", "amd64", 0.0425, 2}, {"c6a", "amd64", 0.03825, 2},
	{"c7i", "amd64", 0.044625, 2}, {"c7a", "amd64", 0.05132, 2}, {"c6g", "arm64", 0.034, 2}, {"c7g", "arm64", 0.03625, 2},
	{"m5", "amd64", 0.048, 4}, {"m5a", "amd64", 0.043, 4}, {"m6i", "amd64", 0.048, 4}, {"m6a", "amd64", 0.0432, 4},
	{"m7i", "amd64", 0.0504, 4}, {"m7a", "amd64", 0.05796, 4}, {"m6g", "arm64", 0.0385, 4}, {"m7g", "arm64", 0.0408, 4},
	{"r5", "amd64", 0.063, 8}, {"r5a", "amd64", 0.0565, 8}, {"r6i", "amd64", 0.063, 8}, {"r6a", "amd64", 0.0567, 8},
	{"r7i", "amd64", 0.06615, 8}, {"r7a", "amd64", 0.07608, 8}, {"r6g", "arm64", 0.0504, 8}, {"r7g", "arm64", 0.0536, 8},
}

var sizes = []struct {
	name       string
	cpus, pods int64
}{
	{"large", 2, 29}, {"xlarge", 4, 58}, {"2xlarge", 8, 58}, {"4xlarge", 16, 234}, {"8xlarge", 32, 234},
	{"12xlarge", 48, 234}, {"16xlarge", 64, 737}, {"24xlarge", 96, 737},
}

// machines returns the first n types of families × sizes with what a kubelet
// reserves taken off, in three zones, on demand and spot.
func machines(n int) []cluster.InstanceType {
	var out []cluster.InstanceType
	for _, s := range sizes {
		for _, f := range families {
			if len(out) < n {
				out = append(out, machine(f, s.name, s.cpus, s.pods, len(out)))
			}
		}
	}
	return out
}

func machine(f family, size string, cpus, pods int64, salt int) cluster.InstanceType {
	mib := int64(f.memory * float64(cpus) * 1024)
	capacity := map[string]int64{cluster.CPU: cpus * 1000, cluster.Pods: pods, cluster.Memory: (mib - int64(math.Ceil(float64(mib)*0.075))) << 20}
	reserved := map[string]int64{cluster.CPU: 60 + min(cpus-1, 1)*10 + max(min(cpus-2, 2), 0)*5 + max(cpus-4, 0)*5/2, cluster.Memory: (11*pods + 255 + 100) << 20}
	total := cluster.NewResources(capacity)
	t := cluster.InstanceType{
		Name:     f.name + "." + size,
		Labels:   cluster.Labels{cluster.LabelArch: f.arch, cluster.LabelOS: "linux", "karpenter.k8s.aws/instance-family": f.name},
		Capacity: total, Allocatable: total.Minus(cluster.NewResources(reserved)),
	}
	price := cluster.Money(math.Round(f.price * float64(cpus) * 1e6))
	for i, zone := range []string{"a", "b", "c"} {
		spot := price * cluster.Money(30+(salt*7+i*5)%15) / 100 / 100 * 100
		t.Offerings = append(t.Offerings,
			cluster.Offering{Zone: zone, CapacityType: cluster.OnDemand, Price: price, Available: true},
			cluster.Offering{Zone: zone, CapacityType: cluster.Spot, Price: spot, Available: true, ReclaimPPM: 70})
	}
	return t
}

// workload makes pods of given sizes; pods of equal size are one class.
type workload struct {
	demands cluster.Demands
	pods    []*cluster.Pod
}

func (w *workload) add(n int, cpu, memory int64, selector ...cluster.Requirement) {
	d := w.demands.Intern(cluster.Demand{
		Requests: cluster.NewResources(map[string]int64{cluster.CPU: cpu, cluster.Memory: memory, cluster.Pods: 1}), Selector: selector,
	})
	for range n {
		name := fmt.Sprintf("p-%06d", len(w.pods))
		w.pods = append(w.pods, &cluster.Pod{
			UID: name, Namespace: "default", Name: name, Demand: d, UnschedulableSince: 1,
			Owner: cluster.Owner{Kind: "ReplicaSet", Name: "p", UID: "p"},
		})
	}
}

// inflate is the classic demonstration: n pods of 1 cpu and 1.5 GiB.
func inflate(n int) []*cluster.Pod {
	var w workload
	w.add(n, 1000, 1536<<20)
	return w.pods
}

// logNormal draws n pods whose cpu and memory are log-normal, each pod its own
// class.
func logNormal(n int, seed uint64) []*cluster.Pod {
	r := rand.New(rand.NewPCG(seed, 1))
	draw := func(median float64) float64 { return median * math.Exp(r.NormFloat64()) }
	var w workload
	for range n {
		cpu := min(int64(draw(500)/10)*10+10, 16000)
		memory := min(int64(draw(1024)/16)*16+16, 64<<10)
		w.add(1, cpu, memory<<20)
	}
	return w.pods
}

// services draws n pods of k classes: what a cluster with k Deployments asks for.
func services(n, k int, seed uint64) []*cluster.Pod {
	r := rand.New(rand.NewPCG(seed, 2))
	cpus := []int64{100, 250, 500, 1000, 1500, 2000, 4000}
	memory := []int64{128, 256, 512, 1024, 2048, 4096, 8192}
	var w workload
	for i := range k {
		var selector []cluster.Requirement
		switch i % 10 {
		case 7:
			selector = append(selector, cluster.Requirement{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"b", "ap-northeast-2b"}})
		case 8:
			selector = append(selector, cluster.Requirement{Key: cluster.LabelArch, Operator: cluster.In, Values: []string{"arm64"}})
		case 9:
			selector = append(selector, cluster.Requirement{Key: cluster.LabelCapacityType, Operator: cluster.In, Values: []string{cluster.OnDemand}})
		}
		w.add((n-i+k-1)/k, cpus[r.IntN(len(cpus))]+int64(i), memory[r.IntN(len(memory))]<<20, selector...)
	}
	return w.pods
}

// classRef is the node class of the test markets.
var classRef = cluster.ClassRef{Group: "test.ullage.sh", Kind: "TestNodeClass", Name: "default"}

// market is a snapshot of pods waiting before one pool that sells types.
func market(pods []*cluster.Pod, types []cluster.InstanceType, requirements ...cluster.Requirement) *cluster.Snapshot {
	return cluster.NewSnapshot(cluster.Input{
		Pods:  pods,
		Pools: []*cluster.Pool{{Name: "default", UID: "default", Class: classRef, Requirements: requirements}},
		Types: map[cluster.ClassRef][]cluster.InstanceType{classRef: types},
	})
}

// crowded is a market beside n nodes of 16 cores that have little room each.
func crowded(pods []*cluster.Pod, n int) *cluster.Snapshot {
	var w workload
	types := machines(200)
	t := types[slices.IndexFunc(types, func(t cluster.InstanceType) bool { return t.Name == "m5.4xlarge" })]
	in := cluster.Input{
		Pods:  slices.Clone(pods),
		Pools: []*cluster.Pool{{Name: "default", UID: "default", Class: classRef}},
		Types: map[cluster.ClassRef][]cluster.InstanceType{classRef: types},
	}
	for i := range n {
		w.add(1, 15000+int64(i*37%800), 50<<30)
		p := w.pods[i]
		p.UID, p.Name, p.Node, p.UnschedulableSince, p.Phase = "r-"+p.UID, "r-"+p.Name, fmt.Sprintf("n-%05d", i), 0, cluster.Running
		in.Pods = append(in.Pods, p)
		in.Nodes = append(in.Nodes, &cluster.Node{
			Name: p.Node, UID: p.Node, Ready: true, Capacity: t.Capacity, Allocatable: t.Allocatable,
			Labels: cluster.Labels{cluster.LabelZone: string(rune('a' + i%3)), cluster.LabelHostname: p.Node, cluster.LabelArch: "amd64"},
		})
	}
	return cluster.NewSnapshot(in)
}
