// Command bench-peers measures Ullage and Karpenter side by side and prints a
// table. Run it by "make bench-peers"; see its -help.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/command"
	"github.com/ullage-sh/ullage/bench/contest"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/engine"
)

func main() { command.Main("bench-peers", run) }

// settings are what the flags say.
type settings struct {
	terms     contest.Terms
	seed      uint64
	wanted    *regexp.Regexp
	list      bool
	out, dump string
}

func parse(args []string) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("bench-peers", flag.ContinueOnError)
	f.Uint64Var(&s.seed, "seed", 1, "seed of all draws")
	pattern := f.String("case", ".", "regular expression: cases to run")
	f.BoolVar(&s.list, "list", false, "list the cases and do nothing else")
	f.IntVar(&s.terms.Repeat, "repeat", 7, "runs of each side at least; figures are medians")
	f.DurationVar(&s.terms.Least, "least", time.Second, "time that each side works on a case at least, in as many runs as that takes")
	f.DurationVar(&s.terms.Budget, "budget", 30*time.Second, "no side is run again on a case after it has taken this time")
	f.BoolVar(&s.terms.Alone, "alone", false, "leave Karpenter out")
	charge := f.Float64("node-charge", record.USD(engine.NodeCharge).Dollars(), "USD per hour that each new node adds to the objective of either side")
	f.StringVar(&s.dump, "dump", "", "folder to write inputs and plans to, as JSON")
	f.StringVar(&s.out, "out", "", "file to write the table to, too")
	if err := command.Parse(f, args); err != nil {
		return nil, err
	}
	var err error
	if s.wanted, err = regexp.Compile(*pattern); err != nil {
		return nil, fmt.Errorf("-case: %w", err)
	}
	s.terms.Charge = record.FromDollars(*charge)
	return s, nil
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	var chosen []cases.Case
	for _, c := range cases.All() {
		if s.wanted.MatchString(c.Name) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no case matches %q; -list shows them", s.wanted)
	}
	if s.list {
		for _, c := range chosen {
			_, _ = fmt.Fprintf(stdout, "%-24s %8d pods  %s\n", c.Name, c.Pods, c.About) // nobody reads when stdout is closed
		}
		return nil
	}
	return command.Tee(stdout, s.out, func(w io.Writer) error { return s.hold(ctx, chosen, w) })
}

// hold measures the chosen cases and writes the table. The error names what went
// wrong first; a plan of ours that is not feasible is one.
func (s *settings) hold(ctx context.Context, chosen []cases.Case, w io.Writer) error {
	var broken error
	say := func(lines ...string) {
		for _, l := range lines {
			if _, err := fmt.Fprintln(w, l); err != nil && broken == nil {
				broken = err
			}
		}
	}
	say(heading(s)...)
	say("", contest.Header())
	var notes []string
	for i := range chosen {
		c := &chosen[i]
		in, err := c.Make(s.seed)
		if err != nil {
			return err
		}
		terms := s.terms
		terms.Alone = terms.Alone || c.Alone
		out, err := contest.Hold(ctx, in, terms)
		if err != nil {
			return fmt.Errorf("case %s: %w", c.Name, err)
		}
		say(out.Rows()...)
		notes = append(notes, out.Notes()...)
		if s.dump != "" {
			if err := out.Dump(s.dump); err != nil {
				return err
			}
		}
		for i := range out.Ours {
			if !out.Ours[i].Report.Feasible() && broken == nil {
				broken = fmt.Errorf("case %s: Ullage's plan is not feasible: %s", c.Name, out.Ours[i].Report)
			}
		}
	}
	say("", "Checked from the plans alone (see package check):")
	say(notes...)
	return broken
}
