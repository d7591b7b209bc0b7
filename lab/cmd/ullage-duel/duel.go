package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/ullage-sh/ullage/lab/duel"
)

// stopLimit is how long a run may take to end that was interrupted.
const stopLimit = 2 * time.Minute

// duel does all runs that the ledger does not have, one at a time.
func (s *settings) duel(ctx context.Context, seeds []uint) (err error) {
	terms, err := s.terms()
	if err != nil {
		return err
	}
	for _, name := range []string{"ullage", "karpenter"} {
		if _, err := s.contestant(name); err != nil {
			return err // before anything has been run for nothing
		}
	}
	if err := os.MkdirAll(s.out, 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	unlock, err := lock(filepath.Join(s.out, "lock"))
	if err != nil {
		return fmt.Errorf("--out %s: %w", s.out, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	bouts := duel.Bouts(numbers(seeds), "ullage", "karpenter")
	for i, b := range bouts {
		done, err := s.ledger().Read(terms)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(done, func(r duel.Result) bool { return r.Contestant == b.Contestant && r.Seed == b.Seed }) {
			fmt.Fprintf(os.Stderr, "%d of %d: %s on seed %d is in the ledger\n", i+1, len(bouts), b.Contestant, b.Seed)
			continue
		}
		fmt.Fprintf(os.Stderr, "%d of %d: %s on seed %d\n", i+1, len(bouts), b.Contestant, b.Seed)
		result, err := s.bout(ctx, b)
		if err != nil {
			return err
		}
		if err := s.ledger().Add(duel.Entry{Terms: terms, Result: result}); err != nil {
			return err
		}
		if err := s.writeTable(append(done, result)); err != nil {
			return err
		}
	}
	done, err := s.ledger().Read(terms)
	if err != nil {
		return err
	}
	return duel.Write(os.Stdout, done, "ullage", "karpenter")
}

func numbers(seeds []uint) []uint64 {
	out := make([]uint64, len(seeds))
	for i, s := range seeds {
		out[i] = uint64(s)
	}
	return out
}

// bout runs this program anew for one run.
func (s *settings) bout(ctx context.Context, b duel.Bout) (duel.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return duel.Result{}, fmt.Errorf("finding this program: %w", err)
	}
	args := []string{
		"run", b.Contestant, fmt.Sprint(b.Seed), "--out", s.out, "--workload", s.workload, "--phases", s.phases,
		"--ullage", s.ullage, "--karpenter", s.karpenter, "--karpenter-gates", s.gates, fmt.Sprintf("--keep=%v", s.keep),
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return duel.Result{}, fmt.Errorf("%s on seed %d: %w", b.Contestant, b.Seed, errors.Join(ctx.Err(), err))
	}
	var r duel.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s on seed %d: its result: %w", b.Contestant, b.Seed, err)
	}
	return r, nil
}

func (s *settings) writeTable(done []duel.Result) error {
	var text bytes.Buffer
	if err := duel.Write(&text, done, "ullage", "karpenter"); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	if err := os.WriteFile(filepath.Join(s.out, "table.txt"), text.Bytes(), 0o644); err != nil {
		return fmt.Errorf("table: %w", err)
	}
	return nil
}

// lock makes sure that two duels do not write the same ledger, or measure at once.
func lock(file string) (unlock func() error, err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(errors.New("another duel writes there"), f.Close())
	}
	return f.Close, nil
}
