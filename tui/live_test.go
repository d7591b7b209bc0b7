package tui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/ullage-sh/ullage/view"
)

// TestLiveModel follows the program without a terminal.
func TestLiveModel(t *testing.T) {
	waited := 0
	var m tea.Model = live{next: func() tea.Msg { waited++; return ended{} }}
	if m.View() != "" {
		t.Errorf("something is drawn before there is anything: %q", m.View())
	}
	m, _ = m.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	m, cmd := m.Update(busy())
	if cmd == nil {
		t.Fatal("nobody waits for the second frame")
	}
	if _, ok := cmd().(ended); !ok || waited != 1 {
		t.Error("after a frame, something else than the next is waited for")
	}
	want := Screen{Width: 100, Height: 30}.render(busy(), "q quits")
	if got := m.View(); got != want {
		t.Errorf("drawn:\n%s\nwant\n%s", got, want)
	}
	m, _ = m.Update(tea.WindowSizeMsg{Width: 60, Height: 12})
	within(t, "after the window shrank", m.View(), Screen{Width: 60, Height: 12})
	if _, cmd = m.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{'x'}}); cmd != nil {
		t.Error("x does something")
	}
	for name, key := range map[string]tea.KeyMsg{"q": {Type: tea.KeyRunes, Runes: []rune{'q'}}, "ctrl+c": {Type: tea.KeyCtrlC}} {
		after, cmd := m.Update(key)
		if cmd == nil || cmd() != tea.Quit() || !after.(live).quit {
			t.Errorf("%s does not quit", name)
		}
	}
	after, cmd := m.Update(ended{})
	if cmd == nil || cmd() != tea.Quit() || after.(live).quit {
		t.Error("the end of the frames is not the end, or counts as somebody's wish")
	}
}

// TestLiveEnds for each of its reasons, and leaves the summary behind.
func TestLiveEnds(t *testing.T) {
	frames := func() chan view.Frame {
		c := make(chan view.Frame, 1)
		c <- busy()
		return c
	}
	summary := Screen{}.Summary(busy())
	t.Run("frames", func(t *testing.T) {
		c := frames()
		close(c)
		var out bytes.Buffer
		if err := Live(t.Context(), nil, &out, c); err != nil {
			t.Error(err)
		}
		if got := ansi.Strip(out.String()); !strings.HasSuffix(got, summary+"\n") {
			t.Errorf("the output ends in %q, want the summary", got)
		}
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Live(ctx, nil, io.Discard, make(chan view.Frame)); err != nil {
			t.Error(err)
		}
	})
	t.Run("quit", func(t *testing.T) {
		if err := Live(t.Context(), strings.NewReader("q"), io.Discard, make(chan view.Frame)); !errors.Is(err, ErrQuit) {
			t.Errorf("got %v, want ErrQuit", err)
		}
	})
	t.Run("ctrl-c", func(t *testing.T) {
		if err := Live(t.Context(), strings.NewReader("\x03"), io.Discard, make(chan view.Frame)); !errors.Is(err, ErrQuit) {
			t.Errorf("got %v, want ErrQuit", err)
		}
	})
}
