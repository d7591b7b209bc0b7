package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/report"
	"github.com/ullage-sh/ullage/sim/script"
	"github.com/ullage-sh/ullage/sim/workload"
)

const simRunLong = `Simulate what a scenario describes and say what it cost and how long pods waited.

A scenario is a YAML file with pools, workloads, and what goes wrong; scenarios has
some. A trace is a file of pods as they were submitted somewhere, CSV with a header or
JSON Lines: submit (seconds), duration, cpu, memory, and what else is known (gpu, count,
app, zone, capacity_type, arch, spread, apart, priority, protected, grace).

Exit status: 0, 2 if a rule was broken that the operator has to keep, 1 if something was
wrong.`

// simRunFlags are the settings of `ullage sim run`.
type simRunFlags struct {
	scenario string
	trace    string
	length   time.Duration
	seed     uint64
	gather   time.Duration
	output   string
	journal  string
	catalog  string
	profile  string
}

func simRunCommand() *cobra.Command {
	var f simRunFlags
	cmd := &cobra.Command{
		Use:   "run (-f SCENARIO | --trace FILE)",
		Short: "Simulate a workload and report cost, waits, evictions and churn",
		Long:  simRunLong,
		Example: `  ullage sim run -f scenarios/day.yaml
  ullage sim run --trace pods.csv --length 24h --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.scenario, "filename", "f", "", "scenario, a YAML `file`")
	flags.StringVar(&f.trace, "trace", "", "`file` of pods to replay, beside the workloads of the scenario if there is one")
	flags.DurationVar(&f.length, "length", 0, "how long to simulate; 24h unless the scenario says otherwise")
	flags.Uint64Var(&f.seed, "seed", 0, "where chance comes from; that of the scenario, or 1")
	flags.DurationVar(&f.gather, "gather", 0, "how long the operator lets events come together; larger makes long runs quicker (5ms)")
	flags.StringVarP(&f.output, "output", "o", "text", "text or json")
	flags.StringVar(&f.journal, "journal", "", "`file` for everything that happens, as text")
	flags.StringVar(&f.catalog, "catalog", "", "catalogue `file` instead of the one inside")
	flags.StringVar(&f.profile, "cpuprofile", "", "`file` for a profile of the processor time")
	_ = flags.MarkHidden("cpuprofile") // it exists
	return cmd
}

func (f *simRunFlags) run(ctx context.Context, out io.Writer) (err error) {
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output is %q: want text or json", f.output)
	}
	if f.scenario == "" && f.trace == "" {
		return errors.New("there is nothing to run: give a scenario with -f, or a trace with --trace")
	}
	s, err := f.read()
	if err != nil {
		return err
	}
	for _, open := range []func(*sim.Scenario) (io.Closer, error){f.openTrace, f.openJournal} {
		file, err2 := open(&s)
		if err2 != nil {
			return err2
		}
		if file != nil {
			defer func() { err = errors.Join(err, file.Close()) }()
		}
	}
	done, err := profile(f.profile)
	if err != nil {
		return err
	}
	defer done()
	r, err := sim.Run(ctx, s)
	if err != nil {
		return err
	}
	if err := f.print(out, r); err != nil {
		return err
	}
	if len(r.Violations) > 0 {
		return errBroken
	}
	return nil
}

// read makes the scenario of files and flags.
func (f *simRunFlags) read() (s sim.Scenario, err error) {
	c, err := catalog.Embedded()
	if f.catalog != "" {
		c, err = catalog.Open(f.catalog)
	}
	if err != nil {
		return s, err
	}
	if f.scenario == "" {
		s, err = script.Default(c)
	} else {
		var text []byte
		if text, err = os.ReadFile(f.scenario); err == nil {
			s, err = script.Read(f.scenario, text, c)
		}
	}
	if err != nil {
		return s, err
	}
	if f.length > 0 {
		s.Length = cluster.Duration(f.length)
	}
	if f.seed > 0 {
		s.Seed = f.seed
	}
	if s.Pace == (sim.Pace{}) {
		s.Pace = sim.DefaultPace()
	}
	if f.gather > 0 {
		s.Pace.Gather = cluster.Duration(f.gather)
	}
	return s, nil
}

func (f *simRunFlags) openTrace(s *sim.Scenario) (io.Closer, error) {
	if f.trace == "" {
		return nil, nil
	}
	file, err := os.Open(f.trace)
	if err != nil {
		return nil, err
	}
	s.Trace, err = workload.NewTrace(f.trace, file)
	return file, err
}

func (f *simRunFlags) openJournal(s *sim.Scenario) (io.Closer, error) {
	if f.journal == "" {
		return nil, nil
	}
	file, err := os.Create(f.journal)
	if err != nil {
		return nil, err
	}
	s.Journal = file
	return file, nil
}

func (f *simRunFlags) print(out io.Writer, r *sim.Result) error {
	text := []byte(report.Text(r))
	if f.output == "json" {
		var err error
		if text, err = report.JSON(r); err != nil {
			return err
		}
	}
	_, err := out.Write(text)
	return err
}
