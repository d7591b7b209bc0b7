package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/policy"
	"github.com/ullage-sh/ullage/sim/report"
)

const simCompareLong = `Simulate the same scenario under several policies and put what came of it side by side:
cost, how far that is over what no policy could have had for less, how long pods waited,
how many were evicted, and what was saved by that.

A policy decides what is bought for pods that wait and which nodes are given back. All
else is the same: the cloud, the workload, the faults, and with the same seed every draw
of chance. Policies: ullage; karpenter, Karpenter 1.14 as it is documented;
karpenter-spot-to-spot, with that feature gate; cluster-autoscaler, with one node group
for each zone and size.

Scenarios and traces are those of "ullage sim run". With --output html a page with plots
is written, which needs nothing else to be looked at.`

// simCompareFlags are the settings of `ullage sim compare`.
type simCompareFlags struct {
	simRunFlags
	policies []string
	seeds    int
	workers  int
	quiet    bool
}

func simCompareCommand() *cobra.Command {
	var f simCompareFlags
	cmd := &cobra.Command{
		Use:   "compare (SCENARIO | --trace FILE)",
		Short: "Simulate the same scenario under several policies, Karpenter's among them",
		Long:  simCompareLong,
		Example: `  ullage sim compare scenarios/day.yaml
  ullage sim compare scenarios/day.yaml --policies ullage,karpenter --seeds 5 -o html > day.html`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				f.scenario = args[0]
			}
			return f.compare(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.trace, "trace", "", "`file` of pods to replay, beside the workloads of the scenario if there is one")
	flags.StringSliceVar(&f.policies, "policies", []string{"ullage", "karpenter", "cluster-autoscaler"}, "what is compared; the others' cost is given as a part of the first one's")
	flags.IntVar(&f.seeds, "seeds", 1, "how many seeds, one after the other")
	flags.Uint64Var(&f.seed, "seed", 0, "the first seed; that of the scenario, or 1")
	flags.DurationVar(&f.length, "length", 0, "how long to simulate; 24h unless the scenario says otherwise")
	flags.DurationVar(&f.gather, "gather", 0, "how long the operator lets events come together; larger makes long runs quicker (5ms)")
	flags.StringVarP(&f.output, "output", "o", "text", "text, json or html")
	flags.StringVar(&f.catalog, "catalog", "", "catalogue `file` instead of the one inside")
	flags.IntVar(&f.workers, "workers", runtime.NumCPU(), "how many runs at a time")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "do not say which runs are done")
	return cmd
}

func (f *simCompareFlags) compare(ctx context.Context, out, progress io.Writer) error {
	if f.output != "text" && f.output != "json" && f.output != "html" {
		return fmt.Errorf("--output is %q: want text, json or html", f.output)
	}
	if f.scenario == "" && f.trace == "" {
		return errors.New("there is nothing to compare: name a scenario, or a trace with --trace")
	}
	if f.seeds < 1 || f.workers < 1 {
		return errors.New("--seeds and --workers have to be 1 at the least")
	}
	policies, err := policy.Named(f.policies)
	if err != nil {
		return fmt.Errorf("--policies: %w", err)
	}
	first, err := f.read()
	if err != nil {
		return err
	}
	c := policy.Contest{Name: f.name(), Policies: policies, Scenario: f.seeded, Workers: f.workers}
	for i := range f.seeds {
		c.Seeds = append(c.Seeds, first.Seed+uint64(i))
	}
	if !f.quiet {
		began, done := time.Now(), 0
		c.Done = func(title string, seed uint64) {
			done++
			_, _ = fmt.Fprintf(progress, "%d of %d: %s, seed %d (%.0fs)\n", done, f.seeds*(len(policies)+1), title, seed, time.Since(began).Seconds()) // for people to look at
		}
	}
	r, err := policy.Compare(ctx, c)
	if err != nil {
		return err
	}
	return f.write(out, r)
}

// name is what was simulated, for people.
func (f *simCompareFlags) name() string {
	var parts []string
	for _, path := range []string{f.scenario, f.trace} {
		if path != "" {
			parts = append(parts, filepath.Base(path))
		}
	}
	return strings.Join(parts, " and ")
}

// seeded is the scenario of a seed.
func (f *simCompareFlags) seeded(seed uint64) (sim.Scenario, io.Closer, error) {
	g := f.simRunFlags
	g.seed = seed
	s, err := g.read()
	if err != nil {
		return s, nil, err
	}
	file, err := g.openTrace(&s)
	return s, file, err
}

func (f *simCompareFlags) write(out io.Writer, r *policy.Comparison) error {
	var text []byte
	var err error
	switch f.output {
	case "json":
		text, err = report.CompareJSON(r)
	case "html":
		text, err = report.Page(r, f.command(r))
	default:
		text = []byte(report.CompareText(r))
	}
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

// command is how to repeat what was run.
func (f *simCompareFlags) command(r *policy.Comparison) string {
	words := []string{"ullage sim compare"}
	if f.scenario != "" {
		words = append(words, f.scenario)
	}
	if f.trace != "" {
		words = append(words, "--trace "+f.trace)
	}
	words = append(words, "--policies "+strings.Join(f.policies, ","), fmt.Sprintf("--seeds %d --seed %d", len(r.Seeds), r.Seeds[0]), "--length "+r.Length.String())
	if f.gather > 0 {
		words = append(words, "--gather "+f.gather.String())
	}
	if f.catalog != "" {
		words = append(words, "--catalog "+f.catalog)
	}
	return strings.Join(append(words, "-o html"), " ")
}
