package duel

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// row is a line of the table: what it is called, and the figure of a run.
type row struct {
	name   string
	format string
	of     func(Result) float64
}

// Write writes the table of two contestants: of each figure the median over the seeds that
// both have run, the least and the greatest, and the median of the ratios of the pairs.
func Write(out io.Writer, results []Result, ours, theirs string) error {
	pairs := pair(results, ours, theirs)
	if len(pairs) == 0 {
		_, err := fmt.Fprintln(out, "No seed has been run by both yet.")
		return err
	}
	var seeds []string
	for _, p := range pairs {
		seeds = append(seeds, fmt.Sprint(p[0].Seed))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...string) { _, _ = fmt.Fprintln(w, strings.Join(cells, "\t")+"\t") } // Flush tells
	_, _ = fmt.Fprintf(out, "Seeds %s: median (least to greatest), and the median of %s / %s of each pair.\n\n", strings.Join(seeds, " "), ours, theirs)
	line("", ours, theirs, "ratio")
	for _, r := range rows(pairs[0][0].Phases) {
		line(r.name, r.cell(pairs, 0), r.cell(pairs, 1), r.ratio(pairs))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i, name := range []string{ours, theirs} {
		var programs []string
		for _, p := range pairs {
			programs = append(programs, p[i].Program)
		}
		slices.Sort(programs)
		if _, err := fmt.Fprintf(out, "\n%s was %s. Its calls, all seeds:\n  AWS         %s\n  Kubernetes  %s\n", name, strings.Join(slices.Compact(programs), " and "),
			calls(pairs, func(p [2]Result) map[string]int { return p[i].AWS }), calls(pairs, func(p [2]Result) map[string]int { return p[i].Kubernetes })); err != nil {
			return err
		}
	}
	return nil
}

// pair finds the runs of two contestants on the same seed, in the order of seeds.
func pair(results []Result, ours, theirs string) [][2]Result {
	bySeed := map[uint64]map[string]Result{}
	for _, r := range results {
		if bySeed[r.Seed] == nil {
			bySeed[r.Seed] = map[string]Result{}
		}
		bySeed[r.Seed][r.Contestant] = r
	}
	var out [][2]Result
	for _, seed := range slices.Sorted(maps.Keys(bySeed)) {
		a, ok := bySeed[seed][ours]
		b, both := bySeed[seed][theirs]
		if ok && both {
			out = append(out, [2]Result{a, b})
		}
	}
	return out
}

// rows are all figures, for runs of those phases.
func rows(phases []PhaseResult) []row {
	var out []row
	add := func(name, format string, of func(Result) float64) { out = append(out, row{name, format, of}) }
	each := func(name, format string, of func(PhaseResult) float64) {
		for i, p := range phases {
			add(fmt.Sprintf("%d. %d pods: %s", i+1, p.Pods, name), format, func(r Result) float64 { return of(r.Phases[i]) })
		}
	}
	sum := func(of func(PhaseResult) int) func(Result) float64 {
		return func(r Result) (total float64) {
			for _, p := range r.Phases {
				total += float64(of(p))
			}
			return total
		}
	}
	each("wait beyond boot, median, s", "%.2f", func(p PhaseResult) float64 { return p.Wait.Median })
	each("before its node's launch, median, s", "%.2f", func(p PhaseResult) float64 { return p.Wait.Before })
	each("wait beyond boot, p99, s", "%.2f", func(p PhaseResult) float64 { return p.Wait.P99 })
	add("pods without a node at a phase's end", "%.0f", sum(func(p PhaseResult) int { return p.Unbound }))
	add("price of the run, $", "%.4f", func(r Result) float64 { return r.USD })
	each("price at its end, $/h", "%.3f", func(p PhaseResult) float64 { return p.Hourly })
	each("last change of nodes after, s", "%.0f", func(p PhaseResult) float64 { return p.Moved })
	add("nodes launched", "%.0f", func(r Result) float64 { return float64(r.Launched) })
	add("pods evicted", "%.0f", func(r Result) float64 { return float64(r.Evictions) })
	add("nodes left at the end", "%.0f", func(r Result) float64 { return float64(r.Left) })
	add("calls to AWS", "%.0f", func(r Result) float64 { n, _, _ := awsTotals(r.AWS); return float64(n) })
	add("of them, writes to EC2", "%.0f", func(r Result) float64 { _, n, _ := awsTotals(r.AWS); return float64(n) })
	add("of them, throttled", "%.0f", func(r Result) float64 { _, _, n := awsTotals(r.AWS); return float64(n) })
	add("calls to Kubernetes", "%.0f", func(r Result) float64 { return verbs(r, "") })
	for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete"} {
		add("of them, "+verb, "%.0f", func(r Result) float64 { return verbs(r, verb) })
	}
	add("CPU time, s", "%.1f", func(r Result) float64 { return r.CPUSeconds })
	add("most memory, MiB", "%.0f", func(r Result) float64 { return r.PeakMiB })
	add("from start to ready, s", "%.1f", func(r Result) float64 { return r.ReadySeconds })
	add("load of the machine before", "%.1f", func(r Result) float64 { return r.Load })
	return out
}

// verbs counts the calls to Kubernetes with a verb, or with any.
func verbs(r Result, verb string) (total float64) {
	for name, n := range r.Kubernetes {
		if v, _, _ := strings.Cut(name, " "); verb == "" || v == verb {
			total += float64(n)
		}
	}
	return total
}

// cell is the figures of one side.
func (r row) cell(pairs [][2]Result, side int) string {
	var figures []float64
	for _, p := range pairs {
		figures = append(figures, r.of(p[side]))
	}
	m := median(figures) // sorts
	text := fmt.Sprintf(r.format, m)
	if len(figures) > 1 {
		text += fmt.Sprintf(" ("+r.format+" to "+r.format+")", figures[0], figures[len(figures)-1])
	}
	return text
}

// ratio is the median of ours / theirs, of the pairs that have one.
func (r row) ratio(pairs [][2]Result) string {
	var ratios []float64
	for _, p := range pairs {
		if theirs := r.of(p[1]); theirs != 0 {
			ratios = append(ratios, r.of(p[0])/theirs)
		}
	}
	if len(ratios) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", median(ratios))
}

// calls adds up counts over all pairs: the most frequent first.
func calls(pairs [][2]Result, of func([2]Result) map[string]int) string {
	all := map[string]int{}
	for _, p := range pairs {
		for name, n := range of(p) {
			all[name] += n
		}
	}
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		if all[a] != all[b] {
			return all[b] - all[a]
		}
		return strings.Compare(a, b)
	})
	var words []string
	for _, name := range names[:min(len(names), 25)] {
		words = append(words, fmt.Sprintf("%s %d", name, all[name]))
	}
	return strings.Join(words, ", ")
}
