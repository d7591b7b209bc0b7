package check

import (
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// crowd is the pods that all required affinity terms of some pod match. For the
// scheduler a pod counts for one of the terms only if it matches all of them.
type crowd struct {
	terms []*term
	all   int
	count []map[string]int // of each term, pods in place by domain
}

// crowd finds the crowd that a pod wants to be with; nil when it has no required
// affinity.
func (s *state) crowd(p *corev1.Pod) (*crowd, error) {
	required := affinity(p)
	if len(required) == 0 {
		return nil, nil
	}
	c := &crowd{}
	var texts []string
	for _, t := range required {
		found, err := s.term(p, t)
		if err != nil {
			return nil, err
		}
		c.terms = append(c.terms, found)
		c.count = append(c.count, map[string]int{})
		texts = append(texts, strings.Join(found.namespaces, ",")+"|"+found.selector.String()+"|"+found.key)
	}
	sort.Strings(texts)
	text := strings.Join(texts, " & ")
	if s.crowdIndex[text] == nil {
		s.crowdIndex[text] = c
		s.crowds = append(s.crowds, c)
	}
	return s.crowdIndex[text], nil
}

func (c *crowd) matches(p *corev1.Pod) bool {
	for _, t := range c.terms {
		if !t.matches(p) {
			return false
		}
	}
	return true
}

func (c *crowd) put(n *node, by int) {
	somewhere := false // a pod in no domain of any term counts for nobody
	for i, t := range c.terms {
		if domain, ok := n.Labels[t.key]; ok {
			c.count[i][domain] += by
			somewhere = true
		}
	}
	if somewhere {
		c.all += by
	}
}

// admits tells whether a pod may join: its domain has one of the crowd for each
// term, or there is none anywhere and it is the first.
func (c *crowd) admits(p *pod) bool {
	first := c.all == 0 && c.matches(p.Pod)
	for i, t := range c.terms {
		domain, ok := p.node.Labels[t.key]
		if !ok || (!first && c.count[i][domain] == 0) {
			return false
		}
	}
	return true
}

func antiAffinity(p *corev1.Pod) []corev1.PodAffinityTerm {
	if a := p.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		return a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

func affinity(p *corev1.Pod) []corev1.PodAffinityTerm {
	if a := p.Spec.Affinity; a != nil && a.PodAffinity != nil {
		return a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

// wish is a preferred pod (anti-)affinity term.
type wish struct {
	corev1.WeightedPodAffinityTerm
	apart bool
}

func wishes(p *corev1.Pod) []wish {
	var out []wish
	a := p.Spec.Affinity
	if a != nil && a.PodAffinity != nil {
		for _, t := range a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			out = append(out, wish{t, false})
		}
	}
	if a != nil && a.PodAntiAffinity != nil {
		for _, t := range a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			out = append(out, wish{t, true})
		}
	}
	return out
}

// allTerms are all terms of a pod, required or preferred.
func allTerms(p *corev1.Pod) []corev1.PodAffinityTerm {
	var out []corev1.PodAffinityTerm
	out = append(append(out, antiAffinity(p)...), affinity(p)...)
	for _, w := range wishes(p) {
		out = append(out, w.PodAffinityTerm)
	}
	return out
}
