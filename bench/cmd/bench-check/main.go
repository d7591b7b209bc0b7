// Command bench-check recomputes cost and feasibility of plans that bench-peers
// has dumped:
//
//	bench-check INPUT.json PLAN.json [PLAN.json]
//
// It exits with 1 when a plan is not feasible.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ullage-sh/ullage/bench/check"
	"github.com/ullage-sh/ullage/bench/record"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench-check:", err)
		os.Exit(1)
	}
}

func run(args []string, w io.Writer) error {
	if len(args) < 2 {
		return errors.New("usage: bench-check INPUT.json PLAN.json [PLAN.json]")
	}
	in, err := record.ReadInput(args[0])
	if err != nil {
		return err
	}
	var bad error
	for _, path := range args[1:] {
		p, err := record.ReadPlan(path)
		if err != nil {
			return err
		}
		r, err := check.Plan(in, p)
		if err != nil {
			return err
		}
		lines := []string{fmt.Sprintf("%s: %s USD/h on %d new nodes, %s, %d unplaced", path, r.Cost, p.NewNodes(), r, r.Unplaced)}
		if r.Wished > 0 {
			lines = append(lines, fmt.Sprintf("  preferences: %d of %d by weight", r.Satisfied, r.Wished))
		}
		for _, x := range r.Examples {
			lines = append(lines, "  e.g. "+x)
		}
		for _, l := range lines {
			if _, err := fmt.Fprintln(w, l); err != nil {
				return err
			}
		}
		if !r.Feasible() {
			bad = errors.Join(bad, fmt.Errorf("%s: %s", path, r))
		}
	}
	return bad
}
