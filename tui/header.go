package tui

import (
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/view"
)

// header is the summary on top of a screen: nodes with their utilisation and
// price, pods, states, the last plan.
func header(f view.Frame, width int) []line {
	var out []line
	switch {
	case len(f.Nodes) > 0:
		out = usage(f, width)
	case f.Synced:
		out = []line{append(line{{"0 nodes", strong}, {"   ", normal}}, price(f.Price)...)}
	}
	if f.Synced || f.Pods.Total > 0 {
		out = join(append(out, fold(pods(f.Pods), width)...), states(f.States), "   ", width)
	}
	if p := f.Story.Plan; p != nil {
		l := line{{"last plan " + age(p.At, f.At) + " ago: ", faint}, {p.String(), normal}}
		if l.width() > width && p.Nodes > 0 {
			l[1].text = p.Money() // of a plan that is too long, this is what counts
		}
		out = append(out, l)
	}
	switch {
	case !f.Synced:
		out = append(out, line{{"waiting until the whole cluster has been seen", fair}})
	case f.Suspended != "":
		out = append(out, line{{"suspended: " + f.Suspended, poor}})
	}
	return out
}

// The bars of the header, in cells.
const (
	longBar  = 20
	shortBar = 6
)

// usage is how full all nodes are, in cpu and in memory, and what they cost.
func usage(f view.Frame, width int) []line {
	lead := count(len(f.Nodes), "node")
	amounts := [2]string{
		"(" + cores(f.CPU.Requested) + "/" + cores(f.CPU.Allocatable) + " vCPU)",
		"(" + gib(f.Memory.Requested) + "/" + gib(f.Memory.Allocatable) + " GiB)",
	}
	figures := max(len(amounts[0]), len(amounts[1]))
	head := func(lead, amount string, u view.Use) line {
		l := append(line{{lead + " ", strong}}, plain(amount).fill(figures, false)...)
		return append(append(l, plain(exactShare(u)).fill(7, true)...), span{" ", normal})
	}
	cpu, memory := head(lead, amounts[0], f.CPU), head(strings.Repeat(" ", len(lead)), amounts[1], f.Memory)
	cost := price(f.Price)
	room := width - cpu.width()
	cells := min(longBar, room-cost.width()-1)
	if cells < shortBar { // the price has to go on a line of its own
		cells = min(longBar, room)
	}
	out := []line{append(cpu, bar(f.CPU, cells)...), append(memory, bar(f.Memory, cells)...)}
	if out[0].width()+1+cost.width() > width {
		return append(out, cost)
	}
	out[0] = append(append(out[0], span{" ", normal}), cost...)
	return out
}

func price(p view.Price) line {
	return line{{p.String() + "/hour", strong}, {" | ", faint}, {p.Month() + "/month", normal}}
}

// join puts more behind the last line, or on lines of its own if there is no
// room.
func join(lines []line, more line, between string, width int) []line {
	if len(lines) == 0 || len(more) == 0 {
		return append(lines, fold(more, width)...)
	}
	last := lines[len(lines)-1]
	if last.width()+len(between)+more.width() > width {
		return append(lines, fold(more, width)...)
	}
	last = append(last[:len(last):len(last)], span{between, normal})
	return append(lines[:len(lines)-1:len(lines)-1], append(last, more...))
}

// fold breaks a list that is too long after its commas.
func fold(l line, width int) []line {
	var out []line
	for l.width() > width {
		i := len(l) - 1
		for i > 0 && (l[i].text != comma || l[:i+1].width() > width) {
			i--
		}
		if i == 0 {
			break // one item alone is too long
		}
		out = append(out, l[:i+1:i+1])
		l = append(plain("  "), l[i+1:]...)
	}
	if len(l) == 0 {
		return out
	}
	return append(out, l)
}

// comma stands between the items of a list.
const comma = ", "

func exactShare(u view.Use) string {
	if u.Allocatable <= 0 {
		return "-"
	}
	return strconv.FormatFloat(percent(u), 'f', 1, 64) + "%"
}

func pods(p view.Pods) line {
	l := line{{count(p.Total, "pod"), strong}, {" (", normal}}
	l = append(l, counted(p.Waiting, " waiting", fair))
	if p.Unplaced > 0 {
		l = append(l, span{comma, normal}, span{strconv.Itoa(p.Unplaced) + " of them unplaced", poor})
	}
	l = append(l, span{comma, normal}, counted(p.Running, " running", good))
	for _, x := range []struct {
		n    int
		what string
		tone tone
	}{{p.Starting, " starting", coming}, {p.Terminating, " terminating", normal}, {p.Unscheduled, " unscheduled", normal}} {
		if x.n > 0 {
			l = append(l, span{comma, normal}, counted(x.n, x.what, x.tone))
		}
	}
	return append(l, span{")", normal})
}

// counted is a number with what it counts; none of it has no colour.
func counted(n int, what string, t tone) span {
	if n == 0 {
		t = normal
	}
	return span{strconv.Itoa(n) + what, t}
}

func states(counts []view.Count) line {
	var l line
	for i, c := range counts {
		if i > 0 {
			l = append(l, span{comma, normal})
		}
		l = append(l, span{strconv.Itoa(c.Nodes) + " " + c.State.String(), toneOf(c.State)})
	}
	return l
}

func toneOf(s view.State) tone {
	switch s {
	case view.Ready:
		return good
	case view.Launching, view.Booting, view.Registered:
		return coming
	case view.NotReady:
		return poor
	case view.Empty, view.Cordoned, view.Draining, view.Terminating:
		return fair
	}
	return normal
}
