// Package trace is what a real kube-scheduler decided, written down: what happened to
// nodes and pods, and for each pod that waited the node that it was given, or none.
//
// It owns the form in which that is kept ([Read], [Write]) and the comparison with
// package schedule ([Check]). It refuses to make such records: lab/decisions does, with
// the scheduler itself.
package trace

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/ullage-sh/ullage/cluster"
)

// Event is one thing that happened; one of its fields is set, or Fresh.
type Event struct {
	// Fresh begins another cluster, without nodes.
	Fresh bool `json:",omitempty"`
	// Node was added or changed, NoNode (its name) went, without pods by then.
	Node   *cluster.Node `json:",omitempty"`
	NoNode string        `json:",omitempty"`
	// Pod on a node is being deleted; NoPod (its UID) is gone.
	Pod   *cluster.Pod `json:",omitempty"`
	NoPod string       `json:",omitempty"`
	// Decided says what the scheduler did.
	Decided *Decision `json:",omitempty"`
}

// Decision is one scheduling cycle.
type Decision struct {
	Pod  *cluster.Pod // without a node
	Node string       // that it was given, "" for none
}

// Write writes events as lines of JSON, compressed. The same events are the same bytes.
func Write(w io.Writer, events []Event) error {
	z := gzip.NewWriter(w)
	enc := json.NewEncoder(z)
	for i := range events {
		if err := enc.Encode(&events[i]); err != nil {
			return fmt.Errorf("trace of decisions: event %d: %w", i, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("trace of decisions: %w", err)
	}
	return nil
}

// Read reads what Write wrote.
func Read(r io.Reader) ([]Event, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("trace of decisions: %w", err)
	}
	var out []Event
	dec := json.NewDecoder(bufio.NewReader(z))
	dec.DisallowUnknownFields()
	for {
		var e Event
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, fmt.Errorf("trace of decisions: event %d: %w", len(out), err)
		}
		out = append(out, e)
	}
}
