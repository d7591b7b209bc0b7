package random

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// selection gives a pod a node selector, node affinity and tolerations.
func (m *maker) selection(p *corev1.Pod) {
	if m.binds(15) {
		p.Spec.NodeSelector = map[string]string{}
		switch m.r.IntN(5) {
		case 0:
			p.Spec.NodeSelector["disk"] = pick(m, "ssd", "hdd")
		case 1:
			p.Spec.NodeSelector[corev1.LabelArchStable] = pick(m, "amd64", "arm64")
		case 2:
			p.Spec.NodeSelector[pick(m, corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone)] = pick(m, zones...)
		case 3:
			p.Spec.NodeSelector["generation"] = pick(m, "3", "")
		}
	}
	if m.binds(25) {
		p.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{}}}
		s := p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		for range m.between(1, 2) {
			s.NodeSelectorTerms = append(s.NodeSelectorTerms, m.nodeTerm())
		}
	}
	for range m.r.IntN(3) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, m.toleration())
	}
}

// nodeTerm may be empty: it then matches nothing.
func (m *maker) nodeTerm() corev1.NodeSelectorTerm {
	var t corev1.NodeSelectorTerm
	for range m.r.IntN(3) {
		t.MatchExpressions = append(t.MatchExpressions, m.nodeRequirement())
	}
	for m.chance(15) {
		t.MatchFields = append(t.MatchFields, corev1.NodeSelectorRequirement{
			Key: metav1.ObjectNameField, Operator: pick(m, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpNotIn),
			Values: []string{"node-" + strconv.Itoa(m.r.IntN(3))},
		})
	}
	return t
}

func (m *maker) nodeRequirement() corev1.NodeSelectorRequirement {
	switch m.r.IntN(5) {
	case 0:
		return corev1.NodeSelectorRequirement{Key: "generation", Operator: pick(m, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt), Values: []string{pick(m, "4", "0", "2")}}
	case 1:
		return corev1.NodeSelectorRequirement{Key: pick(m, "rack", "disk", "none", corev1.LabelTopologyZone), Operator: pick(m, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist)}
	case 2:
		return m.oneOf("disk", "ssd", "hdd", "tape")
	case 3:
		return m.oneOf("rack", "1", "2", "3")
	default:
		return m.oneOf(pick(m, corev1.LabelTopologyZone, "topology.ebs.csi.aws.com/zone"), zones...)
	}
}

func (m *maker) oneOf(key string, values ...string) corev1.NodeSelectorRequirement {
	r := corev1.NodeSelectorRequirement{Key: key, Operator: pick(m, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn)}
	for range m.between(1, 2) {
		r.Values = append(r.Values, pick(m, values...))
	}
	return r
}

func (m *maker) toleration() corev1.Toleration {
	effect := pick(m, "", corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule)
	if m.opt.Compare && m.chance(40) {
		return corev1.Toleration{Key: "load", Operator: pick(m, corev1.TolerationOpGt, corev1.TolerationOpLt), Value: pick(m, "20", "0", "60"), Effect: effect}
	}
	switch m.r.IntN(10) {
	case 0:
		return corev1.Toleration{Operator: corev1.TolerationOpExists, Effect: effect}
	case 1:
		return corev1.Toleration{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: pick(m, "", corev1.TaintEffectNoSchedule)}
	case 2, 3, 4:
		return corev1.Toleration{Key: pick(m, "dedicated", "gpu"), Operator: corev1.TolerationOpExists, Effect: effect}
	default:
		return corev1.Toleration{Key: pick(m, "dedicated", "gpu"), Operator: pick(m, "", corev1.TolerationOpEqual), Value: pick(m, "", "db", "web"), Effect: effect}
	}
}

