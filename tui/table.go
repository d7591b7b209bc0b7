package tui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/view"
)

// column is one column of the table of nodes.
type column struct {
	title string
	right bool // aligned
	cell  func(view.Node) line
	// cut shortens a cell that is too wide, where it is not the end that goes.
	cut   func(line, int) line
	most  int // cells it is given at most, 0 for what it needs
	width int
}

// gap is what separates columns.
const gap = 2

// The name of a node takes what other columns leave, at least minName cells
// before one of them is given up, and leastName when none is left to give up.
const (
	minName   = 18
	leastName = 8
)

// layout is what a table shows, the most there can be to begin with.
type layout struct {
	frame                     view.Frame
	first                     bool // only the first label of a node's name
	pool, kind, zone, capType bool
	region                    string // what zones are shown without
	abbreviate                bool   // capacity types
	price, pods, memory, age  bool
	bar                       int // cells
}

// table draws nodes, at most so many rows with its title and the line about what
// was left out.
func table(f view.Frame, width, rows int) []line {
	nodes, rest := pick(f.Nodes, rows-1)
	if len(nodes) == 0 {
		return nil
	}
	columns := fit(f, nodes, width)
	title := line{}
	for i, c := range columns {
		title = append(title, cell(line{{c.title, faint}}, c, i == len(columns)-1)...)
	}
	out := []line{title}
	for _, n := range nodes {
		l := line{}
		for i, c := range columns {
			l = append(l, cell(c.cell(n), c, i == len(columns)-1)...)
		}
		out = append(out, l)
	}
	if len(rest) > 0 {
		out = append(out, remainder(rest))
	}
	return out
}

func cell(l line, c column, last bool) line {
	if c.cut != nil && l.width() > c.width {
		l = c.cut(l, c.width)
	}
	l = l.fill(c.width, c.right)
	if !last {
		l = append(l[:len(l):len(l)], span{strings.Repeat(" ", gap), normal})
	}
	return l
}

// fit chooses the columns for a width. What matters least is given up first.
func fit(f view.Frame, nodes []view.Node, width int) []column {
	y := &layout{frame: f, pool: true, kind: true, zone: true, capType: true, price: true, pods: true, memory: true, age: true, bar: 10}
	sacrifices := []func(){
		func() { y.age = false },
		func() { y.first = distinct(f.Nodes) },
		func() { y.region = region(f.Nodes) },
		func() { y.memory = false },
		func() { y.abbreviate = true },
		func() { y.pool = false },
		func() { y.bar = 5 },
		func() { y.zone = false },
		func() { y.capType = false },
		func() { y.kind = false },
		func() { y.price = false },
		func() { y.pods = false },
	}
	columns, left := y.measure(nodes, width)
	for _, give := range sacrifices {
		if left >= min(minName, columns[0].width) {
			break
		}
		give()
		columns, left = y.measure(nodes, width)
	}
	if left < columns[0].width && !y.first && distinct(f.Nodes) {
		y.first = true // better than names without their middle
		columns, left = y.measure(nodes, width)
	}
	columns[0].width = max(min(left, columns[0].width), leastName)
	return y.grow(columns, nodes, width)
}

