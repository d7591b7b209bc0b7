// Package walkthrough runs walkthrough scripts: documentation and test at once,
// in the language of cmd/go's script tests (testscript), each against a lab of
// its own.
//
// It owns the commands a script has beside the usual ones:
//
//	kubectl ARG...                   the real kubectl, pointed at the lab
//	aws ARG...                       the aws command line, pointed at the lab; where it may be missing: [exec:aws] aws ARG...
//	install PROGRAM MODULE@VERSION PACKAGE
//	                                 build a Go program that others wrote, for exec ./PROGRAM; needs the module proxy
//	install PROGRAM DIRECTORY PACKAGE
//	                                 the same with what a go.mod of ours pins; the directory is as seen from the script's
//	until TIME REGEXP COMMAND...     repeat a command until its output matches
//	during TIME REGEXP COMMAND...    the output of a command matches all that time
//	capture VARIABLE COMMAND...      keep the output of a command in a variable
//	settled TIME                     wait until every instance has a claim, and every claim an instance
//	rests TIME LIMIT                 within LIMIT the operator writes nothing to the cluster for TIME, events included
//	freeze NODE                      the machine stops answering
//	thaw NODE                        and answers again
//	vanish INSTANCE                  an instance (by provider id) vanishes behind everybody's back
//	shortage PATTERN N               offerings (type/zone/capacity type, with *) have N instances left
//	reclaim PATTERN                  spot instances get their two-minute warning
//	reserve VARIABLE TYPE ZONE N     EC2 instances are reserved for who names the reservation; its id is kept in a variable
//	resize RESERVATION N             it is for more or fewer
//	release-ami RELEASE              new images are published, and what is latest moves to them
//	crash-operator                   the operator is killed (SIGKILL) in the middle of what it does, and a fresh one starts
//	notyet TEXT...                   a step of the walkthrough that does not work yet
//
// A script says in comments what kind of lab it wants, for instance:
//
//	# lab: speed=30 seed=1 node-monitor-grace=12s evict-after=20s
//
// As with ullage-lab up the operator is a process of its own, which buys EC2 instances from
// the simulated AWS. With no-operator there is none: the script has its own.
package walkthrough

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ullage-sh/ullage/lab"
)

// Options say where and how a script runs.
type Options struct {
	// Kubectl is the command line that a script's kubectl begins with, Operator that of the
	// lab's operator (lab.Config).
	Kubectl, Operator []string
	// Out gets the transcript.
	Out io.Writer
	// Verbose shows every command's output, also when all went well.
	Verbose bool
}

// Run starts a lab, runs one script against it and stops it again. The error of a
// script that failed says so; what went wrong is in the transcript.
func Run(ctx context.Context, file string, o Options) (err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("walkthrough: %w", err)
	}
	cfg, err := settings(string(text))
	if err != nil {
		return fmt.Errorf("walkthrough %s: %w", file, err)
	}
	dir, err := os.MkdirTemp("", "ullage-walkthrough-")
	if err != nil {
		return fmt.Errorf("walkthrough: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg.Dir = filepath.Join(dir, "lab")
	cfg.Operator = o.Operator
	r := &run{Options: o, dir: filepath.Dir(file)}
	l, err := lab.Start(ctx, cfg)
	if err != nil {
		return fmt.Errorf("walkthrough %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, l.Stop()) }()
	// --data-dir: several labs may run on this machine.
	r.lab, r.Kubectl = l, append(slices.Clone(o.Kubectl), "--data-dir", l.Dir())
	t := &reporter{out: o.Out, verbose: o.Verbose}
	t.Run(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), func(t testscript.T) {
		testscript.RunT(t, testscript.Params{
			Files: []string{file}, Cmds: r.commands(), RequireExplicitExec: true, WorkdirRoot: dir,
			Setup: func(e *testscript.Env) error {
				e.Setenv("KUBECONFIG", l.Kubeconfig())
				e.Setenv("HOME", e.WorkDir)
				for _, pair := range l.AWS().Environment() {
					name, value, _ := strings.Cut(pair, "=")
					e.Setenv(name, value)
				}
				return nil
			},
		})
	})
	if t.failed() {
		r.remains()
		return fmt.Errorf("walkthrough %s failed", file)
	}
	return nil
}

// settings reads the lines "# lab: key=value ..." of a script.
func settings(text string) (lab.Config, error) {
	cfg := lab.Config{Seed: 1, Speed: 30, OnAWS: true}
	for n, line := range strings.Split(text, "\n") {
		rest, ok := strings.CutPrefix(line, "# lab:")
		if !ok {
			continue
		}
		for _, word := range strings.Fields(rest) {
			key, value, _ := strings.Cut(word, "=")
			if err := set(&cfg, key, value); err != nil {
				return cfg, fmt.Errorf("line %d: %s: %w", n+1, word, err)
			}
		}
	}
	return cfg, nil
}

func set(cfg *lab.Config, key, value string) (err error) {
	switch key {
	case "speed":
		cfg.Speed, err = strconv.Atoi(value)
	case "seed":
		cfg.Seed, err = strconv.ParseUint(value, 10, 64)
	case "region":
		cfg.Region = value
	case "zones":
		cfg.Zones = strings.Split(value, ",")
	case "bare":
		cfg.Bare = true
	case "no-operator":
		cfg.NoOperator = true
	case "node-monitor-grace":
		cfg.NodeMonitorGrace, err = time.ParseDuration(value)
	case "evict-after":
		cfg.EvictAfter, err = time.ParseDuration(value)
	default:
		err = errors.New("no such setting; there are speed, seed, region, zones, bare, no-operator, node-monitor-grace, evict-after")
	}
	return err
}

// reporter is testscript's view of a test outside of go test.
type reporter struct {
	out     io.Writer
	verbose bool

	mu     sync.Mutex
	broken bool
}

func (t *reporter) failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken
}

// Skip ends the script; a walkthrough never asks for it.
func (t *reporter) Skip(args ...any) {
	t.Log(append([]any{"skipped:"}, args...)...)
	runtime.Goexit()
}

// Fatal ends the script as failed.
func (t *reporter) Fatal(args ...any) {
	t.Log(args...)
	t.FailNow()
}

// FailNow ends the script as failed.
func (t *reporter) FailNow() {
	t.mu.Lock()
	t.broken = true
	t.mu.Unlock()
	runtime.Goexit()
}

// Log writes to the transcript.
func (t *reporter) Log(args ...any) { _, _ = fmt.Fprintln(t.out, args...) } // a closed terminal is no reason to stop

// Parallel does nothing: scripts run one by one.
func (t *reporter) Parallel() {}

// Run runs a part in a goroutine of its own, so that Goexit ends that part only.
func (t *reporter) Run(_ string, f func(testscript.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(t)
	}()
	<-done
}

// Verbose tells whether output is wanted from commands that went well.
func (t *reporter) Verbose() bool { return t.verbose }
