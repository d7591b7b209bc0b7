package catalog

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

var embeddedOnce = sync.OnceValues(Embedded)

func load(t testing.TB) *Catalog {
	t.Helper()
	c, err := embeddedOnce()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func sold(t testing.TB, region string, seed uint64) map[string]cluster.InstanceType {
	t.Helper()
	types, omitted, err := load(t).InstanceTypes(region, DefaultSizing(), seed)
	if err != nil {
		t.Fatal(err)
	}
	if len(omitted) > 0 {
		t.Errorf("%s: the built-in data leaves out %v", region, omitted)
	}
	m := map[string]cluster.InstanceType{}
	for _, it := range types {
		m[it.Name] = it
	}
	return m
}

// TestEmbedded pins how much the built-in catalogue has, so that a new file is
// noticed.
func TestEmbedded(t *testing.T) {
	c := load(t)
	if got := len(c.Types()); got != 1254 {
		t.Errorf("%d types", got)
	}
	if got, want := c.Regions(), []string{"ap-northeast-2", "us-east-1", "us-west-2"}; !slices.Equal(got, want) {
		t.Errorf("regions %v", got)
	}
	if !strings.Contains(c.Source(), "moto") {
		t.Errorf("source %q does not name moto", c.Source())
	}
	tests := []struct {
		region                                         string
		types, offerings, spot, imputedOD, imputedSpot int
		zones                                          string
	}{
		{"ap-northeast-2", 724, 4690, 2337, 776, 773, "ap-northeast-2a ap-northeast-2b ap-northeast-2c ap-northeast-2d"},
		{"us-east-1", 1243, 11258, 5580, 1406, 1360, "us-east-1a us-east-1b us-east-1c us-east-1d us-east-1e us-east-1f"},
		{"us-west-2", 1237, 8982, 4442, 1283, 1224, "us-west-2a us-west-2b us-west-2c us-west-2d"},
	}
	for _, tt := range tests {
		var offerings, spot, imputedOD, imputedSpot int
		types := sold(t, tt.region, 1)
		for _, it := range types {
			for _, o := range it.Offerings {
				offerings++
				isSpot := o.CapacityType == cluster.Spot
				if isSpot {
					spot++
				}
				if o.Imputed && isSpot {
					imputedSpot++
				} else if o.Imputed {
					imputedOD++
				}
			}
		}
		got := []int{len(types), offerings, spot, imputedOD, imputedSpot}
		if want := []int{tt.types, tt.offerings, tt.spot, tt.imputedOD, tt.imputedSpot}; !slices.Equal(got, want) {
			t.Errorf("%s: types, offerings, of them spot, imputed on-demand, imputed spot = %v, want %v", tt.region, got, want)
		}
		if got := strings.Join(c.Zones(tt.region), " "); got != tt.zones {
			t.Errorf("%s: zones %s", tt.region, got)
		}
	}
	if len(c.Zones("mars-1")) != 0 {
		t.Error("an unknown region has zones")
	}
}

func TestVectors(t *testing.T) {
	seoul := sold(t, "ap-northeast-2", 1)
	tests := []struct {
		name      string
		pods      int64
		onDemand  string
		capacity  string // memory as the kubelet reports it
		available string // cpu/memory/ephemeral-storage for pods
	}{
		// 15360 − 1152 MiB; minus 11×58+255+100 MiB.
		{"c4.2xlarge", 58, "$0.4540", "13.88Gi", "7910m/12.91Gi/17Gi"},
		// 8192 − ceil(614.4) MiB; minus 11×29+255+100 MiB.
		{"m5.large", 29, "$0.1180", "7.4Gi", "1930m/6.74Gi/17Gi"},
	}
	for _, tt := range tests {
		it := seoul[tt.name]
		if got := it.Capacity.Get(cluster.Pods); got != tt.pods {
			t.Errorf("%s: %d pods, want %d", tt.name, got, tt.pods)
		}
		if got := cluster.FormatAmount(cluster.Memory, it.Capacity.Get(cluster.Memory)); got != tt.capacity {
			t.Errorf("%s: capacity %s, want %s", tt.name, got, tt.capacity)
		}
		var parts []string
		for _, r := range []string{cluster.CPU, cluster.Memory, cluster.EphemeralStorage} {
			parts = append(parts, cluster.FormatAmount(r, it.Allocatable.Get(r)))
		}
		if got := strings.Join(parts, "/"); got != tt.available {
			t.Errorf("%s: allocatable %s, want %s", tt.name, got, tt.available)
		}
		for _, o := range it.Offerings {
			if o.CapacityType == cluster.OnDemand && (o.Price.String() != tt.onDemand || o.Imputed || o.ReclaimPPM != 0) {
				t.Errorf("%s: %+v, want %s, published, never reclaimed", tt.name, o, tt.onDemand)
			}
		}
	}
	if _, ok := seoul["c6a.4xlarge"]; ok {
		t.Error("c6a.4xlarge is not sold in Seoul")
	}
}

func TestLabels(t *testing.T) {
	west := sold(t, "us-west-2", 1)
	tests := []struct{ name, want string }{
		{"m7i-flex.large", "capability-flex=true category=m cpu-manufacturer=intel cpu=2 family=m7i-flex generation=7 hypervisor=nitro memory=8192 network-bandwidth=390 size=large"},
		{"g4ad.8xlarge", "capability-flex=false category=g cpu-manufacturer=amd cpu=32 family=g4ad generation=4 gpu-count=2 gpu-manufacturer=amd gpu-memory=8192 gpu-name=radeon-pro-v520 hypervisor=nitro local-nvme=1200 memory=131072 network-bandwidth=15000 size=8xlarge"},
		{"inf2.24xlarge", "accelerator-count=6 accelerator-manufacturer=aws accelerator-name=inferentia2 capability-flex=false category=inf cpu-manufacturer=amd cpu=96 family=inf2 generation=2 hypervisor=nitro memory=393216 network-bandwidth=50000 size=24xlarge"},
		{"m5.metal", "capability-flex=false category=m cpu-manufacturer=intel cpu=96 family=m5 generation=5 hypervisor= memory=393216 network-bandwidth=25000 size=metal"},
		// Instance store that is not NVMe.
		{"c1.medium", "capability-flex=false category=c cpu-manufacturer=intel cpu=2 family=c1 generation=1 hypervisor=xen memory=1740 network-bandwidth=300 size=medium"},
		// No generation.
		{"mac-m4.metal", "capability-flex=false category=mac cpu-manufacturer=apple cpu=10 family=mac-m4 hypervisor= local-nvme=1900 memory=24576 network-bandwidth=10000 size=metal"},
	}
	for _, tt := range tests {
		it, ok := west[tt.name]
		if !ok {
			t.Errorf("%s is not sold", tt.name)
			continue
		}
		var got []string
		for k, v := range it.Labels {
			if s, ok := strings.CutPrefix(k, "karpenter.k8s.aws/instance-"); ok {
				got = append(got, s+"="+v)
			}
		}
		slices.Sort(got)
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, s, tt.want)
		}
	}
	platforms := map[string]string{"m5.large": "linux/amd64", "m6g.large": "linux/arm64", "t2.micro": "linux/amd64", "mac1.metal": "darwin/amd64", "mac2.metal": "darwin/arm64"}
	for name, want := range platforms {
		l := west[name].Labels
		if got := l[cluster.LabelOS] + "/" + l[cluster.LabelArch]; got != want || l[cluster.LabelRegion] != "us-west-2" {
			t.Errorf("%s: %s in %s, want %s in us-west-2", name, got, l[cluster.LabelRegion], want)
		}
	}
}

