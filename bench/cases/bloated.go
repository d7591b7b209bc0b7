package cases

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

const (
	bloatedPods    = 30  // of each node
	bloatedClasses = 300 // of pods
)

// Bloated is a cluster of so many nodes with thirty pods each, of 300 Deployments of
// which every other one spreads over zones: that of the benchmarks of package repack.
// Of a node's cpu or memory, whichever is used more, full is what its pods ask for at
// the most and nearly.
func Bloated(nodes int, full float64, seed uint64) *record.Cluster {
	r := newRunning(fmt.Sprintf("bloated-%d", nodes), seed)
	r.c.Types = plainTypes(0)
	pool := r.pool("default", nil)
	sizes := make([]requests, bloatedClasses)
	for i := range sizes {
		sizes[i] = requests{cpu: 50 * (1 + r.r.Int64N(12)), memory: 128 * mebi * (1 + r.r.Int64N(14))}
	}
	large := slices.DeleteFunc(slices.Clone(r.c.Types), func(t record.Type) bool { return t.Capacity.Cpu().Value() < 8 })
	for k := range nodes {
		t := large[r.r.IntN(len(large))]
		o := t.Offerings[k%len(t.Offerings)]
		n, _ := r.node(fmt.Sprintf("node-%05d", k), pool, t, o)
		left := requests{
			cpu:    int64(full * float64(t.Allocatable.Cpu().MilliValue())),
			memory: int64(full * float64(t.Allocatable.Memory().Value())),
		}
		for i := range bloatedPods {
			class := r.evenly(sizes, left, int64(bloatedPods-i))
			left.cpu, left.memory = left.cpu-sizes[class].cpu, left.memory-sizes[class].memory
			app := fmt.Sprintf("app-%d", class)
			labels := map[string]string{"app": app}
			r.runs(fmt.Sprintf("%s-%d-%d", app, k, i), app, labels, sizes[class], n, func(s *corev1.PodSpec) {
				if class%2 == 0 {
					s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
						MaxSkew: 5, TopologyKey: corev1.LabelTopologyZone, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selecting(labels),
					}}
				}
			})
		}
	}
	return r.c
}

// evenly draws the class of a node's next pod: of some that leave room for the others
// the one that comes nearest to an even share of what is left.
func (r *running) evenly(sizes []requests, left requests, pods int64) int {
	best, far := -1, int64(0)
	for range 20 {
		i := r.r.IntN(len(sizes))
		x := sizes[i]
		if x.cpu > left.cpu-50*(pods-1) || x.memory > left.memory-128*mebi*(pods-1) {
			continue
		}
		if d := distance(x.cpu, left.cpu/pods) + distance(x.memory/mebi, left.memory/mebi/pods); best < 0 || d < far {
			best, far = i, d
		}
	}
	if best < 0 {
		best = slices.IndexFunc(sizes, func(x requests) bool { return x.cpu <= 100 && x.memory <= 256*mebi })
	}
	return best
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

// plainTypes are three families of 2 to 16 cores with 2, 4 and 8 GiB for each, sold
// on demand in three zones and, if spot is not 0, for that share of the price, in
// percent, as spot too.
func plainTypes(spot int64) []record.Type {
	var out []record.Type
	for _, f := range []struct {
		name   string
		memory int64      // GiB for each core
		price  record.USD // of each core
	}{{"c", 2, 48_000}, {"m", 4, 59_000}, {"r", 8, 76_000}} {
		for _, cpu := range []int64{2, 4, 8, 16} {
			size := func(milli, bytes int64) corev1.ResourceList {
				return corev1.ResourceList{
					corev1.ResourceCPU:    *resource.NewMilliQuantity(milli, resource.DecimalSI),
					corev1.ResourceMemory: *resource.NewQuantity(bytes, resource.BinarySI),
					corev1.ResourcePods:   *resource.NewQuantity(max(58, 14*cpu), resource.DecimalSI),
				}
			}
			t := record.Type{
				Name:     fmt.Sprintf("%s%d", f.name, cpu),
				Labels:   map[string]string{corev1.LabelArchStable: karpv1.ArchitectureAmd64, corev1.LabelOSStable: "linux"},
				Capacity: size(1000*cpu, f.memory*cpu*gibi), Allocatable: size(1000*cpu, f.memory*cpu*gibi),
			}
			for _, zone := range []string{"a", "b", "c"} {
				price := f.price * record.USD(cpu)
				t.Offerings = append(t.Offerings, record.Offering{Zone: "zone-" + zone, CapacityType: karpv1.CapacityTypeOnDemand, Price: price})
				if spot > 0 {
					t.Offerings = append(t.Offerings, record.Offering{Zone: "zone-" + zone, CapacityType: karpv1.CapacityTypeSpot, Price: price * record.USD(spot) / 100})
				}
			}
			out = append(out, t)
		}
	}
	return out
}
