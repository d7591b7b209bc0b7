package catalog

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

func TestKubeReservedCPU(t *testing.T) {
	for vcpu, want := range map[int64]int64{1: 60, 2: 70, 3: 75, 4: 80, 8: 90, 9: 92, 16: 110, 96: 310} {
		if got := KubeReservedCPU(vcpu); got != want {
			t.Errorf("KubeReservedCPU(%d) = %dm, want %dm", vcpu, got, want)
		}
	}
}

// TestFloatTwin computes both sizes of every type once more as Karpenter does,
// in floating point, and expects the integers to agree.
func TestFloatTwin(t *testing.T) {
	for _, typ := range load(t).Types() {
		mib := float64(typ.MemoryMiB)
		if typ.Arch[0] == "arm64" {
			mib -= 64
		}
		bytes := mib * (1 << 20)
		memory := bytes - math.Ceil(bytes*0.075/1024/1024)*(1<<20)
		if got := DefaultSizing().memory(typ); got != int64(memory) {
			t.Errorf("%s: memory %d, float twin %d", typ.Name, got, int64(memory))
		}
		milli, cpu := float64(typ.VCPU*1000), int64(0)
		for _, r := range []struct{ from, to, share float64 }{{0, 1000, .06}, {1000, 2000, .01}, {2000, 4000, .005}, {4000, math.MaxInt32, .0025}} {
			if milli > r.from {
				cpu += int64((min(milli, r.to) - r.from) * r.share)
			}
		}
		if got := KubeReservedCPU(typ.VCPU); got != cpu {
			t.Errorf("%s: kube-reserved %dm, float twin %dm", typ.Name, got, cpu)
		}
	}
}

func TestSizingSettings(t *testing.T) {
	typ, ok := load(t).Type("m5.large")
	if !ok {
		t.Fatal("no m5.large")
	}
	s := DefaultSizing()
	s.ReservedENIs = 1
	s.RootVolume = 100 * gibi
	s.VMOverheadPPM = 0
	capacity, allocatable, err := s.Node(typ)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{cluster.Pods: 20, cluster.Memory: 8 * gibi, cluster.EphemeralStorage: 100 * gibi}
	for name, v := range want {
		if got := capacity.Get(name); got != v {
			t.Errorf("capacity %s = %d, want %d", name, got, v)
		}
	}
	// 11×29+255 for the kubelet although only 20 pods fit, 100 MiB for eviction.
	if got := 8*gibi - allocatable.Get(cluster.Memory); got != (11*29+255+100)*mebi {
		t.Errorf("memory reserved: %d MiB", got/mebi)
	}
	if got := 100*gibi - allocatable.Get(cluster.EphemeralStorage); got != 11*gibi {
		t.Errorf("storage reserved: %d", got)
	}
	s.ReservedENIs = 3
	if _, _, err := s.Node(typ); err == nil || !strings.Contains(err.Error(), "interfaces are reserved") {
		t.Errorf("all interfaces reserved: %v", err)
	}
}

// TestKubeletSettings checks what a node class says of the kubelet against sums made by
// hand for an m5.xlarge: 4 vCPUs, 16 GiB, 4 interfaces of 15 addresses.
func TestKubeletSettings(t *testing.T) {
	typ, ok := load(t).Type("m5.xlarge")
	if !ok {
		t.Fatal("no m5.xlarge")
	}
	type want struct{ pods, cpu, memory, storage int64 } // reserved, but for pods, the limit
	for _, tt := range []struct {
		name   string
		change func(*Sizing)
		want   want
	}{
		{"default", func(*Sizing) {}, want{58, 80, (11*58 + 255 + 100) * mebi, 3 * gibi}},
		{"prefixes", func(s *Sizing) { s.PrefixDelegation = true }, want{110, 80, (11*58 + 255 + 100) * mebi, 3 * gibi}},
		{"max pods", func(s *Sizing) { s.MaxPods = 200 }, want{200, 80, (11*58 + 255 + 100) * mebi, 3 * gibi}},
		{"max pods of Bottlerocket", func(s *Sizing) { s.MaxPods, s.ReserveByMaxPods = 200, true }, want{200, 80, (11*200 + 255 + 100) * mebi, 3 * gibi}},
		{"pods per core", func(s *Sizing) { s.PodsPerCore = 10 }, want{40, 80, (11*58 + 255 + 100) * mebi, 3 * gibi}},
		{"reserved", func(s *Sizing) {
			s.KubeReserved = map[string]int64{cluster.CPU: 500, cluster.Memory: gibi}
			s.SystemReserved = cluster.NewResources(map[string]int64{cluster.CPU: 100, cluster.EphemeralStorage: gibi})
		}, want{58, 600, gibi + 100*mebi, 4 * gibi}},
		{"eviction by amount", func(s *Sizing) { s.EvictMemory, s.EvictStorage = &Threshold{Bytes: gibi}, &Threshold{} }, want{58, 80, (11*58+255)*mebi + gibi, gibi}},
		{"eviction by share", func(s *Sizing) {
			s.VMOverheadPPM = 0
			s.EvictMemory, s.EvictStorage = &Threshold{SharePPM: 50_000}, &Threshold{SharePPM: 150_000}
		}, want{58, 80, (11*58+255)*mebi + 858_993_460, 4 * gibi}},
	} {
		s := DefaultSizing()
		tt.change(&s)
		capacity, allocatable, err := s.Node(typ)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		lost := capacity.Minus(allocatable)
		got := want{capacity.Get(cluster.Pods), lost.Get(cluster.CPU), lost.Get(cluster.Memory), lost.Get(cluster.EphemeralStorage)}
		if got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	// 48 vCPUs take more than 110; Xen has no prefixes.
	for name, pods := range map[string]int64{"m5.12xlarge": 250, "m4.xlarge": 58} {
		typ, _ := load(t).Type(name)
		if got := (Sizing{PrefixDelegation: true}).PodLimit(typ); got != pods {
			t.Errorf("%s has room for %d pods with prefixes, want %d", name, got, pods)
		}
	}
	disks, _ := load(t).Type("m5d.xlarge") // 1 × 150 GB
	s := DefaultSizing()
	s.InstanceStore = true
	if capacity, _, err := s.Node(disks); err != nil || capacity.Get(cluster.EphemeralStorage) != 150_000_000_000 {
		t.Errorf("instance store: %v, %v", capacity, err)
	}
	if capacity, _, err := s.Node(typ); err != nil || capacity.Get(cluster.EphemeralStorage) != 20*gibi {
		t.Errorf("no instance store: %v, %v", capacity, err)
	}
}

// TestReclaimPPM derives the table again from its definition.
func TestReclaimPPM(t *testing.T) {
	for band, percent := range map[string]float64{"<5%": 2.5, "5-10%": 7.5, "10-15%": 12.5, "15-20%": 17.5, ">20%": 25, "": 12.5} {
		want := math.Round((1 - math.Pow(1-percent/100, 1.0/730)) * 1e6)
		if got := ReclaimPPM(band); got != int64(want) {
			t.Errorf("ReclaimPPM(%q) = %d, want %v", band, got, want)
		}
	}
	var bands []string
	for _, typ := range load(t).Types() {
		for _, s := range typ.Offerings {
			if !slices.Contains(bands, s.Interruption) {
				bands = append(bands, s.Interruption)
			}
		}
	}
	slices.Sort(bands)
	if want := []string{"", "10-15%", "15-20%", "5-10%", "<5%", ">20%"}; !slices.Equal(bands, want) {
		t.Errorf("bands in the data: %q", bands)
	}
}
