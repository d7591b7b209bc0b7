package main

import (
	"context"
	"fmt"
	"io"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/converge"
	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/measure"
)

func saving(ctx context.Context, args []string, stdout io.Writer) error {
	f := newFlags("saving", "twenty clusters")
	clusters := f.Int("clusters", 500, "small clusters, of as many seeds from -seed on")
	verbose := f.Bool("v", false, "name the clusters in which we end dearer than Karpenter")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.quick {
		*clusters = 20
	}
	sides := []converge.Side{converge.Karpenter(karpenter.Gates{}), converge.Karpenter(karpenter.Gates{SpotToSpot: true}), converge.Ullage()}
	return f.write(stdout, func(w io.Writer) error {
		sums := make([]converge.Sum, len(sides))
		for i := range uint64(*clusters) {
			c := cases.Calm(f.seed + i)
			var first *converge.Outcome
			for k, side := range sides {
				o, err := converge.Run(ctx, c, side)
				if err != nil {
					return err
				}
				if k == 0 {
					first = o
				}
				sums[k].Name = side.Name
				sums[k].Add(c.Seed, o, first)
			}
		}
		lines := append(measure.Machine(),
			fmt.Sprintf("# %d small clusters, seeds from %d on, all together: USD per hour before, after the first step, and when nothing more is found", *clusters, f.seed),
			"# a step is one command of Karpenter's, or what budgets allow of a pass of ours; the kube-scheduler places what is evicted; cheaper/equal/dearer: clusters, at the end, against Karpenter, by more than half a percent",
			"", converge.Heading())
		for i := range sums {
			lines = append(lines, sums[i].Line())
		}
		if *verbose {
			lines = append(lines, sums[len(sums)-1].Worse...)
		}
		return report(w, lines, 0, nil)
	})
}
