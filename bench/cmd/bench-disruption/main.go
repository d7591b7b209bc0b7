// Command bench-disruption sets our repacking beside Karpenter's disruption. Run it by
// "make bench-disruption"; see its -help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-disruption:", err)
		os.Exit(1)
	}
}

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

func (f *flags) parse(args []string) error {
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%q is not expected: there are only flags", f.Arg(0))
	}
	return nil
}

// write hands a writer to a subject that also fills the file, if one is wanted.
func (f *flags) write(stdout io.Writer, subject func(w io.Writer) error) (err error) {
	if f.out == "" {
		return subject(stdout)
	}
	if err := os.MkdirAll(filepath.Dir(f.out), 0o755); err != nil {
		return err
	}
	file, err := os.Create(f.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return subject(io.MultiWriter(stdout, file))
}
