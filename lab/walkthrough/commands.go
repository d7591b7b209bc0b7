package walkthrough

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/internal/wall"
	"github.com/ullage-sh/ullage/lab"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// run is one script on its lab.
type run struct {
	Options
	dir string // the script's
	lab *lab.Lab
}

type command = func(ts *testscript.TestScript, neg bool, args []string)

func (r *run) commands() map[string]command {
	return map[string]command{
		"kubectl":        r.outside("kubectl"),
		"aws":            r.outside("aws"),
		"install":        r.install,
		"until":          r.until,
		"during":         r.during,
		"freeze":         r.on(1, "freeze NODE", func(a []string) error { return r.lab.Fleet().Freeze(a[0]) }),
		"thaw":           r.on(1, "thaw NODE", func(a []string) error { return r.lab.Fleet().Thaw(a[0]) }),
		"vanish":         r.on(1, "vanish INSTANCE", func(a []string) error { return r.lab.Cloud().Kill(wall.Now(), path.Base(a[0])) }),
		"shortage":       r.on(2, "shortage PATTERN N", r.shortage),
		"reclaim":        r.on(1, "reclaim PATTERN", r.reclaim),
		"reserve":        r.reserve,
		"resize":         r.on(2, "resize RESERVATION N", r.resize),
		"release-ami":    r.on(1, "release-ami RELEASE", r.releaseAMI),
		"crash-operator": r.on(0, "crash-operator", func([]string) error { return r.lab.CrashOperator() }),
		"capture":        r.capture,
		"settled":        r.settled,
		"rests":          r.rests,
		"notyet":         notYet,
	}
}

// on is a command that does something to the lab.
func (r *run) on(args int, usage string, do func(args []string) error) command {
	return func(ts *testscript.TestScript, neg bool, a []string) {
		if len(a) != args {
			ts.Fatalf("usage: %s", usage)
		}
		err := do(a)
		if neg == (err == nil) {
			ts.Fatalf("%s: %v", usage, err)
		}
	}
}

// releaseAMI publishes images on the simulated AWS, as ullage-lab aws release-ami does.
func (r *run) releaseAMI(a []string) (err error) {
	r.lab.AWSServer().Do(func(w *world.World) { err = w.ReleaseImages(a[0]) })
	return err
}

func (r *run) shortage(a []string) error {
	p, err := simulated.ParsePattern(a[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(a[1])
	if err != nil {
		return err
	}
	_, err = r.lab.Cloud().SetCapacity(wall.Now(), p, n)
	return err
}

func (r *run) reclaim(a []string) error {
	p, err := simulated.ParsePattern(a[0])
	if err != nil {
		return err
	}
	_, err = r.lab.Cloud().Reclaim(wall.Now(), p)
	return err
}

// capture runs a command and keeps its output in a variable.
func (r *run) capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: capture VARIABLE COMMAND...")
	}
	ts.Check(r.exec(ts, args[1:]))
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}

// settled waits until every instance belongs to a claim and every claim has its
// instance.
func (r *run) settled(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: settled TIME")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	for end := time.Now().Add(limit); ; time.Sleep(lookEvery) {
		odd, err := r.lab.Unsettled(context.Background())
		ts.Check(err)
		if len(odd) == 0 {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("after %v:\n%s", limit, strings.Join(odd, "\n"))
		}
	}
}

func notYet(ts *testscript.TestScript, _ bool, args []string) {
	ts.Logf("not yet: %s", strings.Join(args, " "))
}

// outside is a program that others wrote, pointed at the lab.
func (r *run) outside(name string) command {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := r.exec(ts, append([]string{name}, args...))
		switch {
		case err == nil && neg:
			ts.Fatalf("%s succeeded and should not have", name)
		case err != nil && !neg:
			ts.Fatalf("%s: %v", name, err)
		}
	}
}

// pointed is a command line as it is run: kubectl and aws are pointed at the lab.
func (r *run) pointed(args []string) []string {
	switch args[0] {
	case "kubectl":
		return append(slices.Clone(r.Kubectl), args[1:]...)
	case "aws":
		// Said, not only in the environment: aws from before 2.13 does not look there.
		return append([]string{"aws", "--endpoint-url", r.lab.AWS().URL}, args[1:]...)
	}
	return args
}

func (r *run) exec(ts *testscript.TestScript, args []string) error {
	args = r.pointed(args)
	return ts.Exec(args[0], args[1:]...)
}

// timed splits the arguments of until and during.
func timed(ts *testscript.TestScript, usage string, args []string) (time.Duration, *regexp.Regexp, []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: %s TIME REGEXP COMMAND...", usage)
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	return d, re, args[2:]
}

const lookEvery = 250 * time.Millisecond

// look runs a command without a trace in the transcript: it is one of many tries.
func (r *run) look(ts *testscript.TestScript, args []string) (stdout string, err error) {
	args = r.pointed(args)
	var out, complaint bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), r.lab.AWS().Environment()...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, complaint.String())
	}
	// Without the newline at its end, ^$ is no output and nothing else.
	return strings.TrimRight(out.String(), "\n"), nil
}

// until repeats a command until its output matches (with "!", no longer matches).
func (r *run) until(ts *testscript.TestScript, neg bool, args []string) {
	limit, re, cmd := timed(ts, "until", args)
	for end := time.Now().Add(limit); ; time.Sleep(lookEvery) {
		out, err := r.look(ts, cmd)
		if err == nil && re.MatchString(out) != neg {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("after %v the output of %q is still\n%s(error: %v)", limit, strings.Join(cmd, " "), out, err)
		}
	}
}

// during checks that the output of a command matches (with "!", does not) for some
// time.
func (r *run) during(ts *testscript.TestScript, neg bool, args []string) {
	limit, re, cmd := timed(ts, "during", args)
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(lookEvery) {
		out, err := r.look(ts, cmd)
		if err != nil {
			ts.Fatalf("%q: %v", strings.Join(cmd, " "), err)
		}
		if re.MatchString(out) == neg {
			ts.Fatalf("the output of %q became\n%s", strings.Join(cmd, " "), out)
		}
	}
}
