package seeds

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// Tally is what a number of seeds were like, and what came of them.
type Tally struct {
	Seeds  int
	Broken int // that broke a rule
	// Of each seed the most pods and nodes that there were at a time, the faults of its day,
	// and how long it took in milliseconds. Nodes and times are only known of days that were
	// simulated.
	pods, nodes, faults []int
	took                []int64
}

// Draw tallies what seeds are drawn as, without simulating any.
func Draw(from uint64, n int) *Tally {
	t := &Tally{}
	for seed := from; seed < from+uint64(max(n, 0)); seed++ {
		t.Seeds++
		t.pods = append(t.pods, Pods(seed))
		t.faults = append(t.faults, len(faults(draw(seed, "faults"))))
	}
	return t
}

// Add enters a seed that was simulated.
func (t *Tally) Add(l *Line) {
	t.Seeds++
	if len(l.Violations) > 0 {
		t.Broken++
	}
	t.pods, t.nodes, t.faults = append(t.pods, l.Pods), append(t.nodes, l.Nodes), append(t.faults, l.Faults)
	t.took = append(t.took, l.Took)
}

// largeCluster is how many nodes one cluster in a hundred is meant to have or more, and
// largePods on how many pods.
const (
	largeCluster = 1000
	largePods    = 30_000
)

// String is a tally for people, a line for each thing.
func (t *Tally) String() string {
	var b strings.Builder
	line := func(what string, all []int, large int) {
		if len(all) == 0 {
			return
		}
		all = slices.Sorted(slices.Values(all))
		at := func(percent int) int { return all[min(len(all)*percent/100, len(all)-1)] }
		fmt.Fprintf(&b, "%-7s median %d, from %d to %d, one in ten %d or more, one in a hundred %d", what, at(50), all[0], all[len(all)-1], at(90), at(99))
		if large > 0 {
			i, _ := slices.BinarySearch(all, large)
			fmt.Fprintf(&b, "; %d or more in %d", large, len(all)-i)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d seeds", t.Seeds)
	if len(t.took) > 0 {
		var sum int64
		for _, ms := range t.took {
			sum += ms
		}
		longest := cluster.Duration(slices.Max(t.took)) * cluster.Millisecond
		fmt.Fprintf(&b, ", %d broke a rule; %.1f a minute one by one, the longest %s", t.Broken, float64(len(t.took))*60_000/float64(max(sum, 1)), longest)
	}
	b.WriteString("\n")
	line("pods", t.pods, largePods)
	line("nodes", t.nodes, largeCluster)
	line("faults", t.faults, 0)
	return b.String()
}
