package tui

import (
	"io"
	"strconv"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/muesli/termenv"

	"github.com/ullage-sh/ullage/cluster"
)

// tone is what a piece of text means; a style says how that looks.
type tone uint8

const (
	normal tone = iota
	faint
	strong
	good
	fair
	poor
	coming // will be there soon
	numTone
)

// styles are in the 16 colours that a terminal's owner has chosen.
var styles = func() [numTone]lipgloss.Style {
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.ANSI)
	var s [numTone]lipgloss.Style
	for i := range s {
		s[i] = r.NewStyle()
	}
	colour := func(t tone, c string) { s[t] = s[t].Foreground(lipgloss.Color(c)) }
	colour(good, "2")
	colour(fair, "3")
	colour(poor, "1")
	colour(coming, "6")
	s[faint] = s[faint].Faint(true)
	s[strong] = s[strong].Bold(true)
	return s
}()

// span is a piece of a line in one tone.
type span struct {
	text string
	tone tone
}

// line is one row of the screen.
type line []span

func plain(s string) line { return line{{s, normal}} }

func (l line) width() int {
	w := 0
	for _, s := range l {
		w += ansi.StringWidth(s.text)
	}
	return w
}

// clip cuts a line to a width in cells; what was cut leaves a "…".
func (l line) clip(width int) line {
	if l.width() <= width {
		return l
	}
	if width <= 0 {
		return nil
	}
	var out line
	left := width - 1
	for _, s := range l {
		w := ansi.StringWidth(s.text)
		if w >= left {
			return append(out, span{ansi.Truncate(s.text, left, "") + "…", s.tone})
		}
		out, left = append(out, s), left-w
	}
	return out
}

// fill brings a line to a width in cells.
func (l line) fill(width int, right bool) line {
	gap := width - l.width()
	switch {
	case gap < 0:
		return l.clip(width)
	case gap == 0:
		return l
	case right:
		return append(plain(strings.Repeat(" ", gap)), l...)
	}
	return append(l[:len(l):len(l)], span{strings.Repeat(" ", gap), normal})
}

// text is the line as the terminal gets it.
func (l line) text(colour bool) string {
	var b strings.Builder
	for _, s := range l {
		if !colour || s.tone == normal || strings.TrimSpace(s.text) == "" {
			b.WriteString(s.text)
		} else {
			b.WriteString(styles[s.tone].Render(s.text))
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// middle cuts the middle out of a name: both its ends tell names apart.
func middle(s string, width int) string {
	w := ansi.StringWidth(s)
	if w <= width {
		return s
	}
	if width < 3 {
		return ansi.Truncate(s, max(width, 0), "")
	}
	head := (width - 1) / 2
	tail := width - 1 - head
	end := ansi.TruncateLeft(s, w-tail, "")
	if ansi.StringWidth(end) > tail { // the cut went through a wide rune
		end = ansi.TruncateLeft(s, w-tail+1, "")
	}
	return ansi.Truncate(s, head, "") + "…" + end
}

// Names and amounts stay in one piece: "on-demand", "2.7 %".
var (
	holdTogether = strings.NewReplacer("-", "\u2011", " %", "\u00a0%") // not broken after
	letGo        = strings.NewReplacer("\u2011", "-", "\u00a0%", " %")
)

// wrap breaks a text into at most so many rows; what does not fit leaves a "…".
func wrap(s string, width, rows int) []string {
	if width <= 0 || rows <= 0 {
		return nil
	}
	out := strings.Split(letGo.Replace(ansi.Wrap(holdTogether.Replace(s), width, "")), "\n")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	if len(out) <= rows {
		return out
	}
	last := strings.Join(out[rows-1:], " ")
	return append(out[:rows-1:rows-1], plain(last).clip(width).text(false))
}

// age writes a span of time in two units at most, as kubectl does: "45s",
// "3m12s", "2h5m", "4d3h". It is "" for one that is not known.
func age(since, now cluster.Instant) string {
	if since.IsZero() {
		return ""
	}
	s := max(now.Sub(since), 0).Seconds()
	switch {
	case s < 60:
		return strconv.FormatInt(s, 10) + "s"
	case s < 60*60:
		return two(s, 60, "m", "s")
	case s < 24*60*60:
		return two(s/60, 60, "h", "m")
	}
	return two(s/3600, 24, "d", "h")
}

func two(v, per int64, large, small string) string {
	s := strconv.FormatInt(v/per, 10) + large
	if rest := v % per; rest != 0 {
		s += strconv.FormatInt(rest, 10) + small
	}
	return s
}

// clock writes how long after the start something happened: "12.3s", "2m03s",
// "1h02m".
func clock(start, at cluster.Instant) string {
	d := max(at.Sub(start), 0)
	s := d.Seconds()
	switch {
	case s < 100:
		return strconv.FormatFloat(float64(d/(cluster.Second/10))/10, 'f', 1, 64) + "s"
	case s < 100*60:
		return strconv.FormatInt(s/60, 10) + "m" + padded(s%60) + "s"
	}
	return strconv.FormatInt(s/3600, 10) + "h" + padded(s/60%60) + "m"
}

func padded(v int64) string {
	if v < 10 {
		return "0" + strconv.FormatInt(v, 10)
	}
	return strconv.FormatInt(v, 10)
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}
