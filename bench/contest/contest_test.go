package contest_test

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/bench/cases"
	"github.com/ullage-sh/ullage/bench/check"
	"github.com/ullage-sh/ullage/bench/contest"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
)

// size is that of the cases in a test: seconds for all of them together.
const size = 60

// kinds are the cases without those that differ from another in size only.
func kinds() (out []cases.Case) {
	seen := map[string]bool{}
	for _, c := range cases.All() {
		if !seen[c.About] {
			out = append(out, c)
		}
		seen[c.About] = true
	}
	return out
}

// TestHold holds every kind of case in small: both sides run, ours twice with the
// same plan, and the plans are checked.
func TestHold(t *testing.T) {
	for _, c := range kinds() {
		t.Run(c.Name, func(t *testing.T) {
			in, err := c.MakeSized(1, size)
			if err != nil {
				t.Fatal(err)
			}
			out, err := contest.Hold(t.Context(), in, contest.Terms{Repeat: 2, Budget: time.Minute, Alone: c.Alone, Charge: 2500})
			if err != nil {
				t.Fatal(err)
			}
			checkRows(t, out)
			for i, e := range ullage.Efforts {
				if r := out.Ours[i].Report; !r.Feasible() || r.Placed+r.Unplaced != size {
					t.Errorf("Ullage%s: %s: %s", e, r, strings.Join(r.Examples, "; "))
				}
				if p := out.Ours[i].Plan; p.Bound > p.Objective {
					t.Errorf("Ullage%s: the bound %s is above the objective %s", e, p.Bound, p.Objective)
				}
				if out.Ours[i].Runs != 2 {
					t.Errorf("Ullage%s ran %d times", e, out.Ours[i].Runs)
				}
			}
			checkDump(t, out)
			if c.Alone {
				return
			}
			k := out.Karpenter
			if k.Report.Placed != size || k.Runs != 2 {
				t.Errorf("Karpenter: %d runs, %s; %v", k.Runs, k.Report, k.Plan.Unschedulable)
			}
			for _, c := range []check.Constraint{check.Accounting, check.Resources, check.NodeSelection, check.Taints} {
				if k.Report.Violations[c] > 0 {
					t.Errorf("Karpenter: %s: %s", k.Report, strings.Join(k.Report.Examples, "; "))
				}
			}
			if k.Plan.Bound > 0 && k.Plan.Objective < k.Plan.Bound {
				t.Errorf("Karpenter's objective %s is below what is proven to be the least, %s", k.Plan.Objective, k.Plan.Bound)
			}
		})
	}
}

// TestBudget: without a budget nobody is asked twice.
func TestBudget(t *testing.T) {
	in, err := cases.All()[0].MakeSized(1, 5)
	if err != nil {
		t.Fatal(err)
	}
	out, err := contest.Hold(t.Context(), in, contest.Terms{Repeat: 3})
	if err != nil {
		t.Fatal(err)
	}
	if out.Karpenter.Runs != 1 || out.Ours[ullage.First].Runs != 1 || out.Ours[ullage.Improved].Runs != 1 {
		t.Errorf("runs: %d, %d; Karpenter's %d", out.Ours[ullage.First].Runs, out.Ours[ullage.Improved].Runs, out.Karpenter.Runs)
	}
}

// checkRows: rows begin with the case's name and end with the ratios.
func checkRows(t *testing.T, out *contest.Outcome) {
	t.Helper()
	rows := out.Rows()
	if len(rows) != 2 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, name := range []string{out.Input.Case + "/first", out.Input.Case} {
		fields := strings.Fields(rows[i])
		n := len(fields)
		if fields[0] != name || !strings.HasPrefix(fields[n-3], "speed-ratio=") || !strings.HasPrefix(fields[n-2], "cost-ratio=") || !strings.HasPrefix(fields[n-1], "gap=") {
			t.Errorf("row %d: %s", i, rows[i])
		}
		// Every row has as many fields as the header has columns, or the table is torn.
		if heads := len(strings.Fields(strings.NewReplacer("core pods/s", "c", "CPU time", "t", "new nodes", "n", "peak heap", "p").Replace(contest.Header()))); n != heads+3 {
			t.Errorf("row %d has %d fields, the header %d: %s", i, n, heads, rows[i])
		}
	}
}

// checkDump: whoever reads the files finds what was found here.
func checkDump(t *testing.T, out *contest.Outcome) {
	t.Helper()
	dir := t.TempDir()
	if err := out.Dump(dir); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, out.Input.Case)
	in, err := record.ReadInput(filepath.Join(dir, "input.json"))
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]*contest.Entry{"ullage-first.json": &out.Ours[ullage.First], "ullage.json": &out.Ours[ullage.Improved]}
	if out.Karpenter != nil {
		entries["karpenter.json"] = out.Karpenter
	}
	for name, e := range entries {
		p, err := record.ReadPlan(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := check.Plan(in, p)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(r, e.Report) {
			t.Errorf("%s: the files are found to be %+v, the plan was %+v", name, r, e.Report)
		}
	}
}

// TestUntouched: our side does not write to the pods that it gets.
func TestUntouched(t *testing.T) {
	for _, c := range kinds() {
		in, err := c.MakeSized(1, size)
		if err != nil {
			t.Fatal(err)
		}
		side, err := ullage.New(in)
		if err != nil {
			t.Fatal(err)
		}
		before := slices.Clone(in.Pods)
		for i, p := range before {
			before[i] = p.DeepCopy()
		}
		side.NewPass().Solve(in.Pods, ullage.Improved, 0)
		if !reflect.DeepEqual(before, in.Pods) {
			t.Errorf("%s: pods have changed", c.Name)
		}
	}
}
