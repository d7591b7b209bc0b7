package offline_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/manifest"
	"github.com/ullage-sh/ullage/offline"
)

func embedded(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read(t *testing.T, text string) *manifest.Objects {
	t.Helper()
	o, err := manifest.Read([]string{manifest.Stdin}, manifest.Options{Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func prepare(t *testing.T, text string, m offline.Market) *offline.Result {
	t.Helper()
	m.Catalog = embedded(t)
	r, err := offline.Prepare(read(t, text), m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const pod = `
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, resources: {requests: {cpu: 1}}}]}
---
`

// count tells how many offerings satisfy each condition.
func count(s *cluster.Snapshot, is func(o *cluster.PoolOffering) bool) int {
	n := 0
	for i := range s.Offerings {
		if is(&s.Offerings[i]) {
			n++
		}
	}
	return n
}

func label(key, value string) func(*cluster.PoolOffering) bool {
	return func(o *cluster.PoolOffering) bool { v, _ := o.Label(key); return v == value }
}

func TestDefaultPool(t *testing.T) {
	r := prepare(t, pod, offline.Market{Arch: "amd64"})
	s := r.Snapshot
	if r.Region != offline.DefaultRegion || len(s.Pools) != 1 || len(s.Offerings) < 500 {
		t.Fatalf("region %s, %d pools, %d offerings", r.Region, len(s.Pools), len(s.Offerings))
	}
	c := embedded(t)
	for i := range s.Offerings {
		o := &s.Offerings[i]
		typ, _ := c.Type(o.ID.InstanceType)
		if typ.Burstable || typ.BareMetal || o.ID.CapacityType != cluster.OnDemand || !label(cluster.LabelArch, "amd64")(o) {
			t.Errorf("the default pool offers %s (%+v)", o.ID, typ)
		}
	}
	both := prepare(t, pod, offline.Market{CapacityTypes: []string{"on-demand", "spot"}}).Snapshot
	if count(both, label(cluster.LabelArch, "arm64")) == 0 || count(both, label(cluster.LabelCapacityType, "spot")) == 0 {
		t.Error("without a bound on architecture and capacity type, neither arm64 nor spot is offered")
	}
	gpu := prepare(t, strings.Replace(pod, "requests: {cpu: 1}", "limits: {nvidia.com/gpu: 1}", 1), offline.Market{Arch: "amd64"})
	if len(gpu.Snapshot.Pools) != 2 || count(gpu.Snapshot, label(catalog.LabelCategory, "g")) == 0 {
		t.Errorf("a pod asks for a GPU, and there are %d pools", len(gpu.Snapshot.Pools))
	}
	if !slices.ContainsFunc(gpu.Notes, func(n string) bool { return strings.Contains(n, "pods ask for nvidia.com/gpu") }) {
		t.Errorf("nothing says why: %q", gpu.Notes)
	}
}

func TestNarrow(t *testing.T) {
	r := prepare(t, pod, offline.Market{Region: "us-east-1", Zones: []string{"us-east-1a"}, MaxNodeCPU: 8})
	for i := range r.Snapshot.Offerings {
		if o := &r.Snapshot.Offerings[i]; o.ID.Zone != "us-east-1a" || o.Type.Capacity.Get(cluster.CPU) > 8000 {
			t.Errorf("%s of %dm cpu is offered", o.ID, o.Type.Capacity.Get(cluster.CPU))
		}
	}
	if len(r.Snapshot.Offerings) == 0 {
		t.Error("nothing is offered")
	}
}

const node = `
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/region: us-west-2, topology.kubernetes.io/zone: us-west-2a, node.kubernetes.io/instance-type: m5.large}}
status: {allocatable: {cpu: 2, memory: 7Gi, pods: 29}}
---
`

func TestRegionOfNodes(t *testing.T) {
	r := prepare(t, pod+node, offline.Market{MaxNodeCPU: 1}) // nothing that small is sold, yet the node has its price
	if r.Region != "us-west-2" || r.Snapshot.Hosts[0].Price == 0 {
		t.Errorf("region %s, price of the node %s", r.Region, r.Snapshot.Hosts[0].Price)
	}
	r = prepare(t, pod+node, offline.Market{Region: "us-east-1"})
	if r.Region != "us-east-1" || !slices.Contains(r.Notes, "the nodes are in us-west-2, but planned is for us-east-1") {
		t.Errorf("region %s, notes %q", r.Region, r.Notes)
	}
}

// pool is a NodePool of any type of m5 on demand, with a class.
func pool(class string) string {
	return `
apiVersion: karpenter.sh/v1
kind: NodePool
metadata: {name: p}
spec:
  template:
    spec:
      nodeClassRef: ` + class + `
      requirements:
      - {key: karpenter.sh/capacity-type, operator: In, values: [on-demand]}
      - {key: node.kubernetes.io/instance-type, operator: In, values: [m5.large, m5d.large]}
---
`
}

const ec2 = `{group: karpenter.k8s.aws, kind: EC2NodeClass, name: c}`

func TestNodeClasses(t *testing.T) {
	// m5.large: 2 vCPU, 8 GiB, 29 pods; 7.5 % of memory and what the kubelet reserves aside.
	plain := prepare(t, pod+pool(ec2), offline.Market{}).Snapshot
	base := plain.Offerings[0].Type
	for _, c := range []struct {
		name, class, spec                 string
		cpu, memory, pods, storage, zones int64 // −1: as without settings
	}{
		{"none", ec2, "", -1, -1, -1, -1, -1},
		{"pods", ec2, "kubelet: {maxPods: 110}", -1, -1, 110, -1, -1},
		{"pods per core", ec2, "kubelet: {podsPerCore: 4}", -1, -1, 8, -1, -1},
		{"reserved", ec2, "kubelet: {kubeReserved: {cpu: 100m, memory: 500Mi}, systemReserved: {cpu: 50m, memory: 100Mi}}",
			2000 - 150, (7577 - 500 - 100 - 100) << 20, -1, -1, -1},
		{"eviction", ec2, "kubelet: {evictionHard: {memory.available: 300Mi}}", -1, base.Allocatable.Get(cluster.Memory) - 200<<20, -1, -1, -1},
		{"disk", ec2, "blockDeviceMappings: [{deviceName: /dev/xvda, ebs: {volumeSize: 100Gi}}]", -1, -1, -1, 89 << 30, -1},
		{"Auto Mode", `{group: eks.amazonaws.com, kind: NodeClass, name: c}`, "ephemeralStorage: {size: 50Gi}", -1, -1, -1, 44 << 30, -1},
		{"simulated", `{group: ullage.sh, kind: SimulatedNodeClass, name: c}`, "zones: [ap-northeast-2a]", -1, -1, -1, -1, 1},
	} {
		kind := strings.Fields(c.class)[3]
		api := map[string]string{"EC2NodeClass,": "karpenter.k8s.aws/v1", "NodeClass,": "eks.amazonaws.com/v1", "SimulatedNodeClass,": "ullage.sh/v1alpha1"}[kind]
		text := pod + pool(c.class) + "apiVersion: " + api + "\nkind: " + strings.TrimSuffix(kind, ",") + "\nmetadata: {name: c}\nspec: {" + c.spec + "}\n"
		s := prepare(t, text, offline.Market{}).Snapshot
		if len(s.Offerings) == 0 {
			t.Errorf("%s: nothing is offered: %s", c.name, s.Pools[0].Invalid)
			continue
		}
		i := slices.IndexFunc(s.Offerings, func(o cluster.PoolOffering) bool { return o.ID.InstanceType == "m5.large" })
		got := s.Offerings[i].Type.Allocatable
		want := func(name string, v int64) {
			if v < 0 {
				v = base.Allocatable.Get(name)
			}
			if got.Get(name) != v {
				t.Errorf("%s: allocatable %s is %s, want %s", c.name, name, cluster.FormatAmount(name, got.Get(name)), cluster.FormatAmount(name, v))
			}
		}
		want(cluster.CPU, c.cpu)
		want(cluster.Memory, c.memory)
		want(cluster.Pods, c.pods)
		want(cluster.EphemeralStorage, c.storage)
		if c.zones >= 0 {
			if n := count(s, label(cluster.LabelInstanceType, "m5.large")); int64(n) != c.zones {
				t.Errorf("%s: in %d zones, want %d", c.name, n, c.zones)
			}
		}
	}
}

func TestInstanceStore(t *testing.T) {
	text := pod + pool(ec2) + "apiVersion: karpenter.k8s.aws/v1\nkind: EC2NodeClass\nmetadata: {name: c}\nspec: {instanceStorePolicy: RAID0}\n"
	s := prepare(t, text, offline.Market{}).Snapshot
	i := slices.IndexFunc(s.Offerings, func(o cluster.PoolOffering) bool { return o.ID.InstanceType == "m5d.large" })
	if got := s.Offerings[i].Type.Capacity.Get(cluster.EphemeralStorage); got != 75_000_000_000 {
		t.Errorf("m5d.large with its 75 GB disk has %d bytes of ephemeral storage", got)
	}
}

func TestClassMistakes(t *testing.T) {
	for class, want := range map[string]string{
		"karpenter.k8s.aws/v1 EC2NodeClass kubelet: {kubeReserved: {cpu: lots}}": `EC2NodeClass/c: spec.kubelet.kubeReserved[cpu]: "lots" is no quantity`,
		"ullage.sh/v1alpha1 SimulatedNodeClass zones: [mars-1a]":                 "SimulatedNodeClass/c: spec.zones: no zone mars-1a",
	} {
		part := strings.SplitN(class, " ", 3)
		group, _, _ := strings.Cut(part[0], "/")
		text := pod + pool("{group: "+group+", kind: "+part[1]+", name: c}") +
			"apiVersion: " + part[0] + "\nkind: " + part[1] + "\nmetadata: {name: c}\nspec: {" + part[2] + "}\n"
		r := prepare(t, text, offline.Market{})
		if got := r.Snapshot.Pools[0].Invalid; !strings.Contains(got, want) {
			t.Errorf("%s: the pool is invalid because %q, want %q", class, got, want)
		}
	}
}

func TestMarketMistakes(t *testing.T) {
	for want, m := range map[string]offline.Market{
		"--region":        {Region: "mars-1"},
		"--zones":         {Zones: []string{"us-east-1a"}},
		"--capacity-type": {CapacityTypes: []string{"reserved"}},
		"--arch":          {Arch: "vax"},
		"--max-node-cpu":  {MaxNodeCPU: -1},
	} {
		m.Catalog = embedded(t)
		if _, err := offline.Prepare(read(t, pod), m); err == nil || !strings.HasPrefix(err.Error(), want+":") {
			t.Errorf("%+v: %v", m, err)
		}
	}
}
