package duel

import (
	"fmt"
	"math/rand/v2"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
)

// namespace is where the pods are.
const namespace = "duel"

// group is a Deployment of pods that are alike, with its share of all pods.
type group struct {
	name   string
	share  int
	cpu    int64 // millicores
	memory int64 // MiB
	shape  func(*corev1.PodSpec, *metav1.LabelSelector)
}

// Workloads are what can be asked for, by name.
func Workloads() []string { return []string{"mixed", "fleet"} }

// workload is the groups of a name, drawn by a seed, and the pools that they are for.
func workload(name string, seed uint64) (groups []group, pools []byte, err error) {
	draw := rand.New(rand.NewPCG(seed, 14))
	switch name {
	case "mixed":
		return mixed(draw), mixedPools, nil
	case "fleet":
		return fleet(draw), fleetPools, nil
	}
	return nil, nil, fmt.Errorf("there is no workload %q: want one of %v", name, Workloads())
}

// mixed is everyday services, and some that want a zone each, an architecture, a kind of
// machine, not to be interrupted, to be cheap, or a machine of their own.
func mixed(draw *rand.Rand) []group {
	sized := func(name string, share int, cpus []int64, mibPerCPU []int64, shape func(*corev1.PodSpec, *metav1.LabelSelector)) group {
		cpu := cpus[draw.IntN(len(cpus))]
		memory := max(cpu*mibPerCPU[draw.IntN(len(mibPerCPU))]/1000, 64)
		return group{name: name, share: share + draw.IntN(share/2+1), cpu: cpu, memory: memory, shape: shape}
	}
	usual, balanced := []int64{250, 500, 750, 1000}, []int64{1024, 2048, 4096}
	return []group{
		sized("web", 18, usual, balanced, nil),
		sized("jobs", 10, []int64{1000, 1500, 2000}, balanced, nil),
		sized("zonal", 14, usual, balanced, spreads(corev1.LabelTopologyZone, 1)),
		sized("arm", 12, usual, balanced, selects(corev1.LabelArchStable, "arm64")),
		sized("compute", 10, []int64{1000, 2000}, []int64{1024}, selects("karpenter.k8s.aws/instance-category", "c")),
		sized("memory", 8, []int64{500, 1000}, []int64{7168}, selects("karpenter.k8s.aws/instance-category", "r")),
		sized("steady", 10, usual, balanced, selects(karpv1.CapacityTypeLabelKey, karpv1.CapacityTypeOnDemand)),
		sized("cheap", 12, usual, balanced, both(selects(karpv1.CapacityTypeLabelKey, karpv1.CapacityTypeSpot), spreads(corev1.LabelTopologyZone, 2))),
		sized("alone", 3, []int64{500}, balanced, alone),
	}
}

// fleet is sixty kinds of pods for three pools of machines with up to 16 cores: about
// eleven pods on each, so that many machines are bought.
func fleet(draw *rand.Rand) []group {
	out := make([]group, 60)
	for k := range out {
		g := group{
			name: fmt.Sprintf("kind-%02d", k), share: 1,
			cpu: []int64{100, 250, 500, 1000, 2000, 4000}[draw.IntN(6)] + int64(k), memory: 128 + draw.Int64N(8000),
		}
		switch k % 10 {
		case 5:
			g.shape = selects(corev1.LabelTopologyZone, zones[1])
		case 6:
			g.shape = selects(corev1.LabelArchStable, "arm64")
		case 7:
			g.shape = selects("steady", "yes")
		case 8:
			g.shape = both(selects("team", "data"), func(spec *corev1.PodSpec, _ *metav1.LabelSelector) {
				spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: "team", Operator: corev1.TolerationOpExists})
			})
		case 9:
			g.shape = selects(karpv1.CapacityTypeLabelKey, karpv1.CapacityTypeOnDemand)
		}
		out[k] = g
	}
	return out
}

func selects(key, value string) func(*corev1.PodSpec, *metav1.LabelSelector) {
	return func(spec *corev1.PodSpec, _ *metav1.LabelSelector) {
		if spec.NodeSelector == nil {
			spec.NodeSelector = map[string]string{}
		}
		spec.NodeSelector[key] = value
	}
}

func spreads(key string, skew int32) func(*corev1.PodSpec, *metav1.LabelSelector) {
	return func(spec *corev1.PodSpec, own *metav1.LabelSelector) {
		spec.TopologySpreadConstraints = append(spec.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
			TopologyKey: key, MaxSkew: skew, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: own,
		})
	}
}

func alone(spec *corev1.PodSpec, own *metav1.LabelSelector) {
	spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
		TopologyKey: corev1.LabelHostname, LabelSelector: own,
	}}}}
}

func both(shapes ...func(*corev1.PodSpec, *metav1.LabelSelector)) func(*corev1.PodSpec, *metav1.LabelSelector) {
	return func(spec *corev1.PodSpec, own *metav1.LabelSelector) {
		for _, s := range shapes {
			s(spec, own)
		}
	}
}

// deployment is the group as an object, without pods.
func (g group) deployment() *appsv1.Deployment {
	labels := map[string]string{"app": g.name}
	own := &metav1.LabelSelector{MatchLabels: labels}
	spec := corev1.PodSpec{
		Containers: []corev1.Container{{Name: "pause", Image: "pause", Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU:    *resource.NewMilliQuantity(g.cpu, resource.DecimalSI),
			corev1.ResourceMemory: *resource.NewQuantity(g.memory<<20, resource.BinarySI),
		}}}},
	}
	if g.shape != nil {
		g.shape(&spec, own)
	}
	// Not on the nodes that are there before any autoscaler.
	if spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	spec.Affinity.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
		NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: karpv1.NodePoolLabelKey, Operator: corev1.NodeSelectorOpExists}}}},
	}}
	none := int32(0)
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: g.name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &none, Selector: own,
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
		},
	}
}

// replicas is how many pods each group has when there are n.
func replicas(groups []group, n int) []int {
	shares := make([]int, len(groups))
	for i, g := range groups {
		shares[i] = g.share
	}
	return spread(n, shares)
}

// zones of the region that the cluster is in.
var zones = []string{"us-west-2a", "us-west-2b", "us-west-2c"}
