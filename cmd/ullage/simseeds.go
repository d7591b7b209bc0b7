package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/seeds"
)

const seedsLong = `Simulate one day of random clusters, with faults, and hold it against the rules.

Each seed is a cluster: workloads, pools, and what goes wrong in 24 hours. Seeds that
the ledger has already are left out, so that the command can be stopped and started
again at any time: it does not wait for the days that it is in, and begins those anew.
A seed that breaks a rule is made small before it is reported, with the command that
shows it again.

Exit status: 0 if no rule was broken, 2 if some was, 1 if something else was wrong.`

// seedFlags are the settings of `ullage sim seeds`.
type seedFlags struct {
	from     uint64
	n        int
	ledger   string
	cut      string
	journal  string
	parallel int
	shrink   int
	maxPods  int
	with     []string
	disrupt  bool
	draw     bool
	pass     time.Duration
	profile  string
}

func simSeedsCommand() *cobra.Command {
	var f seedFlags
	cmd := &cobra.Command{
		Use:   "seeds",
		Short: "Simulate days of random clusters with faults and check invariants",
		Long:  seedsLong,
		Example: `  ullage sim seeds --from 1 -n 1000 --ledger seeds.jsonl
  ullage sim seeds --from 1 -n 10000 --draw
  ullage sim seeds --from 42 -n 1 --cut "faults=0-3,7" --journal day.txt`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.Uint64Var(&f.from, "from", 1, "first seed")
	flags.IntVarP(&f.n, "number", "n", 10, "how many seeds")
	flags.StringVar(&f.ledger, "ledger", "", "`file` to which a line is added for each seed; seeds that it has are left out")
	flags.StringVar(&f.cut, "cut", "", "`parts` of the scenario to leave out, as a report names them")
	flags.StringVar(&f.journal, "journal", "", "`file` for everything that happens, as text; for one seed")
	flags.IntVar(&f.parallel, "parallel", runtime.GOMAXPROCS(0), "seeds at the same time")
	flags.IntVar(&f.shrink, "shrink", 60, "runs to spend on making a failure small; 0 leaves it as it is")
	flags.BoolVar(&f.draw, "draw", false, "say what the clusters of these seeds are like, and simulate none")
	flags.BoolVar(&f.disrupt, "disrupt", true, "pools also consolidate nodes in use, let nodes expire, and nodes drift")
	flags.DurationVar(&f.pass, "pass-every", 0, "how long the operator waits from one look at all nodes to the next; larger makes days quicker, with less disruption in each (10s)")
	flags.IntVar(&f.maxPods, "max-pods", 0, "leave out seeds of larger clusters; 0 for none")
	flags.StringSliceVar(&f.with, "with", nil, "only seeds whose clusters have one of these: "+strings.Join(seeds.KnownExtras(), ", "))
	flags.StringVar(&f.profile, "cpuprofile", "", "`file` for a profile of the processor time")
	_ = flags.MarkHidden("cpuprofile") // it exists
	for _, other := range []string{"with", "max-pods", "ledger", "cut", "journal"} {
		cmd.MarkFlagsMutuallyExclusive("draw", other) // it is of all seeds, as they are
	}
	return cmd
}

// errBroken ends the command with status 2.
var errBroken = errors.New("a rule was broken")

func (f *seedFlags) run(ctx context.Context, out io.Writer) (err error) {
	cut, err := seeds.ParseCut(f.cut)
	if err != nil {
		return fmt.Errorf("--cut: %w", err)
	}
	if err := seeds.CheckExtras(f.with); err != nil {
		return fmt.Errorf("--with: %w", err)
	}
	types, err := seeds.Types()
	if err != nil {
		return err
	}
	if f.journal != "" && f.n != 1 {
		return fmt.Errorf("--journal is for one seed: use it with -n 1, not %d", f.n)
	}
	if f.draw {
		_, err := io.WriteString(out, seeds.Draw(f.from, f.n).String())
		return err
	}
	r := &seedRun{seedFlags: f, cut: cut, types: types, out: out, began: time.Now()}
	if f.ledger != "" {
		if r.ledger, err = seeds.OpenLedger(f.ledger); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.ledger.Close()) }()
	}
	done, err := profile(f.profile)
	if err != nil {
		return err
	}
	defer done()
	r.all(ctx)
	return r.finish()
}

// seedRun is the state of one call of the command.
type seedRun struct {
	*seedFlags
	cut    seeds.Cut
	types  []cluster.InstanceType
	ledger *seeds.Ledger
	out    io.Writer
	began  time.Time

	mu     sync.Mutex
	lines  []seeds.Line
	failed []error
}

