package kube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

// Random pods have few values to choose from, so that two of them are often almost
// alike.

func pick[T any](t *rapid.T, from ...T) T { return rapid.SampledFrom(from).Draw(t, "one of") }

func chance(t *rapid.T, percent int) bool { return rapid.IntRange(0, 99).Draw(t, "percent") < percent }

func several[T any](t *rapid.T, most int, one func() T) []T {
	var out []T
	for range rapid.IntRange(0, most).Draw(t, "several") {
		out = append(out, one())
	}
	return out
}

func maybe[T any](t *rapid.T, percent int, one func() T) *T {
	if !chance(t, percent) {
		return nil
	}
	x := one()
	return &x
}

func randomLabels(t *rapid.T) map[string]string {
	out := map[string]string{}
	for range rapid.IntRange(0, 3).Draw(t, "labels") {
		out[pick(t, "a", "b", "c")] = pick(t, "1", "2", "x", "")
	}
	return out
}

func randomList(t *rapid.T) corev1.ResourceList {
	out := corev1.ResourceList{}
	for range rapid.IntRange(0, 4).Draw(t, "amounts") {
		name := pick(t, "cpu", "memory", "cpu", "memory", "ephemeral-storage", "nvidia.com/gpu", "hugepages-2Mi")
		texts := []string{"0", "1", "2", "3", "2Mi", "4Mi", "1.5Gi", "1e3"}
		if name == "cpu" {
			texts = []string{"0", "100m", "250m", "1", "1.5", "2", "0.0001", "1e3"}
		} else if name == "memory" && chance(t, 20) {
			texts = []string{"100m", "1500m", "1e-3", "1.5"} // of a byte
		}
		out[corev1.ResourceName(name)] = resource.MustParse(pick(t, texts...))
	}
	return out
}

func randomRequirements(t *rapid.T) corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{Requests: randomList(t)}
	if chance(t, 30) {
		r.Limits = randomList(t)
	}
	return r
}

func randomContainer(t *rapid.T, name string) corev1.Container {
	return corev1.Container{
		Name: name, Image: pick(t, "x", "y"), Resources: randomRequirements(t),
		Ports: several(t, 2, func() corev1.ContainerPort {
			return corev1.ContainerPort{
				ContainerPort: pick(t, int32(80), 81), HostPort: pick(t, int32(0), 0, 80, 81),
				Protocol: pick(t, "", corev1.ProtocolTCP, corev1.ProtocolUDP), HostIP: pick(t, "", "0.0.0.0", "10.0.0.1"),
			}
		}),
	}
}

func randomNodeTerm(t *rapid.T) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{
		MatchExpressions: several(t, 2, func() corev1.NodeSelectorRequirement {
			r := corev1.NodeSelectorRequirement{Key: pick(t, "a", "b", "n"), Operator: pick(t, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt)}
			switch r.Operator {
			case corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn:
				r.Values = append(several(t, 2, func() string { return pick(t, "1", "2", "x") }), "1")
			case corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt:
				r.Values = []string{pick(t, "1", "2", "5")}
			}
			return r
		}),
		MatchFields: several(t, 1, func() corev1.NodeSelectorRequirement {
			return corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: pick(t, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), Values: []string{pick(t, "n1", "n2")}}
		}),
	}
}

