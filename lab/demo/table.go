package demo

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// sentence says how a step went.
func (r result) sentence() string {
	if r.to == 0 {
		return fmt.Sprintf("%d → 0 pods: all nodes given back after %.1f s", r.from, r.took.Seconds())
	}
	return fmt.Sprintf("%d → %d pods: settled after %.1f s on %s, %s per hour; proven to cost at least %s, so at most %s above the best",
		r.from, r.to, r.took.Seconds(), nodes(r.score.Nodes), r.score.Price, r.score.Bound, percent(r.score.Gap()))
}

func nodes(n int) string {
	if n == 1 {
		return "1 node"
	}
	return fmt.Sprintf("%d nodes", n)
}

func percent(f float64) string { return fmt.Sprintf("%.1f %%", 100*f) }

// table is all steps. The bound is proven for the pods that run then, on an
// otherwise empty pool.
func (d *director) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) {
		_, _ = fmt.Fprintln(w, strings.Join(cells, "\t")+"\t") // into memory
	}
	row("inflate", "settled after", "nodes", "price/hour", "lower bound", "above bound")
	for _, r := range d.results {
		gap := percent(r.score.Gap())
		if r.to == 0 {
			gap = "–"
		}
		row(fmt.Sprintf("%d → %d", r.from, r.to), fmt.Sprintf("%.1f s", r.took.Seconds()), fmt.Sprint(r.score.Nodes), r.score.Price.String(), r.score.Bound.String(), gap)
	}
	_ = w.Flush() // into memory
	return "\n" + b.String()
}
