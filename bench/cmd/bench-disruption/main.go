// Command bench-disruption sets our repacking beside Karpenter's disruption. Run it by
// "make bench-disruption"; see its -help.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/ullage-sh/ullage/bench/command"
)

func main() { command.Main("bench-disruption", run) }

// subjects are what there is to compare.
var subjects = []struct {
	name, about string
	run         func(ctx context.Context, args []string, w io.Writer) error
}{
	{"speed", "how long a pass over all nodes takes", speed},
	{"saving", "what either saves in small clusters, and for how many evictions", saving},
	{"calibrate", "whether the simulator's Karpenter decides as Karpenter does", calibration},
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		args = []string{"speed"}
	}
	for _, s := range subjects {
		if s.name == args[0] {
			return s.run(ctx, args[1:], stdout)
		}
	}
	text := "what to compare:"
	for _, s := range subjects {
		text += fmt.Sprintf("\n  %-10s %s; -help says more", s.name, s.about)
	}
	return fmt.Errorf("%q is not known; %s", args[0], text)
}

// flags are those that every subject has.
type flags struct {
	*flag.FlagSet
	seed  uint64
	out   string
	quick bool
}

func newFlags(subject, quick string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet("bench-disruption "+subject, flag.ContinueOnError)}
	f.Uint64Var(&f.seed, "seed", 1, "seed of all draws")
	f.StringVar(&f.out, "out", "", "file to write the table to, too")
	f.BoolVar(&f.quick, "quick", false, quick)
	return f
}

func (f *flags) parse(args []string) error { return command.Parse(f.FlagSet, args) }

// write hands a writer to a subject that also fills the file, if one is wanted.
func (f *flags) write(stdout io.Writer, subject func(w io.Writer) error) error {
	return command.Tee(stdout, f.out, subject)
}
