package cases

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

// The instance types and the pods below are those of Karpenter 1.14.1's own
// scheduling benchmark: the types of its fake cloud, and its pod classes in equal
// shares. Its draws come from another generator, so single pods differ.
const benchmarkTypes = 400

// fakeTypes are the types of Karpenter's fake cloud: i cores, 2i GiB, 10i pods,
// priced by the core and the gigabyte, spot as dear as on-demand, spot in two of
// three zones. Its types run Linux, Windows and macOS; a node runs one, so here
// they run Linux.
func fakeTypes(n int) []record.Type {
	list := make([]record.Type, n)
	for i := range list {
		cpu, memory := int64(i+1), int64(i+1)*2*gibi
		capacity := func(reservedMilli, reservedBytes int64) corev1.ResourceList {
			return corev1.ResourceList{
				corev1.ResourceCPU:    *resource.NewMilliQuantity(cpu*1000-reservedMilli, resource.DecimalSI),
				corev1.ResourceMemory: *resource.NewQuantity(memory-reservedBytes, resource.BinarySI),
				corev1.ResourcePods:   *resource.NewQuantity(cpu*10, resource.DecimalSI),
			}
		}
		t := record.Type{
			Name:   fmt.Sprintf("fake-it-%d", i),
			Labels: map[string]string{corev1.LabelArchStable: "amd64", corev1.LabelOSStable: "linux", "integer": fmt.Sprint(cpu), "size": "small"},
			// 100 millicores and 10 MiB are the kubelet's.
			Capacity: capacity(0, 0), Allocatable: capacity(100, 10*mebi),
		}
		if cpu > 4 {
			t.Labels["size"], t.Labels["special"] = "large", "optional"
		}
		price := record.FromDollars(0.1*float64(cpu) + 0.1*float64(memory)/1e9)
		for _, o := range []struct{ zone, capacityType string }{
			{"test-zone-1", karpv1.CapacityTypeSpot}, {"test-zone-2", karpv1.CapacityTypeSpot},
			{"test-zone-1", karpv1.CapacityTypeOnDemand}, {"test-zone-2", karpv1.CapacityTypeOnDemand}, {"test-zone-3", karpv1.CapacityTypeOnDemand},
		} {
			t.Offerings = append(t.Offerings, record.Offering{Zone: o.zone, CapacityType: o.capacityType, Price: price})
		}
		list[i] = t
	}
	return list
}

// benchmark sets the market of Karpenter's benchmark: no requirements, and limits
// that are there but never reached.
func (w *world) benchmark() {
	w.in.Types = fakeTypes(benchmarkTypes)
	w.in.NodePool = newPool(&karpv1.NodeClassReference{Group: "karpenter.test.sh", Kind: "TestNodeClass", Name: "default"})
	w.in.NodePool.Spec.Limits = karpv1.Limits{
		corev1.ResourceCPU:    resource.MustParse("10000000"),
		corev1.ResourceMemory: resource.MustParse("10000000Gi"),
	}
}

// size draws a request from the benchmark's.
func (w *world) size() requests {
	cpu := []int64{100, 250, 500, 1000, 1500}
	memory := []int64{100, 256, 512, 1024, 2048, 4096}
	return requests{cpu: cpu[w.r.IntN(len(cpu))], memory: memory[w.r.IntN(len(memory))] * mebi}
}

// letter draws labels with one of seven values.
func (w *world) letter(key string) map[string]string {
	return map[string]string{key: string(rune('a' + w.r.IntN(7)))}
}

// diverse makes the benchmark's five classes in equal shares.
func diverse(w *world, pods int) error {
	w.benchmark()
	share := pods / 5
	plain := func(n int, name string) {
		for i := range n {
			w.wait(fmt.Sprintf("%s-%d", name, i), w.letter("my-label"), w.size(), nil)
		}
	}
	// A pod's own label and the label that it spreads against are drawn apart, so
	// most of these pods do not count for their own constraint.
	spread := func(name, key string) {
		for i := range share {
			labels, against := w.letter("my-label"), w.letter("my-label")
			w.wait(fmt.Sprintf("%s-%d", name, i), labels, w.size(), func(s *corev1.PodSpec) {
				s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
					MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: selecting(against),
				}}
			})
		}
	}
	plain(share, "plain")
	spread("zone-spread", corev1.LabelTopologyZone)
	spread("node-spread", corev1.LabelHostname)
	for i := range share {
		labels := w.letter("my-affininity") // spelled so there
		w.wait(fmt.Sprintf("affinity-%d", i), labels, w.size(), func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
				{LabelSelector: selecting(labels), TopologyKey: corev1.LabelTopologyZone},
			}}}
		})
	}
	alone := map[string]string{"app": "nginx"}
	for i := range share {
		w.wait(fmt.Sprintf("anti-affinity-%d", i), alone, w.size(), func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{
				{LabelSelector: selecting(alone), TopologyKey: corev1.LabelHostname},
			}}}
		})
	}
	plain(pods-5*share, "rest")
	return nil
}

func respected(w *world, pods int) error { return w.wishes(pods, record.Respect) }
func ignored(w *world, pods int) error   { return w.wishes(pods, record.Ignore) }

// wishes makes the benchmark's preference pods: all of one size, which is drawn
// once.
func (w *world) wishes(pods int, p record.Preferences) error {
	w.benchmark()
	w.in.Preferences = p
	labels := map[string]string{"app": "nginx"}
	apart := func(weight int32, key string) corev1.WeightedPodAffinityTerm {
		return corev1.WeightedPodAffinityTerm{Weight: weight, PodAffinityTerm: corev1.PodAffinityTerm{LabelSelector: selecting(labels), TopologyKey: key}}
	}
	affinity := corev1.Affinity{
		NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
			Weight: 1,
			Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
				{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{"test-zone-1"}},
			}},
		}}},
		PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
			apart(10, corev1.LabelTopologyZone), // cannot be met for more pods than there are zones
			apart(1, corev1.LabelHostname),
		}},
	}
	size := w.size()
	for i := range pods {
		w.wait(fmt.Sprintf("wish-%d", i), labels, size, func(s *corev1.PodSpec) { s.Affinity = affinity.DeepCopy() })
	}
	return nil
}
