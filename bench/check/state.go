package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// state counts, for everything that pods say of each other, the pods that are in
// place. Equal sayings of many pods are counted once.
type state struct {
	world  *world
	terms  []*term
	groups []*group
	crowds []*crowd
	says   map[*pod]*sayings
	// Index of the above by their text.
	termIndex  map[string]*term
	groupIndex map[string]*group
	crowdIndex map[string]*crowd
}

// sayings are what a pod says of others, and what others say of it.
type sayings struct {
	apart    []*term  // its required anti-affinity
	together *crowd   // its required affinity
	spread   []*group // its DoNotSchedule constraints
	// What counts the pod itself.
	inTerms  []*term
	inGroups []*group
	inCrowds []*crowd
}

// term is a required or preferred pod (anti-)affinity term.
type term struct {
	namespaces []string
	selector   labels.Selector
	key        string
	matching   map[string]int // pods in place that it matches, by domain
	owners     map[string]int // pods in place that require it for anti-affinity
}

func (t *term) matches(p *corev1.Pod) bool {
	return slices.Contains(t.namespaces, p.Namespace) && t.selector.Matches(labels.Set(p.Labels))
}

// newState looks at all pods; none is in place yet. The error names a selector
// that cannot be read.
func newState(w *world) (*state, error) {
	s := &state{world: w, says: map[*pod]*sayings{}, termIndex: map[string]*term{}, groupIndex: map[string]*group{}, crowdIndex: map[string]*crowd{}}
	for _, p := range w.pods {
		y := &sayings{}
		s.says[p] = y
		for _, t := range antiAffinity(p.Pod) {
			found, err := s.term(p.Pod, t)
			if err != nil {
				return nil, err
			}
			y.apart = append(y.apart, found)
		}
		var err error
		if y.together, err = s.crowd(p.Pod); err != nil {
			return nil, err
		}
		if y.spread, err = s.spread(p.Pod); err != nil {
			return nil, err
		}
		for _, wish := range wishes(p.Pod) {
			if _, err := s.term(p.Pod, wish.PodAffinityTerm); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range w.pods {
		y := s.says[p]
		for _, t := range s.terms {
			if t.matches(p.Pod) {
				y.inTerms = append(y.inTerms, t)
			}
		}
		for _, g := range s.groups {
			if g.counts(p) {
				y.inGroups = append(y.inGroups, g)
			}
		}
		for _, c := range s.crowds {
			if c.matches(p.Pod) {
				y.inCrowds = append(y.inCrowds, c)
			}
		}
	}
	return s, nil
}

// term finds the term that a pod states, or makes it.
func (s *state) term(p *corev1.Pod, t corev1.PodAffinityTerm) (*term, error) {
	selector, err := selectorOf(p, t.LabelSelector)
	if err != nil {
		return nil, err
	}
	namespaces := slices.Clone(t.Namespaces)
	if len(namespaces) == 0 {
		namespaces = []string{p.Namespace}
	}
	slices.Sort(namespaces)
	text := strings.Join(namespaces, ",") + "|" + selector.String() + "|" + t.TopologyKey
	if s.termIndex[text] == nil {
		found := &term{namespaces: namespaces, selector: selector, key: t.TopologyKey, matching: map[string]int{}, owners: map[string]int{}}
		s.termIndex[text] = found
		s.terms = append(s.terms, found)
	}
	return s.termIndex[text], nil
}

func selectorOf(p *corev1.Pod, ls *metav1.LabelSelector) (labels.Selector, error) {
	selector, err := metav1.LabelSelectorAsSelector(ls)
	if err != nil {
		return nil, fmt.Errorf("pod %s/%s: %w", p.Namespace, p.Name, err)
	}
	return selector, nil
}

// put counts a pod, by +1 when it arrives and −1 when it is lifted out.
func (s *state) put(p *pod, by int) {
	y := s.says[p]
	for _, t := range y.inTerms {
		if domain, ok := p.node.Labels[t.key]; ok {
			t.matching[domain] += by
		}
	}
	for _, t := range y.apart {
		if domain, ok := p.node.Labels[t.key]; ok {
			t.owners[domain] += by
		}
	}
	for _, g := range y.inGroups {
		g.count[p.node.Labels[g.key]] += by
	}
	for _, c := range y.inCrowds {
		c.put(p.node, by)
	}
}

// refused lists the constraints for which the scheduler would not let a pod onto
// its node beside the pods in place, of which it is none.
func (s *state) refused(p *pod) []Constraint {
	y := s.says[p]
	var out []Constraint
	if s.apart(p, y) {
		out = append(out, PodAntiAffinity)
	}
	if y.together != nil && !y.together.admits(p) {
		out = append(out, PodAffinity)
	}
	for _, g := range y.spread {
		if !g.admits(p) {
			out = append(out, TopologySpread)
			break
		}
	}
	return out
}

// apart tells whether anti-affinity keeps a pod off its node, its own or that of
// others.
func (s *state) apart(p *pod, y *sayings) bool {
	for _, t := range y.apart {
		if domain, ok := p.node.Labels[t.key]; ok && t.matching[domain] > 0 {
			return true
		}
	}
	for _, t := range y.inTerms {
		if domain, ok := p.node.Labels[t.key]; ok && t.owners[domain] > 0 {
			return true
		}
	}
	return false
}