// near gives a pod affinity and anti-affinity to pods.
func (m *maker) near(p *corev1.Pod, percent int) {
	affinity, anti := m.binds(percent), m.binds(percent)
	if !affinity && !anti {
		return
	}
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &corev1.Affinity{}
	}
	if affinity {
		p.Spec.Affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: m.podTerms(p)}
		if m.chance(10) {
			p.Spec.Affinity.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.WeightedPodAffinityTerm{{Weight: 10, PodAffinityTerm: m.podTerm(p)}}
		}
	}
	if anti {
		p.Spec.Affinity.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: m.podTerms(p)}
	}
}

func (m *maker) podTerms(p *corev1.Pod) []corev1.PodAffinityTerm {
	out := []corev1.PodAffinityTerm{m.podTerm(p)}
	for m.chance(25) {
		out = append(out, m.podTerm(p))
	}
	return out
}

func (m *maker) podTerm(p *corev1.Pod) corev1.PodAffinityTerm {
	t := corev1.PodAffinityTerm{TopologyKey: pick(m, topologies...), LabelSelector: m.selector()}
	if m.chance(40) { // of its own kind
		t.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}}
		if p.Labels["app"] == "" {
			t.LabelSelector = &metav1.LabelSelector{}
		}
	}
	if m.chance(25) {
		t.Namespaces = append(t.Namespaces, pick(m, namespaces...), pick(m, namespaces...))
	}
	switch {
	case m.closed:
	case m.chance(8):
		t.NamespaceSelector = &metav1.LabelSelector{}
	case m.chance(15):
		t.NamespaceSelector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{m.labelRequirement("team", "x", "y")}}
	}
	if t.LabelSelector != nil {
		if m.chance(10) {
			t.MatchLabelKeys = []string{"version"}
			merge(t.LabelSelector, p, "version", metav1.LabelSelectorOpIn)
		}
		if m.chance(10) {
			t.MismatchLabelKeys = []string{"tier"}
			merge(t.LabelSelector, p, "tier", metav1.LabelSelectorOpNotIn)
		}
	}
	return t
}

// merge does what the API server does with matchLabelKeys and mismatchLabelKeys: the
// pod's own value becomes part of the selector.
func merge(s *metav1.LabelSelector, p *corev1.Pod, key string, op metav1.LabelSelectorOperator) {
	if value, ok := p.Labels[key]; ok {
		s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{Key: key, Operator: op, Values: []string{value}})
	}
}

// spread gives a pod topology spread constraints.
func (m *maker) spread(p *corev1.Pod) {
	seen := map[string]bool{}
	for m.binds(30) {
		c := corev1.TopologySpreadConstraint{
			TopologyKey: pick(m, topologies...), MaxSkew: int32(m.between(1, 2)), LabelSelector: m.selector(),
			WhenUnsatisfiable: corev1.DoNotSchedule,
		}
		if m.chance(50) && p.Labels["app"] != "" {
			c.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}}
		}
		if m.chance(10) {
			c.WhenUnsatisfiable = corev1.ScheduleAnyway
		}
		if key := c.TopologyKey + string(c.WhenUnsatisfiable); seen[key] {
			continue // the API server wants these pairs to differ
		}
		seen[c.TopologyKey+string(c.WhenUnsatisfiable)] = true
		if c.WhenUnsatisfiable == corev1.DoNotSchedule && m.chance(25) {
			n := int32(m.between(1, 4))
			c.MinDomains = &n
		}
		policies := []corev1.NodeInclusionPolicy{corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore}
		if m.chance(40) {
			x := pick(m, policies...)
			c.NodeAffinityPolicy = &x
		}
		if m.chance(40) {
			x := pick(m, policies...)
			c.NodeTaintsPolicy = &x
		}
		if c.LabelSelector != nil && m.chance(15) {
			c.MatchLabelKeys = []string{"version"}
			if m.chance(50) { // older API servers leave it to the scheduler
				merge(c.LabelSelector, p, "version", metav1.LabelSelectorOpIn)
			}
		}
		p.Spec.TopologySpreadConstraints = append(p.Spec.TopologySpreadConstraints, c)
	}
}
