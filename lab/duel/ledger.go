package duel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Terms are what runs have to have alike to be compared.
type Terms struct {
	Workload string  `json:"workload"`
	Phases   []Phase `json:"phases"`
	// Gates are Karpenter's feature gates.
	Gates string `json:"gates,omitempty"`
}

// Entry is a run that was done.
type Entry struct {
	Terms
	Result Result `json:"result"`
}

// Ledger is a file with one line of JSON for each run that was done.
type Ledger struct{ Path string }

// Read returns what the ledger has on the same terms.
func (l Ledger) Read(t Terms) ([]Result, error) {
	text, err := os.ReadFile(l.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	var out []Result
	for n, line := range bytes.Split(text, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("ledger %s, line %d: %w; remove the line to run that again", l.Path, n+1, err)
		}
		if fmt.Sprint(e.Terms) == fmt.Sprint(t) {
			out = append(out, e.Result)
		}
	}
	return out, nil
}

// Add writes a run down.
func (l Ledger) Add(e Entry) (err error) {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	f, err := os.OpenFile(l.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Bout is one run that is to be done.
type Bout struct {
	Contestant string
	Seed       uint64
}

// Bouts are all runs of two contestants over seeds in the order in which they are done:
// both for one seed, one after the other, and who goes first takes turns.
func Bouts(seeds []uint64, first, second string) []Bout {
	var out []Bout
	for i, s := range seeds {
		a, b := first, second
		if i%2 == 1 {
			a, b = b, a
		}
		out = append(out, Bout{a, s}, Bout{b, s})
	}
	return out
}
