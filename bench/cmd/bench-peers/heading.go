package main

import (
	"fmt"

	"github.com/ullage-sh/ullage/bench/measure"
)

// heading tells on what, with what and how was measured.
func heading(s *settings) []string {
	return append(measure.Machine(),
		fmt.Sprintf("# seed %d; at least %d runs and %s of each side in turns, none after %s of a side's time on a case; medians; a garbage collection before each", s.seed, s.terms.Repeat, s.terms.Least, s.terms.Budget),
		fmt.Sprintf("# a/b is Ullage/Karpenter; times from waiting pods to the plan, core: the solver alone; objective: USD/h of new nodes + %s for each", s.terms.Charge),
		"# gap: objective over its proven bound; preferences: weight satisfied; speed-ratio: Karpenter's time over ours; cost-ratio: our USD/h over Karpenter's",
	)
}