func randomSelector(t *rapid.T) metav1.LabelSelector {
	return metav1.LabelSelector{MatchLabels: randomLabels(t), MatchExpressions: several(t, 2, func() metav1.LabelSelectorRequirement {
		r := metav1.LabelSelectorRequirement{Key: pick(t, "a", "b", "c"), Operator: pick(t, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpNotIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}
		if r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn {
			r.Values = append(several(t, 2, func() string { return pick(t, "1", "2", "x") }), "2")
		}
		return r
	})}
}

func randomPodTerm(t *rapid.T) corev1.PodAffinityTerm {
	x := corev1.PodAffinityTerm{
		TopologyKey:   pick(t, corev1.LabelTopologyZone, corev1.LabelHostname, corev1.LabelFailureDomainBetaZone),
		LabelSelector: maybe(t, 80, func() metav1.LabelSelector { return randomSelector(t) }),
		Namespaces:    several(t, 2, func() string { return pick(t, "default", "other") }),
	}
	x.NamespaceSelector = maybe(t, 30, func() metav1.LabelSelector { return randomSelector(t) })
	if x.LabelSelector != nil {
		x.MatchLabelKeys = several(t, 1, func() string { return pick(t, "a", "b") })
		x.MismatchLabelKeys = several(t, 1, func() string { return pick(t, "c", "d") })
	}
	return x
}

func randomAffinity(t *rapid.T) corev1.Affinity {
	weighted := func() corev1.WeightedPodAffinityTerm {
		return corev1.WeightedPodAffinityTerm{Weight: pick(t, int32(1), 100), PodAffinityTerm: randomPodTerm(t)}
	}
	term := func() corev1.PodAffinityTerm { return randomPodTerm(t) }
	return corev1.Affinity{
		NodeAffinity: maybe(t, 50, func() corev1.NodeAffinity {
			return corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: maybe(t, 70, func() corev1.NodeSelector {
					return corev1.NodeSelector{NodeSelectorTerms: several(t, 3, func() corev1.NodeSelectorTerm { return randomNodeTerm(t) })}
				}),
				PreferredDuringSchedulingIgnoredDuringExecution: several(t, 2, func() corev1.PreferredSchedulingTerm {
					return corev1.PreferredSchedulingTerm{Weight: pick(t, int32(1), 50), Preference: randomNodeTerm(t)}
				}),
			}
		}),
		PodAffinity: maybe(t, 50, func() corev1.PodAffinity {
			return corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: several(t, 2, term), PreferredDuringSchedulingIgnoredDuringExecution: several(t, 2, weighted)}
		}),
		PodAntiAffinity: maybe(t, 50, func() corev1.PodAntiAffinity {
			return corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: several(t, 2, term), PreferredDuringSchedulingIgnoredDuringExecution: several(t, 2, weighted)}
		}),
	}
}

func randomSpread(t *rapid.T) corev1.TopologySpreadConstraint {
	policy := func() corev1.NodeInclusionPolicy {
		return pick(t, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore)
	}
	c := corev1.TopologySpreadConstraint{
		MaxSkew: pick(t, int32(1), 2), TopologyKey: pick(t, corev1.LabelTopologyZone, corev1.LabelHostname),
		WhenUnsatisfiable:  pick(t, corev1.DoNotSchedule, corev1.ScheduleAnyway),
		LabelSelector:      maybe(t, 80, func() metav1.LabelSelector { return randomSelector(t) }),
		NodeAffinityPolicy: maybe(t, 30, policy), NodeTaintsPolicy: maybe(t, 30, policy),
	}
	if c.WhenUnsatisfiable == corev1.DoNotSchedule {
		c.MinDomains = maybe(t, 30, func() int32 { return pick(t, int32(1), 2) })
	}
	if c.LabelSelector != nil {
		c.MatchLabelKeys = several(t, 1, func() string { return pick(t, "a", "b", "c") })
	}
	return c
}

func randomToleration(t *rapid.T) corev1.Toleration {
	x := corev1.Toleration{
		Key: pick(t, "a", "b"), Operator: pick(t, "", corev1.TolerationOpEqual, corev1.TolerationOpExists, corev1.TolerationOpGt, corev1.TolerationOpLt),
		Effect: pick(t, "", corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule),
	}
	switch x.Operator {
	case corev1.TolerationOpExists:
		x.Key = pick(t, "a", "")
	case corev1.TolerationOpGt, corev1.TolerationOpLt:
		x.Value = pick(t, "1", "5", "-3")
	default:
		x.Value = pick(t, "", "1", "x")
	}
	return x
}

