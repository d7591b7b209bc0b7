package tui

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/view"
)

// Plain writes frames as lines, for where there is no terminal, until ctx ends or
// frames is closed: each line of the story, once, when nothing is added to it any
// more; and nodes, pods and price whenever one of them has changed, once a second
// at most. It writes a few lines a second at most, but leaves out none. As with
// [Live], time passes only as often as frames come.
func Plain(ctx context.Context, out io.Writer, frames <-chan view.Frame) error {
	var p printer
	var last view.Frame
	seen := false
	for {
		select {
		case f, ok := <-frames:
			if ok {
				last, seen = f, true
				if err := write(out, p.next(f)); err != nil {
					return err
				}
				continue
			}
		case <-ctx.Done():
		}
		if !seen {
			return nil
		}
		return write(out, p.last(last))
	}
}

func write(out io.Writer, lines []string) error {
	for _, l := range lines {
		if _, err := fmt.Fprintln(out, l); err != nil {
			return fmt.Errorf("writing what happened: %w", err)
		}
	}
	return nil
}

// The pace of a printer, in lines.
const (
	perSecond = 4
	burst     = 8
)

// patience is how long a status waits for what led to it to be printed first.
const patience = 2 * cluster.Second

// printer remembers what has been printed.
type printer struct {
	line     int    // number of the last line of the story
	status   string // nodes, pods and price as last printed
	statusAt cluster.Instant
	newSince cluster.Instant // since when another status waits to be printed, 0 for none

	credit   int // lines that may be printed now
	creditAt cluster.Instant
}

// next returns what a frame adds.
func (p *printer) next(f view.Frame) []string {
	var out []string
	p.earn(f.At)
	waits := false // for lines that led to the status
	for _, l := range f.Story.Lines {
		if l.Number <= p.line {
			continue
		}
		if p.credit == 0 || !l.Settled(f.At) {
			waits = true
			break
		}
		p.credit--
		out = append(out, p.told(f, l)...)
	}
	status := statusLine(f)
	switch {
	case status == p.status:
		p.newSince = 0
		return out
	case p.newSince == 0:
		p.newSince = f.At
	}
	soon := p.status != "" && f.At.Sub(p.statusAt) < cluster.Second
	if soon || p.credit == 0 || (waits && f.At.Sub(p.newSince) < patience) {
		return out
	}
	p.credit--
	return append(out, p.print(f, status))
}

// last returns what is still to be said when no frame follows.
func (p *printer) last(f view.Frame) []string {
	var out []string
	for _, l := range f.Story.Lines {
		if l.Number > p.line {
			out = append(out, p.told(f, l)...)
		}
	}
	if status := statusLine(f); status != p.status {
		out = append(out, p.print(f, status))
	}
	return out
}

// earn gives credit for the time that has passed.
func (p *printer) earn(at cluster.Instant) {
	const price = cluster.Second / perSecond
	if p.creditAt == 0 || at.Sub(p.creditAt) >= burst*price {
		p.credit, p.creditAt = burst, at
		return
	}
	if n := int(at.Sub(p.creditAt) / price); n > 0 {
		p.credit = min(p.credit+n, burst)
		p.creditAt = p.creditAt.Add(cluster.Duration(n) * price)
	}
}

// told is a line of the story; should the timeline have dropped lines before they
// could be printed, it says so first.
func (p *printer) told(f view.Frame, l view.Line) []string {
	var out []string
	if lost := l.Number - p.line - 1; lost > 0 && p.line > 0 {
		out = append(out, at(f, l.At)+"… "+strconv.Itoa(lost)+" more happened")
	}
	p.line = l.Number
	mark := ""
	if l.Warning {
		mark = "warning: "
	}
	return append(out, at(f, l.At)+mark+l.Text)
}

func (p *printer) print(f view.Frame, status string) string {
	p.status, p.statusAt, p.newSince = status, f.At, 0
	return at(f, f.At) + status
}

func at(f view.Frame, t cluster.Instant) string {
	return plain(clock(f.Story.Start, t)).fill(stamp, true).text(false) + "  "
}

// statusLine is "4 nodes (1 Booting, 3 Ready), 95 pods (0 waiting, 95 running),
// $1.2340/hour".
func statusLine(f view.Frame) string {
	var b strings.Builder
	b.WriteString(count(len(f.Nodes), "node"))
	if len(f.States) > 0 {
		b.WriteString(" (" + states(f.States).text(false) + ")")
	}
	b.WriteString(", " + pods(f.Pods).text(false) + ", " + f.Price.String() + "/hour")
	switch {
	case !f.Synced:
		b.WriteString(", waiting until the whole cluster has been seen")
	case f.Suspended != "":
		b.WriteString(", suspended: " + f.Suspended)
	}
	return b.String()
}
