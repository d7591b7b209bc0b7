package check

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// final puts all pods in place and offers each one of the plan its node again.
func (s *state) final(r *Report) {
	for _, p := range s.world.pods {
		s.put(p, +1)
	}
	for _, p := range s.world.pods {
		if !p.planned {
			continue
		}
		s.put(p, -1)
		for _, c := range s.refused(p) {
			r.violated(c, "%s on %s in %s", p.id, p.node.Name, p.node.Labels[corev1.LabelTopologyZone])
		}
		s.put(p, +1)
	}
}

// wishes adds up the weights of what pods prefer. All pods are in place.
func (s *state) wishes(r *Report) {
	for _, p := range s.world.wait {
		if a := p.Spec.Affinity; a != nil && a.NodeAffinity != nil {
			for _, t := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
				r.Wished += int64(t.Weight)
			}
		}
		for _, w := range wishes(p) {
			r.Wished += int64(w.Weight)
		}
	}
	for _, p := range s.world.pods {
		if !p.planned {
			continue
		}
		if a := p.Spec.Affinity; a != nil && a.NodeAffinity != nil {
			terms, err := nodeaffinity.NewPreferredSchedulingTerms(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
			if err == nil { // a term that cannot be read is satisfied by nothing
				r.Satisfied += terms.Score(p.node.Node)
			}
		}
		s.put(p, -1)
		for _, w := range wishes(p.Pod) {
			t, err := s.term(p.Pod, w.PodAffinityTerm)
			domain, ok := p.node.Labels[w.PodAffinityTerm.TopologyKey]
			if err == nil && ok && (t.matching[domain] > 0) != w.apart {
				r.Satisfied += int64(w.Weight)
			}
		}
		s.put(p, +1)
	}
}
