package seeds

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
)

// Line is what the ledger has of a seed.
type Line struct {
	Seed    uint64 `json:"seed"`
	Version string `json:"version,omitempty"` // of the program
	Digest  string `json:"digest"`
	// Disrupts: pools also consolidate, let nodes expire, and nodes drift.
	Disrupts bool `json:"disrupts"`
	// PassEvery is how many seconds the operator waited from one look at all nodes to the
	// next, where that was set; 0 as drawn.
	PassEvery int64 `json:"passEverySec,omitempty"`
	// Extras are what only some clusters have, see [Extras].
	Extras []string `json:"extras,omitempty"`

	Pods      int `json:"pods"`  // at the most
	Nodes     int `json:"nodes"` // at the most
	Started   int `json:"started"`
	Launched  int `json:"launched"`
	Evictions int `json:"evictions"`
	Faults    int `json:"faults"`
	Plans     int `json:"plans"`
	Steps     int `json:"steps"`
	Writes    int `json:"writes"`
	// Cost in dollars, waits in seconds.
	Cost    string `json:"cost"`
	WaitP50 int64  `json:"waitP50"`
	WaitP99 int64  `json:"waitP99"`
	// CPU is what the requests were of the capacity paid for, in millionths.
	CPU int64 `json:"cpuPPM"`
	// Milliseconds that it took: the one thing that is not the same every time.
	Took int64 `json:"tookMs"`

	Violations []Broken `json:"violations,omitempty"`
}

// Broken is a violation in the ledger.
type Broken struct {
	Rule  judge.Rule `json:"rule"`
	At    string     `json:"at"`
	About string     `json:"about"`
	Why   string     `json:"why"`
}

// LineOf sums up a result; took is how long that took.
func LineOf(r *sim.Result, took cluster.Duration, version string) Line {
	l := Line{
		Seed: r.Seed, Version: version, Extras: Extras(r.Seed), Digest: r.Digest, Pods: r.PodsMost, Nodes: r.NodesMost, Started: r.PodsStarted, Launched: r.Launched,
		Evictions: r.Evictions, Faults: r.Faults, Plans: r.Plans, Steps: r.Steps, Writes: r.Writes, Cost: r.Cost.String(),
		WaitP50: r.Waits.P50.Seconds(), WaitP99: r.Waits.P99.Seconds(), CPU: r.Used.CPU, Took: int64(took / cluster.Millisecond),
	}
	for _, v := range r.Violations {
		l.Violations = append(l.Violations, Broken{v.Rule, v.At.RFC3339(), v.About, v.Why})
	}
	return l
}

// Ledger is a file with a line for each seed.
type Ledger struct {
	file *os.File
	// Has are the seeds that it has lines of.
	Has map[uint64]bool
	// Tally is what they were like.
	Tally Tally
}

// OpenLedger opens a ledger, or begins one. A last line that was not finished, by a
// run that was killed, is cut off.
func OpenLedger(path string) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	l := &Ledger{file: f, Has: map[uint64]bool{}}
	if err := l.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), f.Close())
	}
	return l, nil
}

func (l *Ledger) read() error {
	r := bufio.NewReader(l.file)
	end := int64(0)
	for n := 1; ; n++ {
		text, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var line Line
		if err := json.Unmarshal(text, &line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		l.enter(&line)
		end += int64(len(text))
	}
	if err := l.file.Truncate(end); err != nil {
		return err
	}
	_, err := l.file.Seek(end, io.SeekStart)
	return err
}

// Add appends a line.
func (l *Ledger) Add(line Line) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(text, '\n')); err != nil {
		return err
	}
	l.enter(&line)
	return nil
}

func (l *Ledger) enter(line *Line) {
	l.Has[line.Seed] = true
	l.Tally.Add(line)
}

// Close closes the file. One that is gone is no error.
func (l *Ledger) Close() error {
	if err := l.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}
