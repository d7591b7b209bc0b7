package view

import (
	"strings"
	"unicode"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// Story is what a [Timeline] kept, to be drawn elsewhere.
type Story struct {
	Start cluster.Instant // of the timeline
	Plan  *Plan           // the last one that bought nodes, nil for none
	Lines []Line          // oldest first
}

// Line says one thing that happened, or many of a kind that happened together.
type Line struct {
	// Number counts the lines of a timeline from 1. A line keeps its number while
	// it grows.
	Number  int
	At      cluster.Instant // of the first happening in it
	Count   int             // happenings it stands for
	Warning bool
	Text    string // one line, free of control characters
}

// gather is how long a line takes in happenings of its kind: the nodes of one
// batch register within a second, each in a step of its own.
const gather = cluster.Second

// Settled tells whether at an instant the line will not change any more.
func (l Line) Settled(at cluster.Instant) bool { return at >= l.At.Add(gather) }

// Timeline turns what an engine did into lines for people and keeps the last of
// them. It is not safe for concurrent use; the stories it gives are.
type Timeline struct {
	start   cluster.Instant
	keep    int
	number  int
	entries []entry
	plan    *Plan
	futile  string // the last plan, if it found no place for some pods and bought nothing
}

// entry is a line with what it is made of.
type entry struct {
	line  Line
	key   key
	tally tally
}

// key tells what belongs into one line. Warnings with different messages do not.
type key struct {
	kind, reason, message string
	warning               bool
}

// variants bounds the lines that one reason can have open at the same time.
const variants = 3

// NewTimeline returns a timeline that keeps the last so many lines.
func NewTimeline(start cluster.Instant, keep int) *Timeline {
	return &Timeline{start: start, keep: max(keep, 1)}
}

// Story returns what there is to tell. It shares nothing with the timeline that
// will be written again.
func (t *Timeline) Story() Story {
	s := Story{Start: t.start, Plan: t.plan, Lines: make([]Line, len(t.entries))}
	for i, e := range t.entries {
		s.Lines[i] = e.line
	}
	return s
}

// Say adds a line of the caller's own, such as the step of a walkthrough.
func (t *Timeline) Say(at cluster.Instant, text string) {
	t.add(entry{line: Line{At: at, Count: 1, Text: clean(text)}})
}

// Observe adds what one step of an engine did.
func (t *Timeline) Observe(at cluster.Instant, effects []engine.Effect) {
	planned := false
	for _, f := range effects {
		if p, ok := f.(engine.Planned); ok {
			planned = true
			t.planned(at, p)
		}
	}
	for _, f := range effects {
		if n, ok := f.(engine.Note); ok && !told(n.Reason, planned) {
			t.note(at, n)
		}
	}
}

// told tells whether another line says what a note says. The line of a plan says
// which pods get which nodes; an instance has ended before its claim goes.
func told(reason string, planned bool) bool {
	switch reason {
	case "Created", "Nominated":
		return planned
	case "Drained", "PodsNominated", "PodsEvicted": // each pod has its own note here
		return true
	}
	return false
}

// planned adds the lines of a plan. Plans that buy nothing are made again and
// again, for pods that fit nowhere and for pods that the scheduler has not yet
// bound: of those, one within a second stands for all, and one that only says
// again that pods fit nowhere is not told.
func (t *Timeline) planned(at cluster.Instant, f engine.Planned) {
	p := summarize(at, f.Plan)
	text := "planned " + p.String()
	again := p.Nodes == 0 && p.Unplaced > 0 && text == t.futile
	t.futile = ""
	if p.Nodes > 0 {
		t.plan = p
		t.Say(at, text)
		for _, s := range purchases(f.Plan) {
			t.Say(at, s)
		}
		return
	}
	if p.Unplaced > 0 {
		t.futile = text
	}
	if again {
		return
	}
	k := key{reason: "Placed"}
	e := t.open(at, k)
	if e == nil {
		e = t.add(entry{key: k, line: Line{At: at}})
	}
	e.line.Count++
	e.line.Text = text
}

func (t *Timeline) note(at cluster.Instant, n engine.Note) {
	k := key{kind: n.About.Kind, reason: n.Reason, warning: n.Warning}
	if n.Warning {
		k.message = n.Message
	}
	e := t.open(at, k)
	if e == nil && t.variants(at, k) >= variants {
		k.message = ""
		e = t.open(at, k)
	}
	if e == nil {
		e = t.add(entry{key: k, line: Line{At: at, Warning: n.Warning}})
	}
	e.tally.add(n)
	e.line.Count = e.tally.count
	e.line.Text = clean(e.tally.text(k))
}

// open returns the entry of that key that still takes in more, or nil.
func (t *Timeline) open(at cluster.Instant, k key) *entry {
	for i := len(t.entries) - 1; i >= 0 && !t.entries[i].line.Settled(at); i-- {
		if t.entries[i].key == k {
			return &t.entries[i]
		}
	}
	return nil
}

// variants counts the open entries that differ from k in their message only.
func (t *Timeline) variants(at cluster.Instant, k key) int {
	n := 0
	for i := len(t.entries) - 1; i >= 0 && !t.entries[i].line.Settled(at); i-- {
		have := t.entries[i].key
		if have.message = k.message; have == k {
			n++
		}
	}
	return n
}

// add appends an entry; it stays where it is until the next is added.
func (t *Timeline) add(e entry) *entry {
	t.number++
	e.line.Number = t.number
	if len(t.entries) == t.keep {
		copy(t.entries, t.entries[1:])
		t.entries[t.keep-1] = e
	} else {
		t.entries = append(t.entries, e)
	}
	return &t.entries[len(t.entries)-1]
}

// maxText bounds a line, in runes: a cloud's error can be a page long.
const maxText = 500

// clean makes one line of a text that may come from anywhere: what would move a
// terminal's cursor, or the order in which a line is read, becomes a space.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText-1]) + "…"
	}
	return s
}