// grow gives room that is left over to the bars, then to the reasons beside
// states.
func (y *layout) grow(columns []column, nodes []view.Node, width int) []column {
	used := -gap
	for _, c := range columns {
		used += c.width + gap
	}
	if bars := 1 + asInt(y.memory); y.bar == 10 && width-used >= 10*bars+40 {
		name := columns[0].width
		y.bar = 20
		columns, _ = y.measure(nodes, width)
		columns[0].width = name
		used += 10 * bars
	}
	last := &columns[len(columns)-1]
	last.width = max(last.width+width-used, leastName)
	return columns
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// measure makes the columns as wide as what they hold, and returns what they
// leave for the name.
func (y *layout) measure(nodes []view.Node, width int) (columns []column, name int) {
	columns = y.columns()
	name = width
	for i := range columns {
		c := &columns[i]
		c.width = line{{c.title, faint}}.width()
		for _, n := range nodes {
			w := c.cell(n).width()
			if i == len(columns)-1 {
				w = y.state(n)[:2].width() // why is shown where there is room
			}
			c.width = max(c.width, w)
		}
		if c.most > 0 {
			c.width = min(c.width, c.most)
		}
		if i > 0 {
			name -= c.width + gap
		}
	}
	return columns, name
}

func (y *layout) columns() []column {
	text := func(of func(view.Node) string) func(view.Node) line {
		return func(n view.Node) line { return plain(of(n)) }
	}
	c := []column{{title: "NODE", cell: text(y.name), cut: cutMiddle}}
	add := func(shown bool, x column) {
		if shown {
			c = append(c, x)
		}
	}
	add(y.pool, column{title: "POOL", cell: text(func(n view.Node) string { return n.Pool }), cut: cutMiddle, most: 20})
	add(y.kind, column{title: "TYPE", cell: text(func(n view.Node) string { return n.InstanceType }), cut: cutMiddle, most: 20})
	add(y.zone, column{title: "ZONE", cell: text(func(n view.Node) string { return strings.TrimPrefix(n.Zone, y.region) }), cut: cutMiddle, most: 20})
	add(y.capType, column{title: y.capTitle(), cell: text(y.capacity)})
	add(y.price, column{title: "$/HOUR", right: true, cell: text(func(n view.Node) string { return n.Price.String() })})
	add(true, column{title: "CPU", cell: y.usage(func(n view.Node) view.Use { return n.CPU })})
	add(y.memory, column{title: "MEMORY", cell: y.usage(func(n view.Node) view.Use { return n.Memory })})
	add(y.pods, column{title: "PODS", right: true, cell: podsOf})
	add(y.age, column{title: "AGE", right: true, cell: text(func(n view.Node) string { return age(n.Created, y.frame.At) })})
	add(true, column{title: "STATE", cell: y.state, cut: cutWhy})
	return c
}

func (y *layout) capTitle() string {
	if y.abbreviate {
		return "CAP"
	}
	return "CAPACITY"
}

func (y *layout) name(n view.Node) string {
	if y.first {
		return firstLabel(n.Name)
	}
	return n.Name
}

func (y *layout) capacity(n view.Node) string {
	if y.abbreviate && n.CapacityType == "on-demand" {
		return "od"
	}
	return n.CapacityType
}

func (y *layout) usage(of func(view.Node) view.Use) func(view.Node) line {
	return func(n view.Node) line {
		u := of(n)
		return append(bar(u, y.bar), plain(share(u)).fill(5, true)...)
	}
}

// podsOf is the number of pods, with those on their way to a young node.
func podsOf(n view.Node) line {
	l := plain(strconv.Itoa(n.Pods))
	if n.Expected > 0 {
		l = append(l, span{"+" + strconv.Itoa(n.Expected), coming})
	}
	return l
}

// state is three spans: the state, since when, and why.
func (y *layout) state(n view.Node) line {
	l := line{{n.State.String(), toneOf(n.State)}, {"", normal}, {"", faint}}
	if a := age(n.Since, y.frame.At); a != "" {
		l[1].text = " " + a
	}
	if n.Why != "" {
		l[2].text = "  " + n.Why
	}
	return l
}

func cutMiddle(l line, width int) line { return line{{middle(l[0].text, width), l[0].tone}} }

// leastWhy is how much of a reason has to fit for it to be worth reading.
const leastWhy = 14

// cutWhy leaves the reason out where too little of it would be seen.
func cutWhy(l line, width int) line {
	if bare := l[:2]; width-bare.width() < leastWhy {
		l = bare
	}
	return l.clip(width)
}

func firstLabel(name string) string {
	first, _, _ := strings.Cut(name, ".")
	return first
}

// distinct tells whether the first labels of all names tell the nodes apart.
func distinct(nodes []view.Node) bool {
	seen := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		if seen[firstLabel(n.Name)] {
			return false
		}
		seen[firstLabel(n.Name)] = true
	}
	return true
}

// region is what all zones begin with, up to a dash: "ap-northeast-" of
// ap-northeast-2a and ap-northeast-2c.
func region(nodes []view.Node) string {
	prefix, known := "", false
	for _, n := range nodes {
		own := n.Zone[:strings.LastIndexByte(n.Zone, '-')+1]
		if n.Zone == "" {
			continue
		}
		if known && own != prefix {
			return ""
		}
		prefix, known = own, true
	}
	return prefix
}

// pick chooses the nodes to show in so many rows, one of which tells what was
// left out. Those in trouble or in motion come before those at rest, and the
// emptiest of those at rest before the full; the order of what is shown is that
// of the frame.
func pick(nodes []view.Node, rows int) (shown, rest []view.Node) {
	if len(nodes) <= rows {
		return nodes, nil
	}
	if rows < 2 {
		return nil, nodes
	}
	order := make([]int, len(nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := nodes[a], nodes[b]
		return cmp.Or(cmp.Compare(rank(x.State), rank(y.State)), cmp.Compare(percent(x.CPU), percent(y.CPU)))
	})
	chosen := order[:rows-1]
	slices.Sort(chosen)
	for i, n := range nodes {
		if _, in := slices.BinarySearch(chosen, i); in {
			shown = append(shown, n)
		} else {
			rest = append(rest, n)
		}
	}
	return shown, rest
}

// rank orders states by how much there is to see.
func rank(s view.State) int {
	switch s {
	case view.NotReady:
		return 0
	case view.Draining, view.Terminating:
		return 1
	case view.Registered, view.Booting, view.Launching:
		return 2
	case view.Empty, view.Cordoned:
		return 3
	case view.Ready:
		return 4
	}
	return 5
}

// remainder is "… and 37 more: 2 Booting, 35 Ready".
func remainder(rest []view.Node) line {
	counts := map[view.State]int{}
	for _, n := range rest {
		counts[n.State]++
	}
	var list []view.Count
	for s, n := range counts {
		list = append(list, view.Count{State: s, Nodes: n})
	}
	slices.SortFunc(list, func(a, b view.Count) int { return cmp.Compare(a.State, b.State) })
	more := "… and " + strconv.Itoa(len(rest)) + " more"
	if len(list) == 1 {
		return line{{more + ", all ", faint}, {list[0].State.String(), toneOf(list[0].State)}}
	}
	return append(line{{more + ": ", faint}}, states(list)...)
}