func randomVolume(t *rapid.T) corev1.Volume {
	v := corev1.Volume{Name: pick(t, "v", "w")}
	switch rapid.IntRange(0, 4).Draw(t, "kind of volume") {
	case 0:
		v.EmptyDir = &corev1.EmptyDirVolumeSource{}
	case 1:
		v.Ephemeral = &corev1.EphemeralVolumeSource{}
	case 2:
		v.CSI = &corev1.CSIVolumeSource{Driver: pick(t, "x", "y")}
	case 3:
		v.RBD = &corev1.RBDVolumeSource{}
	default:
		v.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: pick(t, "c", "d")}
	}
	return v
}

// randomPod is a pod that an API server could have taken.
func randomPod(t *rapid.T) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: pick(t, "default", "other"), Name: "p", Labels: randomLabels(t)}}
	s := &p.Spec
	for i := range rapid.IntRange(0, 2).Draw(t, "containers") {
		s.Containers = append(s.Containers, randomContainer(t, fmt.Sprintf("c%d", i)))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "init containers") {
		k := randomContainer(t, fmt.Sprintf("i%d", i))
		k.RestartPolicy = maybe(t, 50, func() corev1.ContainerRestartPolicy { return corev1.ContainerRestartPolicyAlways })
		s.InitContainers = append(s.InitContainers, k)
	}
	if chance(t, 20) {
		s.Overhead = randomList(t)
	}
	s.Resources = maybe(t, 20, func() corev1.ResourceRequirements {
		r := randomRequirements(t)
		for _, list := range []corev1.ResourceList{r.Requests, r.Limits} {
			delete(list, "nvidia.com/gpu")
			delete(list, "ephemeral-storage")
		}
		return r
	})
	if chance(t, 30) {
		s.NodeSelector = randomLabels(t)
	}
	s.Affinity = maybe(t, 40, func() corev1.Affinity { return randomAffinity(t) })
	s.TopologySpreadConstraints = several(t, 2, func() corev1.TopologySpreadConstraint { return randomSpread(t) })
	s.Tolerations = several(t, 2, func() corev1.Toleration { return randomToleration(t) })
	s.Volumes = several(t, 2, func() corev1.Volume { return randomVolume(t) })
	s.HostNetwork, s.HostPID, s.HostIPC = chance(t, 10), chance(t, 20), chance(t, 20)
	for i := range s.Containers {
		if chance(t, 20) {
			s.Containers[i].SecurityContext = &corev1.SecurityContext{Privileged: new(chance(t, 50))}
		}
	}
	if chance(t, 20) {
		s.Volumes = append(s.Volumes, corev1.Volume{Name: "logs", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/var/log"}}})
	}
	s.OS = maybe(t, 10, func() corev1.PodOS { return corev1.PodOS{Name: pick(t, corev1.Linux, corev1.Windows)} })
	if chance(t, 10) {
		p.Annotations = map[string]string{pricePreferences: pick(t, "ignore", "respect", "0.01", "0.010")}
	}
	if chance(t, 30) {
		p = filledIn(p) // it has been through an API server
		p.Spec.NodeName = pick(t, "", "n1", "n1")
		randomStatus(t, p)
	}
	return p
}

// randomStatus is what a kubelet says of a pod that is being resized.
func randomStatus(t *rapid.T, p *corev1.Pod) {
	status := func(list []corev1.Container) (out []corev1.ContainerStatus) {
		for _, k := range list {
			out = append(out, corev1.ContainerStatus{Name: k.Name, AllocatedResources: randomList(t), Resources: maybe(t, 80, func() corev1.ResourceRequirements { return randomRequirements(t) })})
		}
		return out
	}
	p.Status.ContainerStatuses, p.Status.InitContainerStatuses = status(p.Spec.Containers), status(p.Spec.InitContainers)
	p.Status.AllocatedResources = randomList(t)
	p.Status.Resources = maybe(t, 50, func() corev1.ResourceRequirements { return randomRequirements(t) })
	if chance(t, 50) {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodResizePending, Reason: pick(t, corev1.PodReasonInfeasible, corev1.PodReasonDeferred)}}
	}
}
