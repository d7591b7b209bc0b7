package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/view"
)

// script is a cluster that the tests of Plain change step by step.
type script struct {
	frame view.Frame
	lines int
}

func newScript() *script {
	return &script{frame: view.Frame{At: start, Synced: true, Story: view.Story{Start: start}}}
}

func (s *script) wait(d cluster.Duration) view.Frame {
	s.frame.At = s.frame.At.Add(d)
	f := s.frame
	f.Story.Lines = append([]view.Line(nil), f.Story.Lines...)
	return f
}

func (s *script) say(text string) {
	s.lines++
	s.frame.Story.Lines = append(s.frame.Story.Lines, view.Line{Number: s.lines, At: s.frame.At, Count: 1, Text: text})
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("printed:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPrinterTellsWhatChanged(t *testing.T) {
	s := newScript()
	var p printer
	expect(t, p.next(s.wait(0)), "   0.0s  0 nodes, 0 pods (0 waiting, 0 running), $0.0000/hour")
	expect(t, p.next(s.wait(10*cluster.Second)))

	s.frame.Pods = view.Pods{Total: 5, Waiting: 5}
	s.say("scaling to 5")
	expect(t, p.next(s.wait(500*cluster.Millisecond))) // the line may still grow
	s.frame.Story.Lines[0].Text = "scaling to 5 pods"
	expect(t, p.next(s.wait(500*cluster.Millisecond)),
		"  10.0s  scaling to 5 pods",
		"  11.0s  0 nodes, 5 pods (5 waiting, 0 running), $0.0000/hour")
	add(&s.frame, worker("n1", 0, view.Launching, 0))
	expect(t, p.next(s.wait(900*cluster.Millisecond))) // a second has not passed
	expect(t, p.next(s.wait(100*cluster.Millisecond)),
		"  12.0s  1 node (1 Launching), 5 pods (5 waiting, 0 running), $0.4956/hour")
	s.frame.Nodes[0].CPU.Requested++ // not worth a line
	expect(t, p.next(s.wait(cluster.Minute)))
	s.frame.Suspended = "held by Karpenter"
	expect(t, p.next(s.wait(cluster.Minute)),
		"  2m12s  1 node (1 Launching), 5 pods (5 waiting, 0 running), $0.4956/hour, suspended: held by Karpenter")
	expect(t, p.last(s.wait(0)))
}

// TestStatusDoesNotStarve while things keep happening.
func TestStatusDoesNotStarve(t *testing.T) {
	s := newScript()
	var p printer
	p.next(s.wait(0))
	statuses := 0
	for i := range 100 {
		if i%4 == 0 {
			s.say(fmt.Sprint("event ", i))
		}
		s.frame.Pods.Running++
		for _, l := range p.next(s.wait(100 * cluster.Millisecond)) {
			if strings.Contains(l, " running)") {
				statuses++
			}
		}
	}
	if statuses < 3 || statuses > 10 {
		t.Errorf("%d statuses in ten busy seconds, want one every other second", statuses)
	}
}

// TestPrinterKeepsPace: a flood is printed at four lines a second, in order, and
// none is lost.
func TestPrinterKeepsPace(t *testing.T) {
	s := newScript()
	var p printer
	p.next(s.wait(0))
	for i := range 60 {
		s.say(fmt.Sprint("event ", i, "."))
	}
	var got []string
	for range 100 {
		now := p.next(s.wait(100 * cluster.Millisecond))
		if len(now) > burst {
			t.Errorf("%d lines at once", len(now))
		}
		got = append(got, now...)
	}
	if n := len(got); n < 35 || n > 48 {
		t.Errorf("%d lines in ten seconds, want four a second and a burst of %d", n, burst)
	}
	got = append(got, p.last(s.wait(0))...)
	if len(got) != 60 {
		t.Errorf("%d lines in the end, want 60", len(got))
	}
	for i, l := range got {
		if !strings.HasSuffix(l, fmt.Sprint("event ", i, ".")) {
			t.Fatalf("line %d is %q", i, l)
		}
	}
}

// TestPrinterSaysWhatItMissed when the timeline has dropped lines.
func TestPrinterSaysWhatItMissed(t *testing.T) {
	s := newScript()
	var p printer
	s.say("first")
	p.next(s.wait(cluster.Second))
	s.lines = 7
	s.say("ninth")
	s.frame.Story.Lines = s.frame.Story.Lines[1:]
	s.frame.Story.Lines[0].Warning = true
	expect(t, p.next(s.wait(cluster.Second)), "   1.0s  … 6 more happened", "   1.0s  warning: ninth")
}

func TestPlain(t *testing.T) {
	frames := make(chan view.Frame, 2)
	frames <- busy()
	f := busy()
	f.At, f.Pods.Waiting = f.At.Add(100*cluster.Millisecond), 0
	frames <- f
	close(frames)
	var out bytes.Buffer
	if err := Plain(t.Context(), &out, frames); err != nil {
		t.Fatal(err)
	}
	golden(t, "plain", strings.TrimSuffix(out.String(), "\n"))
	if strings.Contains(out.String(), "\x1b") {
		t.Error("an escape sequence in plain lines")
	}
}

func TestPlainEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if err := Plain(ctx, &out, make(chan view.Frame)); err != nil || out.Len() > 0 {
		t.Errorf("got %v and %q, want neither error nor output", err, out.String())
	}
}

type brokenPipe struct{}

var errPipe = errors.New("broken pipe")

func (brokenPipe) Write([]byte) (int, error) { return 0, errPipe }

func TestPlainReportsWriteErrors(t *testing.T) {
	frames := make(chan view.Frame, 1)
	frames <- busy()
	if err := Plain(t.Context(), brokenPipe{}, frames); !errors.Is(err, errPipe) {
		t.Errorf("got %v, want %v", err, errPipe)
	}
}
