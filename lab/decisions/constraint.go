package decisions

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// selection gives a workload tolerations and what it wants of nodes.
func (t *town) selection(p *corev1.Pod) {
	if t.chance(10) {
		p.Spec.NodeSelector = map[string]string{"disk": pick(t, disks...)}
	}
	for range t.r.IntN(3) {
		x := corev1.Toleration{Key: pick(t, "dedicated", "spot", "old", ""), Operator: corev1.TolerationOpExists,
			Effect: pick(t, "", corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule)}
		if x.Key != "" && t.chance(50) {
			x.Operator, x.Value = corev1.TolerationOpEqual, pick(t, teams...)
		}
		p.Spec.Tolerations = append(p.Spec.Tolerations, x)
	}
	affinity := &corev1.NodeAffinity{}
	if t.chance(12) {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{t.nodeTerm()}}
	}
	if t.chance(35) {
		for range t.between(1, 3) {
			affinity.PreferredDuringSchedulingIgnoredDuringExecution = append(affinity.PreferredDuringSchedulingIgnoredDuringExecution,
				corev1.PreferredSchedulingTerm{Weight: int32(t.between(1, 100)), Preference: t.nodeTerm()})
		}
	}
	if affinity.RequiredDuringSchedulingIgnoredDuringExecution != nil || affinity.PreferredDuringSchedulingIgnoredDuringExecution != nil {
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: affinity}
	}
}

func (t *town) nodeTerm() corev1.NodeSelectorTerm {
	r := corev1.NodeSelectorRequirement{Key: corev1.LabelTopologyZone, Values: zones[:t.between(1, 2)]}
	switch t.r.IntN(4) {
	case 0:
		r.Key, r.Values = "disk", []string{pick(t, disks...)}
	case 1:
		r.Key, r.Values = "rack", []string{pick(t, "1", "2", "3")}
	}
	r.Operator = pick(t, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn)
	if t.chance(15) {
		r.Operator, r.Values = corev1.NodeSelectorOpExists, nil
	}
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{r}}
}

// company gives a workload terms about other pods.
func (t *town) company(p *corev1.Pod) {
	near, apart := &corev1.PodAffinity{}, &corev1.PodAntiAffinity{}
	if t.chance(12) {
		near.RequiredDuringSchedulingIgnoredDuringExecution = []corev1.PodAffinityTerm{t.podTerm(p)}
	}
	if t.chance(20) {
		near.PreferredDuringSchedulingIgnoredDuringExecution = t.preferred(p)
	}
	if t.chance(15) {
		apart.RequiredDuringSchedulingIgnoredDuringExecution = []corev1.PodAffinityTerm{t.podTerm(p)}
	}
	if t.chance(25) {
		apart.PreferredDuringSchedulingIgnoredDuringExecution = t.preferred(p)
	}
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &corev1.Affinity{}
	}
	p.Spec.Affinity.PodAffinity, p.Spec.Affinity.PodAntiAffinity = near, apart
}

func (t *town) preferred(p *corev1.Pod) []corev1.WeightedPodAffinityTerm {
	var out []corev1.WeightedPodAffinityTerm
	for range t.between(1, 2) {
		out = append(out, corev1.WeightedPodAffinityTerm{Weight: int32(t.between(1, 100)), PodAffinityTerm: t.podTerm(p)})
	}
	return out
}

func (t *town) podTerm(p *corev1.Pod) corev1.PodAffinityTerm {
	x := corev1.PodAffinityTerm{TopologyKey: pick(t, corev1.LabelHostname, corev1.LabelHostname, corev1.LabelTopologyZone, "rack"), LabelSelector: t.selector(p)}
	if t.chance(20) {
		x.Namespaces = []string{pick(t, namespaces...)}
	}
	return x
}

// selector is of the workload's own pods, or of a team's.
func (t *town) selector(p *corev1.Pod) *metav1.LabelSelector {
	switch n := t.r.IntN(10); {
	case n < 6:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}}
	case n < 9:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"team": pick(t, teams...)}}
	}
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpNotIn, Values: []string{pick(t, teams...)}}}}
}

// spread gives a workload topology spread constraints.
func (t *town) spread(p *corev1.Pod) {
	seen := map[string]bool{}
	for t.chance(30) {
		x := corev1.TopologySpreadConstraint{
			TopologyKey: pick(t, corev1.LabelTopologyZone, corev1.LabelTopologyZone, corev1.LabelHostname, "rack"), MaxSkew: int32(t.between(1, 3)),
			WhenUnsatisfiable: pick(t, corev1.DoNotSchedule, corev1.ScheduleAnyway), LabelSelector: t.selector(p),
		}
		if seen[x.TopologyKey+string(x.WhenUnsatisfiable)] {
			continue // the API server wants these pairs to differ
		}
		seen[x.TopologyKey+string(x.WhenUnsatisfiable)] = true
		policies := []corev1.NodeInclusionPolicy{corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore}
		if t.chance(30) {
			y := pick(t, policies...)
			x.NodeAffinityPolicy = &y
		}
		if t.chance(30) {
			y := pick(t, policies...)
			x.NodeTaintsPolicy = &y
		}
		if x.WhenUnsatisfiable == corev1.DoNotSchedule && t.chance(20) {
			n := int32(t.between(2, 4))
			x.MinDomains = &n
		}
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, x)
	}
}
