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