func TestDevices(t *testing.T) {
	east := sold(t, "us-east-1", 1)
	tests := []struct {
		name, resource string
		want           int64
	}{
		{"p4d.24xlarge", "nvidia.com/gpu", 8},
		{"g4ad.16xlarge", "amd.com/gpu", 4},
		{"dl1.24xlarge", "habana.ai/gaudi", 8},
		{"inf1.6xlarge", "aws.amazon.com/neuron", 4},
		{"inf1.6xlarge", "aws.amazon.com/neuroncore", 16},
		{"trn1.32xlarge", "aws.amazon.com/neuron", 16},
		{"g6f.large", "nvidia.com/gpu", 0}, // an eighth of one
		{"m5.large", "nvidia.com/gpu", 0},
	}
	for _, tt := range tests {
		it := east[tt.name]
		if got := it.Allocatable.Get(tt.resource); got != tt.want || it.Capacity.Get(tt.resource) != tt.want {
			t.Errorf("%s: %d %s, want %d", tt.name, got, tt.resource, tt.want)
		}
	}
	for name := range accelerators {
		if _, ok := load(t).Type(name); !ok {
			t.Errorf("accelerators has %s, which the catalogue does not", name)
		}
	}
}

// TestPrices checks every spot offering against the figures it is drawn from.
func TestPrices(t *testing.T) {
	c := load(t)
	for _, region := range c.Regions() {
		one, two := sold(t, region, 1), sold(t, region, 2)
		differ, spread := 0, 0
		for name, it := range one {
			typ, _ := c.Type(name)
			s := typ.Offerings[region]
			prices := map[cluster.Money]bool{}
			for i, o := range it.Offerings {
				if o.Price <= 0 || !o.Available {
					t.Fatalf("%s %+v", name, o)
				}
				if o.CapacityType == cluster.OnDemand {
					continue
				}
				low, high := min(s.SpotMin, s.OnDemand), min(s.SpotMax, s.OnDemand)
				if o.Price < cluster.Money(low) || o.Price > cluster.Money(high) {
					t.Errorf("%s in %s: spot %v outside [%v, %v]", name, o.Zone, o.Price, cluster.Money(low), cluster.Money(high))
				}
				if o.ReclaimPPM <= 0 {
					t.Errorf("%s in %s is spot and never reclaimed", name, o.Zone)
				}
				prices[o.Price] = true
				if two[name].Offerings[i].Price != o.Price {
					differ++
				}
			}
			if len(prices) > 1 {
				spread++
			}
		}
		if differ == 0 || spread == 0 {
			t.Errorf("%s: %d prices depend on the seed, %d types differ between zones; want some", region, differ, spread)
		}
		if again := sold(t, region, 1); !reflect.DeepEqual(again, one) {
			t.Errorf("%s: the same seed gives other offerings", region)
		}
	}
}

