package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/bench/record"
)

// Constraint is something that a plan can violate.
type Constraint string

// The constraints, see the package's documentation.
const (
	Accounting      Constraint = "accounting"
	Resources       Constraint = "resources"
	NodeSelection   Constraint = "node selection"
	Taints          Constraint = "taints"
	PodAntiAffinity Constraint = "pod anti-affinity"
	PodAffinity     Constraint = "pod affinity"
	TopologySpread  Constraint = "topology spread"
)

// Report is what a check came to.
type Report struct {
	// Cost of the new nodes per hour, recomputed.
	Cost record.USD
	// Placed and Unplaced count waiting pods.
	Placed, Unplaced int
	// Violations counts pods (accounting: whatever is wrong) by constraint in the
	// final state.
	Violations map[Constraint]int
	// Stuck counts pods for which no moment was found at which the scheduler would
	// let them onto their node.
	Stuck int
	// Satisfied is the weight of the preferences that hold, Wished that of all.
	Satisfied, Wished int64
	// Examples tells the first violation of each constraint, by constraint.
	Examples []string
}

// Valid tells whether nothing is violated in the final state.
func (r *Report) Valid() bool { return len(r.Violations) == 0 }

// Feasible tells whether the scheduler can carry the plan out: everything adds up
// and each pod may be on its node, whatever the others do; and constraints between
// pods hold in the final state, or in some order.
func (r *Report) Feasible() bool {
	for _, c := range []Constraint{Accounting, Resources, NodeSelection, Taints} {
		if r.Violations[c] > 0 {
			return false
		}
	}
	return r.Valid() || r.Stuck == 0
}

// String is the report in one line.
func (r *Report) String() string {
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(r.Violations)) {
		parts = append(parts, fmt.Sprintf("%s %d", c, r.Violations[c]))
	}
	s := fmt.Sprintf("%d placed, final state valid", r.Placed)
	if len(parts) > 0 {
		s = fmt.Sprintf("%d placed, violated in the final state: %s", r.Placed, strings.Join(parts, ", "))
	}
	if r.Stuck > 0 {
		return s + fmt.Sprintf("; no order found for %d", r.Stuck)
	}
	return s + "; there is an order"
}

func (r *Report) violated(c Constraint, format string, args ...any) {
	if r.Violations == nil {
		r.Violations = map[Constraint]int{}
	}
	if r.Violations[c]++; r.Violations[c] == 1 {
		r.Examples = append(r.Examples, string(c)+": "+fmt.Sprintf(format, args...))
	}
}

// Plan checks a plan for an input. The error names a pod or a constraint that
// cannot be checked.
func Plan(in *record.Input, p *record.Plan) (*Report, error) {
	for _, pods := range [][]*corev1.Pod{in.Running, in.Pods} {
		for _, pod := range pods {
			if what := unchecked(pod); what != "" {
				return nil, fmt.Errorf("pod %s has %s, which is not checked", record.PodID(pod), what)
			}
		}
	}
	r := &Report{Unplaced: len(p.Unschedulable)}
	w := newWorld(in, p, r)
	for _, n := range w.nodes {
		n.check(r)
	}
	s, err := newState(w)
	if err != nil {
		return nil, err
	}
	s.final(r)
	s.wishes(r)
	s.order(r)
	slices.Sort(r.Examples)
	return r, nil
}

// unchecked names a constraint of a pod that this package does not know.
func unchecked(p *corev1.Pod) string {
	s := &p.Spec
	for _, containers := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for _, c := range containers {
			for _, port := range c.Ports {
				if port.HostPort != 0 {
					return "host ports"
				}
			}
		}
	}
	for _, v := range s.Volumes {
		if v.PersistentVolumeClaim != nil || v.Ephemeral != nil {
			return "persistent volumes"
		}
	}
	for _, c := range s.TopologySpreadConstraints {
		if len(c.MatchLabelKeys) > 0 {
			return "topology spread by label keys"
		}
	}
	for _, t := range allTerms(p) {
		if t.NamespaceSelector != nil || len(t.MatchLabelKeys) > 0 || len(t.MismatchLabelKeys) > 0 {
			return "pod affinity by namespace selector or label keys"
		}
	}
	switch {
	case len(s.ResourceClaims) > 0:
		return "resource claims"
	case len(s.SchedulingGates) > 0:
		return "scheduling gates"
	}
	return ""
}
