// Command bench-digest prints the SHA-256 of the plans that Ullage makes for the
// cases of package cases: of the JSON that bench-peers would dump. The same plan has
// the same digest, so that two machines, two architectures or two numbers of cores
// can be compared by diff:
//
//	GOMAXPROCS=1 bench-digest > one; GOMAXPROCS=2 bench-digest > two; diff one two
//
// With -shuffles it plans again for the same input in other orders, and exits with 1
// when one of these plans is another one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/command"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
	"github.com/ullage-sh/ullage/engine"
)

func main() {
	err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-digest:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("bench-digest", flag.ContinueOnError)
	f.SetOutput(stderr)
	seed := f.Uint64("seed", 1, "seed of all draws")
	pattern := f.String("case", "^(diverse|lognormal)-1000$|gpu|zone|anti|existing|ignored", "regular expression: cases to plan for")
	pods := f.Int("pods", 0, "pods of each case, if it has more; 0 for all")
	shuffles := f.Int("shuffles", 0, "orders of the input to plan for again")
	if err := command.Parse(f, args); err != nil {
		return err
	}
	wanted, err := regexp.Compile(*pattern)
	if err != nil {
		return fmt.Errorf("-case: %w", err)
	}
	found := false
	for _, c := range cases.All() {
		if !wanted.MatchString(c.Name) {
			continue
		}
		found = true
		n := c.Pods
		if *pods > 0 {
			n = min(n, *pods)
		}
		start := time.Now()
		in, err := c.MakeSized(*seed, n)
		if err != nil {
			return err
		}
		if err := digests(in, *shuffles, stdout); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(stderr, "%s: %d pods, %.1f s\n", c.Name, n, time.Since(start).Seconds()) // for who waits
	}
	if !found {
		return fmt.Errorf("no case matches %q", wanted)
	}
	return nil
}

// digests prints a line for each effort: the digest and the row's name.
func digests(in *record.Input, shuffles int, stdout io.Writer) error {
	for _, e := range ullage.Efforts {
		first, err := digest(in, e)
		if err != nil {
			return err
		}
		for i := range shuffles {
			again, err := digest(in.Shuffled(uint64(i+1)), e)
			if err != nil {
				return err
			}
			if again != first {
				return fmt.Errorf("%s%s: the input in another order (%d) gives another plan: %s, not %s", in.Case, e, i+1, again, first)
			}
		}
		if _, err := fmt.Fprintf(stdout, "%s  %s%s\n", first, in.Case, e); err != nil {
			return err
		}
	}
	return nil
}

func digest(in *record.Input, e ullage.Effort) (string, error) {
	const charge = record.USD(engine.NodeCharge)
	side, err := ullage.New(in)
	if err != nil {
		return "", err
	}
	return side.NewPass().Solve(in.Pods, e, charge).Plan(side, charge).Digest()
}
