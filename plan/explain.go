package plan

import (
	"strconv"
	"strings"
)

// Explain writes why a pod fits nowhere as one line for people, e.g.
// "84 offerings: resources (cpu 200 wanted, at most 192 free); 3 offerings: taint dedicated=db:NoSchedule".
func Explain(reasons []Reason) string {
	if len(reasons) == 0 {
		return "no reason recorded"
	}
	parts := make([]string, 0, len(reasons))
	for _, r := range reasons {
		s := r.Constraint.String()
		if r.Detail != "" {
			s += " (" + r.Detail + ")"
		}
		if n := scope(r); n != "" {
			s = n + ": " + s
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

func scope(r Reason) string {
	var parts []string
	if r.Hosts > 0 {
		parts = append(parts, count(r.Hosts, "node"))
	}
	if r.Offerings > 0 {
		parts = append(parts, count(r.Offerings, "offering"))
	}
	return strings.Join(parts, " and ")
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
