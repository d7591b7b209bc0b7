package kube

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	podresources "k8s.io/component-helpers/resource"

	"github.com/ullage-sh/ullage/cluster"
)

// normalized are label keys with an older name that means the same.
var normalized = map[string]string{
	corev1.LabelFailureDomainBetaZone:   corev1.LabelTopologyZone,
	corev1.LabelFailureDomainBetaRegion: corev1.LabelTopologyRegion,
	corev1.LabelInstanceType:            corev1.LabelInstanceTypeStable,
	"beta.kubernetes.io/arch":           corev1.LabelArchStable,
	"beta.kubernetes.io/os":             corev1.LabelOSStable,
}

func labelKey(key string) string {
	if k, ok := normalized[key]; ok {
		return k
	}
	return key
}

func demand(pod *corev1.Pod) cluster.Demand {
	d := cluster.Demand{Requests: requests(pod)}
	for _, key := range slices.Sorted(maps.Keys(pod.Spec.NodeSelector)) {
		d.Selector = append(d.Selector, cluster.Requirement{Key: labelKey(key), Operator: cluster.In, Values: []string{pod.Spec.NodeSelector[key]}})
	}
	d.Affinity, d.Refused = requiredAffinity(pod)
	for _, t := range pod.Spec.Tolerations {
		if op, ok := tolerationOperator(t.Operator); ok {
			d.Tolerations = append(d.Tolerations, cluster.Toleration{Key: t.Key, Operator: op, Value: t.Value, Effect: cluster.TaintEffect(t.Effect)})
		} else {
			d.Refused = append(d.Refused, "toleration operator "+string(t.Operator))
		}
	}
	d.Refused = append(d.Refused, refused(pod)...)
	slices.Sort(d.Refused)
	d.Refused = slices.Compact(d.Refused)
	return d
}

// tolerationOperator reads the operator of a toleration; "" is Equal.
func tolerationOperator(op corev1.TolerationOperator) (_ cluster.Operator, ok bool) {
	switch op {
	case corev1.TolerationOpEqual, "":
		return cluster.Equal, true
	case corev1.TolerationOpExists:
		return cluster.Exists, true
	case corev1.TolerationOpGt:
		return cluster.Gt, true
	case corev1.TolerationOpLt:
		return cluster.Lt, true
	}
	return 0, false
}

// requests is what the scheduler counts for a pod: the sum of its containers, or
// the largest step of its start if that is more; sidecars, overhead and requests
// of the pod as a whole included.
func requests(pod *corev1.Pod) cluster.Resources {
	list := podresources.PodRequests(pod, podresources.PodResourcesOptions{UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true})
	list[corev1.ResourcePods] = quantity(cluster.Amount{Name: cluster.Pods, Value: 1})
	return resources(list)
}

func requiredAffinity(pod *corev1.Pod) (terms []cluster.Term, refused []string) {
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil, nil
	}
	terms = []cluster.Term{}
	for _, t := range a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		if len(t.MatchFields) > 0 {
			refused = append(refused, "node affinity by field")
		}
		if len(t.MatchExpressions) == 0 {
			continue // an empty term matches nothing
		}
		term := make(cluster.Term, 0, len(t.MatchExpressions))
		for _, e := range t.MatchExpressions {
			op, ok := cluster.ParseOperator(string(e.Operator))
			if !ok {
				refused = append(refused, "node affinity operator "+string(e.Operator))
				continue
			}
			values := slices.Clone(e.Values)
			slices.Sort(values)
			term = append(term, cluster.Requirement{Key: labelKey(e.Key), Operator: op, Values: values})
		}
		terms = append(terms, term)
	}
	return terms, refused
}

// refused names the constraints of a pod that are not honoured yet. Buying a node
// without regard to one of them could buy a node that the pod cannot use.
func refused(pod *corev1.Pod) []string {
	var out []string
	add := func(when bool, what string) {
		if when {
			out = append(out, what)
		}
	}
	s := &pod.Spec
	if a := s.Affinity; a != nil {
		add(a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0, "pod affinity")
		add(a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0, "pod anti-affinity")
	}
	for _, t := range s.TopologySpreadConstraints {
		add(t.WhenUnsatisfiable == corev1.DoNotSchedule, "topology spread")
	}
	for _, v := range s.Volumes {
		add(v.PersistentVolumeClaim != nil || v.Ephemeral != nil, "persistent volumes")
	}
	for _, cs := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for _, c := range cs {
			for _, p := range c.Ports {
				add(p.HostPort != 0, "host ports")
			}
		}
	}
	add(len(s.ResourceClaims) > 0, "resource claims")
	add(s.OS != nil && s.OS.Name != corev1.Linux, "operating system "+osName(s.OS))
	return out
}

func osName(os *corev1.PodOS) string {
	if os == nil {
		return ""
	}
	return string(os.Name)
}
