package calibrate

import (
	"fmt"
	"strings"

	"github.com/ullage-sh/ullage/bench/record"
)

// LeastShare is in how many clusters, as a part of all, the policy has to decide as
// Karpenter does.
const LeastShare = 0.98

// Summary adds results up.
type Summary struct {
	Clusters, Same, Fickle int
	// Decided counts clusters by Karpenter's method, "" for those in which it does
	// nothing; Agreed counts those of them in which the policy does the same.
	Decided, Agreed map[string]int
	Kinds           map[Kind]int
	Differences     []string
}

// Add adds a result.
func (s *Summary) Add(r *Result) {
	if s.Kinds == nil {
		s.Kinds, s.Decided, s.Agreed = map[Kind]int{}, map[string]int{}, map[string]int{}
	}
	s.Clusters++
	s.Decided[r.Real.Method]++
	if r.Fickle {
		s.Fickle++
	}
	if r.Kind == Same {
		s.Same++
		s.Agreed[r.Real.Method]++
		return
	}
	s.Kinds[r.Kind]++
	s.Differences = append(s.Differences, fmt.Sprintf("seed %d: %s; Karpenter: %s, the policy: %s", r.Cluster.Seed, r.Kind, text(r.Real), text(r.Policy)))
}

// Share is the part of the clusters in which both decide the same.
func (s *Summary) Share() float64 { return float64(s.Same) / float64(max(s.Clusters, 1)) }

// Lines are the summary as a table.
func (s *Summary) Lines() []string {
	out := []string{fmt.Sprintf("%-40s %8s %8s", "Karpenter's decision", "clusters", "the same")}
	for _, m := range []string{"empty", "drift", "multi", "single", ""} {
		name := m
		if m == "" {
			name = "none"
		}
		out = append(out, fmt.Sprintf("%-40s %8d %8d", name, s.Decided[m], s.Agreed[m]))
	}
	out = append(out, fmt.Sprintf("%-40s %8d %8d  %.1f%%", "all", s.Clusters, s.Same, 100*s.Share()),
		fmt.Sprintf("%-40s %8d", "in which Karpenter is of two minds", s.Fickle))
	for _, k := range Kinds {
		if s.Kinds[k] > 0 {
			out = append(out, fmt.Sprintf("%-40s %8d", k, s.Kinds[k]))
		}
	}
	return append(out, s.Differences...)
}

// text is a decision in a few words.
func text(d *record.Decision) string {
	if len(d.Gone) == 0 {
		return "nothing"
	}
	s := d.Method + " " + strings.Join(d.Gone, ",")
	if come := bought(d); len(come) > 0 {
		s += " for " + strings.Join(come, ",")
	}
	return s
}
