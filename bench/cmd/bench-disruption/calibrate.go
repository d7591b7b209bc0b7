package main

import (
	"context"
	"fmt"
	"io"

	"github.com/ullage-sh/ullage/bench/calibrate"
	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/measure"
)

func calibration(ctx context.Context, args []string, stdout io.Writer) error {
	f := newFlags("calibrate", "twenty clusters and no cases")
	clusters := f.Int("clusters", 500, "small clusters, of as many seeds from -seed on")
	most := f.Int("pods", 1000, "compare what is bought in cases of so many pods at the most; 0 for no case")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.quick {
		*clusters, *most = 20, 0
	}
	return f.write(stdout, func(w io.Writer) error {
		s := &calibrate.Summary{}
		for i := range uint64(*clusters) {
			c := cases.Small(f.seed + i)
			r, err := calibrate.Compare(ctx, c, karpenter.Gates{SpotToSpot: cases.SpotToSpot(c)})
			if err != nil {
				return err
			}
			s.Add(r)
		}
		lines := append(measure.Machine(),
			fmt.Sprintf("# what Karpenter itself and sim/policy/karpenter disrupt next in %d small clusters, seeds from %d on; the same: the same nodes go, for the same cheapest types", *clusters, f.seed), "")
		lines = append(lines, s.Lines()...)
		var chosen []cases.Case
		for _, c := range cases.All() {
			if !c.Alone && c.Pods <= *most {
				chosen = append(chosen, c)
			}
		}
		if len(chosen) > 0 {
			lines = append(lines, "", "# what they buy for pods that wait; a/b is the policy/Karpenter", calibrate.Heading())
		}
		err := report(w, lines, len(chosen), func(i int) (rows, notes []string, err error) {
			in, err := chosen[i].Make(f.seed)
			if err != nil {
				return nil, nil, err
			}
			b, err := calibrate.Provision(ctx, in)
			if err != nil {
				return nil, nil, err
			}
			return []string{b.Line()}, nil, nil
		})
		if err == nil && s.Share() < calibrate.LeastShare {
			err = fmt.Errorf("the policy decides as Karpenter in %.1f%% of the clusters, %.0f%% are wanted", 100*s.Share(), 100*calibrate.LeastShare)
		}
		return err
	})
}
