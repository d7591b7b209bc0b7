package trace_test

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/schedule/trace"
)

// recorded is what the kube-scheduler of Kubernetes 1.36 decided. It is made anew with
//
//	cd lab && go test ./decisions -decisions-clusters 8 -decisions-pods 100 -decisions-write ../../sim/schedule/trace/testdata/kube-1.36.json.gz
func recorded(t *testing.T) []trace.Event {
	t.Helper()
	text, err := os.ReadFile("testdata/kube-1.36.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	events, err := trace.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return events
}

func check(t *testing.T, events []trace.Event) *trace.Result {
	t.Helper()
	r, err := trace.Check(events)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRecorded: package schedule would have decided as the kube-scheduler did.
func TestRecorded(t *testing.T) {
	r := check(t, recorded(t))
	for _, d := range r.Differences {
		t.Error(d)
	}
	if r.Decisions < 500 || r.Refused < r.Decisions/50 || r.Sharp < r.Decisions/3 {
		t.Errorf("%d decisions, %d refused, %d with one best node: the record is too small or too easy", r.Decisions, r.Refused, r.Sharp)
	}
}

// TestDifferencesAreSeen: a decision that is written down wrongly differs, whichever way
// it is wrong.
func TestDifferencesAreSeen(t *testing.T) {
	for name, falsify := range map[string]func(e *trace.Event, some string) bool{
		"refused instead of placed": func(e *trace.Event, _ string) bool {
			if e.Decided.Node == "" {
				return false
			}
			e.Decided.Node = ""
			return true
		},
		"placed instead of refused": func(e *trace.Event, some string) bool {
			if e.Decided.Node != "" {
				return false
			}
			e.Decided.Node = some
			return true
		},
		"another node": func(e *trace.Event, some string) bool {
			if e.Decided.Node == "" || e.Decided.Node == some {
				return false
			}
			e.Decided.Node = some
			return true
		},
		"a smaller pod": func(e *trace.Event, _ string) bool {
			if e.Decided.Node != "" {
				return false
			}
			p := *e.Decided.Pod
			p.Demand = &cluster.Demand{}
			e.Decided.Pod = &p
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := recorded(t)
			seen, tried := 0, 0
			for at := 0; at < len(all) && tried < 12; at++ {
				events := wrong(all, at, falsify)
				if events == nil {
					continue
				}
				tried++
				if len(check(t, events).Differences) > 0 {
					seen++
				}
			}
			if tried < 12 || seen < 10 { // by chance a wrong node is as good as the one that was taken
				t.Errorf("of %d wrong decisions %d were noticed", tried, seen)
			}
		})
	}
}

// wrong returns the events up to the at-th, which is falsified with the help of a node
// that is there from the beginning; nil if it cannot be.
func wrong(events []trace.Event, at int, falsify func(e *trace.Event, some string) bool) []trace.Event {
	fresh := at
	for fresh > 0 && !events[fresh].Fresh {
		fresh--
	}
	out := slices.Clone(events[fresh : at+1])
	last := &out[len(out)-1]
	if last.Decided == nil {
		return nil
	}
	d := *last.Decided
	last.Decided = &d
	if !falsify(last, out[1].Node.Name) {
		return nil
	}
	return out
}

// TestWriteIsRead: what is written is read as it was, and as the same bytes each time.
func TestWriteIsRead(t *testing.T) {
	events := recorded(t)
	var first, second bytes.Buffer
	if err := trace.Write(&first, events); err != nil {
		t.Fatal(err)
	}
	again, err := trace.Read(bytes.NewReader(first.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Write(&second, again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("written twice, the events differ")
	}
	if _, err := trace.Read(bytes.NewReader(first.Bytes()[:first.Len()/2])); err == nil {
		t.Error("half a record was read without complaint")
	}
}
