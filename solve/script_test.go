package solve_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/cluster/clustertest"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/solve"
)

// TestScripts runs testdata/*.txt. Each file holds clusters in the language of
// package clustertest and the plans they get:
//
//	solve [charge-millis=N] [preferences-millis=N] [alternatives=N] [show=alternatives] [show=requests]
//	    solves the cluster and writes the plan.
//	again
//	    does what the plan before says, all pods bound, and solves again.
//
// Every plan is also checked by checkPlan. go test ./solve -run Scripts -rewrite
// writes what comes out into the files.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) { runScript(t, path) })
	}
}

func runScript(t *testing.T, path string) {
	var last struct {
		in   cluster.Input
		plan *plan.Plan
		opt  solve.Options
	}
	datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "solve":
			in, err := clustertest.Parse(d.Input)
			if err != nil {
				return "error: " + err.Error() + "\n"
			}
			last.in, last.opt = in, optionsOf(t, d)
		case "again":
			last.in = applied(last.in, last.plan, true)
		default:
			t.Fatalf("%s: unknown directive %q", d.Pos, d.Cmd)
		}
		snap := cluster.NewSnapshot(last.in)
		last.plan = solve.Solve(snap, last.opt)
		checkUnproven(t, d.Pos, snap, last.plan, last.opt)
		if err := checkExactly(snap, last.plan); err != nil {
			t.Errorf("%s: %v", d.Pos, err)
		}
		if plain(snap) {
			if err := checkPlan(snap, last.plan, last.opt); err != nil {
				t.Errorf("%s: %v", d.Pos, err)
			}
		}
		var show []string
		for _, a := range d.CmdArgs {
			if a.Key == "show" {
				show = append(show, a.Vals...)
			}
		}
		return write(last.plan, show)
	})
}

func optionsOf(t *testing.T, d *datadriven.TestData) solve.Options {
	var opt solve.Options
	if d.HasArg("charge-millis") {
		var millis int64
		d.ScanArgs(t, "charge-millis", &millis)
		opt.NodeCharge = cluster.Money(millis) * cluster.USD / 1000
	}
	if d.HasArg("preferences-millis") {
		var millis int64
		d.ScanArgs(t, "preferences-millis", &millis)
		opt.PreferencePrice = cluster.Money(millis) * cluster.USD / 1000
	}
	if d.HasArg("alternatives") {
		d.ScanArgs(t, "alternatives", &opt.MaxAlternatives)
	}
	return opt
}

// write shows a plan, alike nodes as one line and pods by their owner.
func write(p *plan.Plan, show []string) string {
	var b strings.Builder
	times := 0
	for i, c := range p.Creates {
		times++
		line := createLine(c, show)
		if i+1 < len(p.Creates) && createLine(p.Creates[i+1], show) == line {
			continue
		}
		fmt.Fprintf(&b, "create %d × %s\n", times, line)
		times = 0
	}
	for _, x := range p.Placements {
		fmt.Fprintf(&b, "place %s: %s\n", x.Host, owners(x.Pods))
	}
	for _, u := range p.Unplaced {
		fmt.Fprintf(&b, "unplaced %s: %s\n", owners(u.Pods), plan.Explain(u.Reasons))
	}
	fmt.Fprintf(&b, "cost %s, new %s, ", p.Cost, p.CreateCost)
	if p.Charges > 0 {
		fmt.Fprintf(&b, "objective %s, ", p.Objective())
	}
	fmt.Fprintf(&b, "bound %s\n", p.Bound)
	return b.String()
}

func createLine(c plan.Create, show []string) string {
	s := fmt.Sprintf("%s %s %s (%d more): %s", c.Pool, c.Offerings[0], c.Price, len(c.Offerings)-1, owners(c.Pods))
	if c.Imputed {
		s += ", price imputed"
	}
	if slices.Contains(show, "requests") {
		for _, a := range c.Requests {
			s += " " + a.Name + "=" + cluster.FormatAmount(a.Name, a.Value)
		}
	}
	if slices.Contains(show, "alternatives") {
		for _, o := range c.Offerings {
			s += "\n    " + o.String()
		}
	}
	return s
}

// owners writes "3 web, 1 api".
func owners(pods []*cluster.Pod) string {
	var names []string
	count := map[string]int{}
	for _, p := range pods {
		name := p.Owner.Name
		if name == "" {
			name = p.Name
		}
		if count[name] == 0 {
			names = append(names, name)
		}
		count[name]++
	}
	slices.Sort(names)
	for i, n := range names {
		names[i] = fmt.Sprintf("%d %s", count[n], n)
	}
	return strings.Join(names, ", ")
}

// checkUnproven: a plan for which no bound was wanted is the same but for that.
func checkUnproven(t *testing.T, pos string, snap *cluster.Snapshot, p *plan.Plan, opt solve.Options) {
	t.Helper()
	opt.Unproven = true
	bare := solve.Solve(snap, opt)
	if bare.Bound != 0 {
		t.Errorf("%s: a plan that is not to be proven has a bound, %s", pos, bare.Bound)
	}
	if bare.Bound = p.Bound; bare.Text() != p.Text() {
		t.Errorf("%s: without a proof the plan is another one:\n%s\nit was:\n%s", pos, bare.Text(), p.Text())
	}
}