// TestSpotNeverAboveOnDemand: where the spot figures reach above the on-demand
// price, it is the bound.
func TestSpotNeverAboveOnDemand(t *testing.T) {
	bounded := 0
	for seed := range uint64(100) {
		price := spotPrice("x1.large", "r1a", Sale{OnDemand: 100, SpotMin: 50, SpotAvg: 120, SpotMax: 200}, seed)
		if price < 50 || price > 100 {
			t.Errorf("seed %d: %d, want 50 to 100", seed, price)
		}
		if price == 100 {
			bounded++
		}
	}
	if bounded < 20 || bounded == 100 {
		t.Errorf("%d of 100 prices are at the bound", bounded)
	}
}

func TestOrder(t *testing.T) {
	for _, region := range load(t).Regions() {
		types, _, err := load(t).InstanceTypes(region, DefaultSizing(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(types, func(a, b cluster.InstanceType) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s: types are not sorted", region)
		}
		for _, it := range types {
			if !slices.IsSortedFunc(it.Offerings, func(a, b cluster.Offering) int {
				return strings.Compare(a.Zone+a.CapacityType, b.Zone+b.CapacityType)
			}) {
				t.Errorf("%s %s: offerings are not sorted", region, it.Name)
			}
		}
	}
}

func TestUnknownRegion(t *testing.T) {
	_, _, err := load(t).InstanceTypes("eu-west-9", DefaultSizing(), 1)
	if err == nil || !strings.Contains(err.Error(), "eu-west-9") || !strings.Contains(err.Error(), "us-west-2") {
		t.Errorf("error %v should name the region and those there are", err)
	}
}

// TestOmissions reads a small catalogue in which every type lacks something.
func TestOmissions(t *testing.T) {
	const head = `{"regions":["r"],"types":{`
	const good = `"vcpu":2,"memoryMiB":4096,"arch":["x86_64"],"maxENIs":3,"ipv4PerENI":10,"usageClasses":["on-demand","spot"]`
	const sale = `"offerings":{"r":{"zones":["rb","ra"],"onDemand":1,"spotMin":0.2,"spotAvg":0.3,"spotMax":0.4}}`
	file := head + strings.Join([]string{
		`"a1.good":{` + good + `,` + sale + `}`,
		`"b1.noeni":{"vcpu":2,"memoryMiB":4096,"arch":["x86_64"],"maxENIs":0,"ipv4PerENI":10,"usageClasses":["spot"],` + sale + `}`,
		`"c1.nocpu":{"memoryMiB":4096,"arch":["x86_64"],"maxENIs":1,"ipv4PerENI":10,"usageClasses":["spot"],` + sale + `}`,
		`"d1.nomem":{"vcpu":2,"arch":["x86_64"],"maxENIs":1,"ipv4PerENI":10,"usageClasses":["spot"],` + sale + `}`,
		`"e1.tiny":{"vcpu":1,"memoryMiB":256,"arch":["x86_64"],"maxENIs":1,"ipv4PerENI":2,"usageClasses":["spot"],` + sale + `}`,
		`"f1.arch":{"vcpu":2,"memoryMiB":4096,"arch":["riscv64"],"maxENIs":3,"ipv4PerENI":10,"usageClasses":["spot"],` + sale + `}`,
		`"nodot":{` + good + `,` + sale + `}`,
		`"g1.block":{"vcpu":2,"memoryMiB":4096,"arch":["x86_64"],"maxENIs":3,"ipv4PerENI":10,"usageClasses":["capacity-block"],` + sale + `}`,
		`"h1.nospot":{` + good + `,"offerings":{"r":{"zones":["ra"],"onDemand":1,"spotAvg":null}}}`,
		`"i1.elsewhere":{` + good + `,"offerings":{}}`,
	}, ",") + `}}`
	c, err := Read("test", strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	types, omitted, err := c.InstanceTypes("r", DefaultSizing(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var names, left []string
	for _, it := range types {
		names = append(names, it.Name)
	}
	for _, o := range omitted {
		left = append(left, o.String())
	}
	if got := strings.Join(names, " "); got != "a1.good h1.nospot" {
		t.Errorf("types %s", got)
	}
	want := []string{
		"b1.noeni: number of pods unknown: 0 network interfaces × 10 addresses",
		"c1.nocpu: vCPU count is 0",
		"d1.nomem: memory is 0 MiB",
		"e1.tiny: too small for a node: -152Mi of memory after what the kubelet reserves",
		"f1.arch: no known architecture among [riscv64]",
		"g1.block: nothing to buy it with: no zone, no usage class or no price",
		"h1.nospot spot: no price",
		"nodot: its name has no family and size",
	}
	if !slices.Equal(left, want) {
		t.Errorf("left out:\n%s\nwant:\n%s", strings.Join(left, "\n"), strings.Join(want, "\n"))
	}
	if types[0].Offerings[0].Zone != "ra" {
		t.Errorf("zones of a file are not sorted: %+v", types[0].Offerings)
	}
}

func TestDamagedFiles(t *testing.T) {
	var plain bytes.Buffer
	z, err := gzip.NewReader(bytes.NewReader(embedded))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.ReadFrom(z); err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(embedded)
	flipped[len(flipped)/2] ^= 0x10
	dir := t.TempDir()
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"half.json.gz", embedded[:len(embedded)/2], "cut off after 32337 bytes"},
		{"header.json.gz", embedded[:5], "gzip header is damaged"},
		{"half.json", plain.Bytes()[:plain.Len()/2], "cut off after"},
		{"flipped.json.gz", flipped, "does not unpack"},
		{"empty.json", nil, "empty"},
		{"text.json", []byte("<html>404</html>"), "not JSON"},
		{"other.json", []byte(`{"apiVersion":"v1"}`), "not a catalogue"},
		{"array.json", []byte(`[]`), "not a catalogue"},
		{"price.json", []byte(`{"regions":["r"],"types":{"a.b":{"offerings":{"r":{"onDemand":"free"}}}}}`), "not a price"},
		{"region.json", []byte(`{"regions":["r"],"types":{"a.b":{"offerings":{"s":{}}}}}`), `does not list`},
	}
	for _, tt := range tests {
		path := filepath.Join(dir, tt.name)
		if err := os.WriteFile(path, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Open(path)
		if err == nil || c != nil {
			t.Errorf("%s: was read", tt.name)
			continue
		}
		for _, want := range []string{path, tt.want, "fetch the file again"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", tt.name, err, want)
			}
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, tt.data) {
			t.Errorf("%s: the file was changed", tt.name)
		}
	}
	if _, err := Open(filepath.Join(dir, "absent")); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("absent file: %v", err)
	}
	whole := filepath.Join(dir, "whole.json")
	if err := os.WriteFile(whole, plain.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Open(whole); err != nil || len(c.Types()) != 1254 {
		t.Errorf("the unpacked catalogue: %v", err)
	}
}
