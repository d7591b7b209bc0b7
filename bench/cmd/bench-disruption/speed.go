package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/measure"
	"github.com/ullage-sh/ullage/bench/pass"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/engine"
)

// mostForKarpenter is the largest cluster that Karpenter is asked about: its pass grows
// with the square, and takes minutes there.
const mostForKarpenter = 1000

func speed(ctx context.Context, args []string, stdout io.Writer) error {
	f := newFlags("speed", "a hundred nodes and ten candidates: a look at whether it runs")
	nodes := f.String("nodes", "100,500,1000,10000", "sizes of the clusters; Karpenter is asked up to a thousand")
	full := f.Float64("full", 0.5, "how much of a node is used, of cpu or memory")
	terms := pass.Terms{}
	f.IntVar(&terms.Candidates, "candidates", 100, "of how many nodes Karpenter simulates the end, at the most; 0 for all")
	f.IntVar(&terms.Checked, "checked", 10, "how many of those simulations are checked")
	f.IntVar(&terms.Repeat, "repeat", 5, "runs of our pass; figures are medians")
	f.BoolVar(&terms.Alone, "alone", false, "leave Karpenter out")
	charge := f.Float64("node-charge", record.USD(engine.NodeCharge).Dollars(), "USD per hour that each node adds to our objective")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.quick {
		*nodes, terms.Candidates, terms.Checked, terms.Repeat = "100", 10, 3, 1
	}
	terms.Charge = record.FromDollars(*charge)
	sizes, err := integers(*nodes)
	if err != nil {
		return fmt.Errorf("-nodes: %w", err)
	}
	return f.write(stdout, func(w io.Writer) error {
		lines := append(measure.Machine(),
			fmt.Sprintf("# seed %d; clusters of package repack's benchmarks: 30 pods a node, 300 classes, zone spread on half; %.0f%% used", f.seed, 100**full),
			fmt.Sprintf("# a/b is Ullage/Karpenter; ours: the median of %d; Karpenter's pass: listing candidates, and SimulateScheduling for each, of at most %d measured", terms.Repeat, terms.Candidates),
			"# /bounded: with the proven bound; records: what we keep of the cluster between passes; speed-ratio: Karpenter's time over ours",
			"", pass.Header())
		return report(w, lines, len(sizes), func(i int) (rows, notes []string, err error) {
			terms := terms
			terms.Alone = terms.Alone || sizes[i] > mostForKarpenter
			out, err := pass.Hold(ctx, cases.Bloated(sizes[i], *full, f.seed), terms)
			if err != nil {
				return nil, nil, err
			}
			if !out.Report.Feasible() {
				err = fmt.Errorf("cluster %s: our actions are not feasible: %s", out.Cluster.Case, out.Report)
			}
			return out.Rows(), out.Notes(), err
		})
	})
}

// report writes lines, then the rows of n entries as they come, then all their notes.
// What went wrong with an entry is told after that; rows that it has are written.
func report(w io.Writer, lines []string, n int, entry func(i int) (rows, notes []string, err error)) error {
	say := func(lines []string) error {
		for _, l := range lines {
			if _, err := fmt.Fprintln(w, l); err != nil {
				return err
			}
		}
		return nil
	}
	if err := say(lines); err != nil {
		return err
	}
	var notes []string
	var wrong error
	for i := range n {
		rows, more, err := entry(i)
		if err != nil && wrong == nil {
			wrong = err
		}
		if err := say(rows); err != nil {
			return err
		}
		notes = append(notes, more...)
	}
	if len(notes) > 0 {
		notes = append([]string{"", "Checked from the plans alone (see package check):"}, notes...)
	}
	if err := say(notes); err != nil {
		return err
	}
	return wrong
}

// integers reads numbers with commas between them.
func integers(text string) ([]int, error) {
	var out []int
	for _, s := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("%q is not a number of nodes", s)
		}
		out = append(out, n)
	}
	return out, nil
}
