package tui

import (
	"strings"

	"github.com/ullage-sh/ullage/view"
)

// Screen is a space to draw on, in cells.
type Screen struct {
	Width  int
	Height int  // 0 for as many lines as it takes
	Colour bool // with ANSI colours; set it to false where NO_COLOR is
}

// Render draws a frame: a summary, the nodes, what happened last. The result has
// at most Height lines of at most Width cells, without a line break at the end.
func (s Screen) Render(f view.Frame) string { return s.render(f, "") }

// Summary draws the top of the screen only.
func (s Screen) Summary(f view.Frame) string { return s.text(header(f, s.Width)) }

// render draws a frame with a hint on the last line of a screen that has room.
func (s Screen) render(f view.Frame, hint string) string {
	out := header(f, s.Width)
	if s.Height <= 0 {
		nodes := table(f, s.Width, len(f.Nodes)+2)
		return s.text(stack(out, nodes, story(f, s.Width, len(f.Story.Lines)*maxRows)))
	}
	left := s.Height - len(out)
	if hint != "" && left > 8 {
		left--
	} else {
		hint = ""
	}
	nodes, lines := s.divide(f, left)
	out = stack(out, nodes, lines)
	if hint != "" {
		for len(out) < s.Height-1 {
			out = append(out, nil)
		}
		out = append(out, line{{hint, faint}})
	}
	return s.text(out)
}

// divide shares the rows below the header between nodes and what happened: each
// gets what it needs if there is room, and the latter no less than a third.
func (s Screen) divide(f view.Frame, rows int) (nodes, lines []line) {
	const blank = 1
	all := story(f, s.Width, rows)
	need := 0
	if len(all) > 0 {
		need = min(len(all)+blank, max(rows/3, rows-blank-len(f.Nodes)-1))
	}
	nodes = table(f, s.Width, rows-need-blank)
	if len(nodes) > 0 {
		rows -= len(nodes) + blank
	}
	return nodes, story(f, s.Width, rows-blank)
}

// stack puts parts below each other, a blank line between them.
func stack(parts ...[]line) []line {
	var out []line
	for _, p := range parts {
		if len(out) > 0 && len(p) > 0 {
			out = append(out, nil)
		}
		out = append(out, p...)
	}
	return out
}

func (s Screen) text(lines []line) string {
	if s.Height > 0 && len(lines) > s.Height {
		lines = lines[:s.Height]
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.clip(s.Width).text(s.Colour)
	}
	return strings.Join(out, "\n")
}

// maxRows bounds the rows of one line of the story.
const maxRows = 3

// story draws the last lines of what happened, in so many rows.
func story(f view.Frame, width, rows int) []line {
	var out []line
	for i := len(f.Story.Lines) - 1; i >= 0; i-- {
		l := storyLine(f, f.Story.Lines[i], width)
		if len(out)+len(l) > rows {
			break
		}
		out = append(l, out...)
	}
	return out
}

// stamp is the width of the time before a line of the story.
const stamp = 7

// margin is what stands between the time and the text: a warning's mark, which
// is there without colour too.
const margin = 3

func storyLine(f view.Frame, l view.Line, width int) []line {
	t, mark := normal, "   "
	if l.Warning {
		t, mark = fair, " ! "
	}
	at := line{{clock(f.Story.Start, l.At), faint}}.fill(stamp, true)
	var out []line
	for _, row := range wrap(l.Text, width-stamp-margin, maxRows) {
		out = append(out, append(at[:len(at):len(at)], span{mark, t}, span{row, t}))
		at, mark = plain(strings.Repeat(" ", stamp)), "   "
	}
	return out
}
