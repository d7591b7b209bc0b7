package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/manifest"
)

const examples = "../../examples"

// answer is what somebody else's program would read of "-o json".
type answer struct {
	Cost, Objective, NodeCharge, Bound, Gap float64
	Nodes                                   []struct {
		Name, Pool, InstanceType, Zone, CapacityType string
		Price                                        float64
		Existing                                     bool
		Pods                                         []string
		Allocatable, Free                            map[string]int64
		Alternatives                                 []struct {
			InstanceType, Zone, CapacityType string
			Price                            float64
		}
	}
	Unschedulable []struct {
		Pod     string
		Reasons []string
	}
}

// run runs `ullage plan` with arguments; fits is false for status 2.
func run(t *testing.T, args ...string) (stdout []byte, fits bool) {
	t.Helper()
	var out, notes bytes.Buffer
	cmd := planCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&notes)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.Execute()
	if err != nil && !errors.Is(err, errDoNotFit) {
		t.Fatalf("ullage plan %s: %v", strings.Join(args, " "), err)
	}
	return out.Bytes(), err == nil
}

// TestExamples plans for each of the example applications on the real catalogue. What
// is bought changes when the solver gets better; what must hold does not.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob(examples + "/*/*.yaml")
	var dirs []string
	for _, f := range files {
		dirs = append(dirs, filepath.Dir(f))
	}
	if dirs = slices.Compact(dirs); err != nil || len(dirs) < 5 {
		t.Fatalf("examples: %v, %v", dirs, err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			text, fits := run(t, "-f", dir, "-o", "json")
			if !fits {
				t.Errorf("some pods do not fit:\n%s", text)
			}
			var a answer
			if err := json.Unmarshal(text, &a); err != nil {
				t.Fatal(err)
			}
			for _, problem := range problemsOf(&a, waitingIn(t, dir)) {
				t.Error(problem)
			}
		})
	}
}

// waitingIn lists the pods that a folder asks for.
func waitingIn(t *testing.T, dir string) []string {
	t.Helper()
	o, err := manifest.Read([]string{dir}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range o.Pods {
		if p.Provisionable() {
			out = append(out, p.ID())
		}
	}
	slices.Sort(out)
	return out
}

// problemsOf adds up what the answer says and tells what is wrong with it.
func problemsOf(a *answer, pods []string) (out []string) {
	fail := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	var placed []string
	cost, charges := 0.0, 0.0
	for _, n := range a.Nodes {
		placed = append(placed, n.Pods...)
		if !n.Existing {
			cost += n.Price
			charges += a.NodeCharge
		}
		for name, free := range n.Free {
			if free < 0 || free > n.Allocatable[name] {
				fail("%s: %d of %d %s are free", n.Name, free, n.Allocatable[name], name)
			}
		}
		if len(n.Pods) == 0 || n.Price <= 0 || n.Allocatable["cpu"] == 0 {
			fail("%s of price %v holds %d pods", n.Name, n.Price, len(n.Pods))
		}
	}
	for _, u := range a.Unschedulable {
		placed = append(placed, u.Pod)
		if len(u.Reasons) == 0 {
			fail("%s does not fit for no reason", u.Pod)
		}
	}
	slices.Sort(placed)
	if !slices.Equal(placed, pods) {
		fail("the plan speaks of %d pods, the input has %d", len(placed), len(pods))
	}
	near := func(x, y float64) bool { return math.Abs(x-y) < 1e-6 }
	if !near(cost, a.Cost) || !near(cost+charges, a.Objective) {
		fail("cost %v and objective %v; the nodes come to %v and %v", a.Cost, a.Objective, cost, cost+charges)
	}
	if a.Bound > 0 && (a.Bound > a.Objective+1e-6 || !near(a.Gap, a.Objective/a.Bound-1)) {
		fail("objective %v, bound %v, gap %v", a.Objective, a.Bound, a.Gap)
	}
	return out
}

// TestOrderOfFiles: the same files in any order, and a folder instead of its files,
// give the same bytes.
func TestOrderOfFiles(t *testing.T) {
	var files []string
	err := filepath.WalkDir(examples, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".yaml" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) < 5 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	want, _ := run(t, "-f", examples)
	for range 2 {
		slices.Reverse(files)
		files = append(files[1:], files[0])
		got, _ := run(t, "-f", strings.Join(files, ","))
		if !bytes.Equal(got, want) {
			t.Errorf("files in the order of %v give another plan", files)
		}
	}
}

// TestProblemsOf shows that the check notices a plan that does not add up.
func TestProblemsOf(t *testing.T) {
	text, _ := run(t, "-f", examples+"/blog", "-o", "json")
	pods := waitingIn(t, examples+"/blog")
	for name, change := range map[string]func(*answer){
		"cheaper":    func(a *answer) { a.Cost /= 2 },
		"pod lost":   func(a *answer) { a.Nodes[0].Pods = a.Nodes[0].Pods[1:] },
		"overfull":   func(a *answer) { a.Nodes[0].Free["cpu"] = -1 },
		"better gap": func(a *answer) { a.Bound, a.Gap = a.Objective/2, 0 },
	} {
		var a answer
		if err := json.Unmarshal(text, &a); err != nil {
			t.Fatal(err)
		}
		change(&a)
		if len(problemsOf(&a, pods)) == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
}
