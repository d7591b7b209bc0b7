package check

import (
	"encoding/json"
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// group is a DoNotSchedule constraint with the nodes that count for it. Pods with
// the same constraint and the same eligible nodes share one.
type group struct {
	namespace  string
	selector   labels.Selector
	key        string
	maxSkew    int
	minDomains int
	eligible   map[*node]bool
	nodes      map[string]int // eligible nodes that are there, by domain
	count      map[string]int // matching pods in place by domain, zero for empty ones
}

// spread finds the groups of a pod's DoNotSchedule constraints.
func (s *state) spread(p *corev1.Pod) ([]*group, error) {
	var hard []corev1.TopologySpreadConstraint
	for _, c := range p.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule {
			hard = append(hard, c)
		}
	}
	var out []*group
	for _, c := range hard {
		g, err := s.group(p, c, hard)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, nil
}

func (s *state) group(p *corev1.Pod, c corev1.TopologySpreadConstraint, hard []corev1.TopologySpreadConstraint) (*group, error) {
	selector, err := selectorOf(p, c.LabelSelector)
	if err != nil {
		return nil, err
	}
	g := &group{
		namespace: p.Namespace, selector: selector, key: c.TopologyKey, maxSkew: int(c.MaxSkew), minDomains: 1,
		eligible: map[*node]bool{}, nodes: map[string]int{}, count: map[string]int{},
	}
	if c.MinDomains != nil {
		g.minDomains = int(*c.MinDomains)
	}
	var nodeAffinity *corev1.NodeAffinity
	if p.Spec.Affinity != nil {
		nodeAffinity = p.Spec.Affinity.NodeAffinity
	}
	text, err := json.Marshal([]any{p.Namespace, c, hard, p.Spec.NodeSelector, nodeAffinity, p.Spec.Tolerations})
	if err != nil {
		return nil, fmt.Errorf("pod %s/%s: %w", p.Namespace, p.Name, err)
	}
	if known := s.groupIndex[string(text)]; known != nil {
		return known, nil
	}
	for _, n := range s.world.nodes {
		if includes(p, c, hard, n.Node) {
			g.eligible[n] = true
			g.nodes[n.Labels[g.key]]++
			g.count[n.Labels[g.key]] = 0
		}
	}
	s.groupIndex[string(text)] = g
	s.groups = append(s.groups, g)
	return g, nil
}

// join and leave note that a node comes or goes, without pods in place on it.
func (g *group) join(n *node) {
	if domain := n.Labels[g.key]; g.eligible[n] {
		g.nodes[domain]++
		g.count[domain] += 0
	}
}

func (g *group) leave(n *node) {
	if domain := n.Labels[g.key]; g.eligible[n] {
		if g.nodes[domain]--; g.nodes[domain] == 0 {
			delete(g.count, domain)
		}
	}
}

// includes tells whether a node counts for a pod's constraint: it has the keys of
// all of the pod's constraints, and the pod could be there as far as the node
// inclusion policies ask. By default node selection is honoured and taints are
// ignored.
func includes(p *corev1.Pod, c corev1.TopologySpreadConstraint, hard []corev1.TopologySpreadConstraint, n *corev1.Node) bool {
	for _, other := range hard {
		if _, ok := n.Labels[other.TopologyKey]; !ok {
			return false
		}
	}
	if (c.NodeAffinityPolicy == nil || *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor) && !selects(p, n) {
		return false
	}
	if c.NodeTaintsPolicy != nil && *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor {
		if _, bad := untolerated(p, n); bad {
			return false
		}
	}
	return true
}

func (g *group) matches(p *corev1.Pod) bool {
	return p.Namespace == g.namespace && p.DeletionTimestamp == nil && g.selector.Matches(labels.Set(p.Labels))
}

// counts tells whether a pod counts where it is.
func (g *group) counts(p *pod) bool { return g.eligible[p.node] && g.matches(p.Pod) }

// admits tells whether the domain of a pod's node may take one more.
func (g *group) admits(p *pod) bool {
	domain, ok := p.node.Labels[g.key]
	if !ok {
		return false
	}
	least := math.MaxInt
	for _, n := range g.count {
		least = min(least, n)
		if least == 0 {
			break
		}
	}
	if len(g.count) < g.minDomains {
		least = 0
	}
	more := g.count[domain]
	if g.matches(p.Pod) {
		more++
	}
	return more-least <= g.maxSkew
}
