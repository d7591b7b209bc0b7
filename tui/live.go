package tui

import (
	"context"
	"errors"
	"fmt"
	"io"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/ullage-sh/ullage/view"
)

// ErrQuit is what [Live] returns when whoever watches has had enough: q or
// Ctrl-C.
var ErrQuit = errors.New("quit")

// Live draws frames in the terminal that in and out belong to, until ctx ends or
// frames is closed (then it returns nil), or somebody quits (ErrQuit: the terminal
// sends no signal for Ctrl-C while Live reads it). Then the terminal is as it was,
// with the summary of the last frame added. Colours follow the terminal and
// NO_COLOR.
//
// Live reads a frame, draws it, and reads the next: who must not wait sends on a
// buffered channel of one, after taking out what is still in it. Ages are those at
// Frame.At, so that clocks move only as often as frames come.
func Live(ctx context.Context, in io.Reader, out io.Writer, frames <-chan view.Frame) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m := live{next: func() tea.Msg {
		select {
		case f, ok := <-frames:
			if ok {
				return f
			}
		case <-ctx.Done():
		}
		return ended{}
	}}
	m.screen.Colour = lipgloss.NewRenderer(out).ColorProfile() != termenv.Ascii
	// Signals are the caller's business: they end ctx.
	p := tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(), tea.WithoutSignalHandler())
	last, err := p.Run()
	if err != nil {
		return fmt.Errorf("drawing on the terminal: %w", err)
	}
	m = last.(live) // Update returns nothing else
	if m.drawn {
		if _, err := fmt.Fprintln(out, Screen{Width: m.screen.Width, Colour: m.screen.Colour}.Summary(m.frame)); err != nil {
			return fmt.Errorf("writing to the terminal: %w", err)
		}
	}
	if m.quit {
		return ErrQuit
	}
	return nil
}

// live is the state of the program; Update and View are pure.
type live struct {
	screen Screen
	frame  view.Frame
	drawn  bool    // there has been a frame
	quit   bool    // somebody wants to leave
	next   tea.Cmd // waits for the next frame, or for the end
}

// ended says that there will be no more frames.
type ended struct{}

// Init implements tea.Model.
func (m live) Init() tea.Cmd { return m.next }

// Update implements tea.Model.
func (m live) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case view.Frame:
		m.frame, m.drawn = msg, true
		return m, m.next
	case ended:
		return m, tea.Quit
	case tea.WindowSizeMsg:
		m.screen.Width, m.screen.Height = msg.Width, msg.Height
	case tea.KeyMsg:
		if s := msg.String(); s == "q" || s == "ctrl+c" {
			m.quit = true
			return m, tea.Quit
		}
	}
	return m, nil
}

// View implements tea.Model.
func (m live) View() string {
	if !m.drawn || m.screen.Width <= 0 || m.screen.Height <= 0 {
		return ""
	}
	return m.screen.render(m.frame, "q quits")
}