// all runs the seeds, some at the same time, until the last or until ctx ends.
func (r *seedRun) all(ctx context.Context) {
	next := make(chan uint64)
	var workers sync.WaitGroup
	for range max(r.parallel, 1) {
		workers.Go(func() {
			for seed := range next {
				r.one(ctx, seed)
			}
		})
	}
	for seed := r.from; seed < r.from+uint64(max(r.n, 0)) && ctx.Err() == nil; seed++ {
		if r.ledger != nil && r.has(seed) || r.maxPods > 0 && seeds.Pods(seed) > r.maxPods || !r.wanted(seed) {
			continue
		}
		select {
		case next <- seed:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
}

// wanted tells whether a seed's cluster has what is asked for.
func (r *seedRun) wanted(seed uint64) bool {
	return len(r.with) == 0 || slices.ContainsFunc(seeds.Extras(seed), func(x string) bool { return slices.Contains(r.with, x) })
}

func (r *seedRun) has(seed uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ledger.Has[seed]
}

// one runs a seed and enters it. A day that ctx cuts short is as if it had not begun: the
// same command finds it missing in the ledger.
func (r *seedRun) one(ctx context.Context, seed uint64) {
	began := time.Now()
	s := r.cut.Apply(seeds.Scenario(seed, r.types, r.disrupt))
	if r.pass > 0 {
		s.Options.PassEvery = cluster.Duration(r.pass)
	}
	result, err := r.simulate(ctx, s)
	if err != nil && ctx.Err() != nil {
		return
	}
	took := cluster.Duration(time.Since(began))
	small := r.cut
	if err == nil && len(result.Violations) > 0 && r.shrink > 0 && r.cut.String() == "" {
		small = seeds.Shrink(ctx, s, result.Violations[0], r.shrink)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.failed = append(r.failed, err)
		return
	}
	line := seeds.LineOf(result, took, version)
	line.Disrupts, line.PassEvery = r.disrupt, int64(r.pass/time.Second)
	r.lines = append(r.lines, line)
	if r.ledger != nil && r.cut.String() == "" {
		if err := r.ledger.Add(line); err != nil {
			r.failed = append(r.failed, err)
		}
	}
	if _, err := io.WriteString(r.out, describe(&line, small)); err != nil {
		r.failed = append(r.failed, err)
	}
}

// simulate runs a scenario, with its journal if one is wanted.
func (r *seedRun) simulate(ctx context.Context, s sim.Scenario) (result *sim.Result, err error) {
	if r.journal != "" {
		file, err2 := os.Create(r.journal)
		if err2 != nil {
			return nil, err2
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		s.Journal = file
	}
	defer func() {
		if x := recover(); x != nil {
			fmt.Fprintf(os.Stderr, "seed %d ended in a panic; see it again: %s\n", s.Seed, seeds.Again(s.Seed, r.disrupt, r.cut))
			panic(x)
		}
	}()
	return sim.Run(ctx, s)
}

// describe is a seed for people: what it was, what it broke, and how to see it again.
func describe(l *seeds.Line, small seeds.Cut) string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %d nodes, %d pods, %d started, %d launched, %d evictions, %d faults, wait p99 %ds, %s, %.1fs, %s\n",
		l.Seed, l.Nodes, l.Pods, l.Started, l.Launched, l.Evictions, l.Faults, l.WaitP99, l.Cost, float64(l.Took)/1000, l.Digest)
	for _, v := range l.Violations {
		fmt.Fprintf(&b, "  BROKEN %s at %s: %s: %s\n", v.Rule, v.At, v.About, v.Why)
	}
	if len(l.Violations) > 0 {
		again := seeds.Again(l.Seed, l.Disrupts, small)
		if l.PassEvery > 0 {
			again += " --pass-every " + (time.Duration(l.PassEvery) * time.Second).String()
		}
		fmt.Fprintf(&b, "  see it again: %s\n", again)
	}
	return b.String()
}

// finish sums up.
func (r *seedRun) finish() error {
	n := len(r.lines)
	broken := 0
	summary := ""
	took := make([]int64, 0, n)
	for i := range r.lines {
		if len(r.lines[i].Violations) > 0 {
			broken++
		}
		took = append(took, r.lines[i].Took)
	}
	if n > 0 {
		slices.Sort(took)
		summary += fmt.Sprintf("%d seeds, %d broke a rule; %.1f seeds per minute, median %.2fs, longest %.1fs\n", n, broken,
			float64(n)/time.Since(r.began).Minutes(), float64(took[n/2])/1000, float64(took[n-1])/1000)
	}
	if r.ledger != nil {
		summary += "the ledger has " + r.ledger.Tally.String()
	}
	if _, err := io.WriteString(r.out, summary); err != nil {
		r.failed = append(r.failed, err)
	}
	if err := errors.Join(r.failed...); err != nil {
		return err
	}
	if broken > 0 {
		return errBroken
	}
	return nil
}
