package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/policy"
)

// CompareText is a comparison for people: a column for each policy.
func CompareText(c *policy.Comparison) string {
	var b strings.Builder
	fmt.Fprintf(&b, "compared %s: %s, %s; means of all seeds\n\n", c.Name, c.Length, seedList(c.Seeds))
	t := grid{}
	all := everyone(c)
	head := []string{""}
	for _, s := range all {
		head = append(head, s.Title)
	}
	t.add(head...)
	for _, m := range measures {
		row := []string{m.name}
		for i := range all {
			x := c.Summary(all[i])
			row = append(row, m.text(&x))
		}
		t.add(row...)
	}
	b.WriteString(t.String())
	b.WriteString("\n" + explanation + "\n")
	return b.String()
}

// everyone are the standings of a comparison, that in which nothing is moved last.
func everyone(c *policy.Comparison) []*policy.Standing {
	var out []*policy.Standing
	for i := range c.Standings {
		out = append(out, &c.Standings[i])
	}
	return append(out, &c.Unmoved)
}

const explanation = `The floor is what nodes for the pods that ran must cost at the least, at each point of
the run. Savings are counted against Ullage with nothing moved: nodes are given back when
they are empty.`

// measure is a row of the table.
type measure struct {
	name string
	text func(*policy.Summary) string
}

var measures = []measure{
	{"cost", func(x *policy.Summary) string { return dollars(x.Cost) }},
	{"  of the first one's", func(x *policy.Summary) string { return against(x) }},
	{"  over the floor", func(x *policy.Summary) string { return fmt.Sprintf("%.1f %%", 100*x.Over) }},
	{"saved", func(x *policy.Summary) string { return dollars(x.Saved) }},
	{"evictions", func(x *policy.Summary) string { return fmt.Sprintf("%.0f", x.Evictions) }},
	{"  per dollar saved", func(x *policy.Summary) string { return perDollar(x) }},
	{"pending, pod-seconds", func(x *policy.Summary) string { return fmt.Sprintf("%.0f", x.Waited) }},
	{"  half of the pods up to", func(x *policy.Summary) string { return fmt.Sprintf("%.1f s", x.P50) }},
	{"  99 of 100 up to", func(x *policy.Summary) string { return fmt.Sprintf("%.1f s", x.P99) }},
	{"nodes on average", func(x *policy.Summary) string { return fmt.Sprintf("%.1f", x.Nodes) }},
	{"  launched", func(x *policy.Summary) string { return fmt.Sprintf("%.0f", x.Launched) }},
	{"  ended", func(x *policy.Summary) string { return fmt.Sprintf("%.0f", x.Ended) }},
	{"cpu requested", func(x *policy.Summary) string { return fmt.Sprintf("%.1f %%", 100*x.CPU) }},
	{"memory requested", func(x *policy.Summary) string { return fmt.Sprintf("%.1f %%", 100*x.Memory) }},
}

func dollars(m cluster.Money) string {
	if m < 0 {
		return "-" + dollars(-m)
	}
	return fmt.Sprintf("$%.2f", usd(m))
}

func against(x *policy.Summary) string {
	text := fmt.Sprintf("%.1f %%", 100*x.Against)
	if x.AgainstMost-x.AgainstLeast >= 0.0005 {
		text += fmt.Sprintf(" (%.0f–%.0f)", 100*x.AgainstLeast, 100*x.AgainstMost)
	}
	return text
}

func perDollar(x *policy.Summary) string {
	if x.PerDollar < 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", x.PerDollar)
}

func seedList(seeds []uint64) string {
	switch last := seeds[len(seeds)-1]; {
	case len(seeds) == 1:
		return fmt.Sprintf("seed %d", seeds[0])
	case last-seeds[0] == uint64(len(seeds)-1):
		return fmt.Sprintf("seeds %d to %d", seeds[0], last)
	}
	parts := make([]string, len(seeds))
	for i, s := range seeds {
		parts[i] = fmt.Sprint(s)
	}
	return "seeds " + strings.Join(parts, ", ")
}

// grid is text in columns: the first flush left, the others flush right.
type grid struct{ rows [][]string }

func (t *grid) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *grid) String() string {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		line := ""
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line = cell + pad
			} else {
				line += "  " + pad + cell
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// comparison is the JSON form. Money is in dollars, times in seconds, parts of one.
type comparison struct {
	Name     string     `json:"name"`
	Seconds  int64      `json:"seconds"`
	Seeds    []uint64   `json:"seeds"`
	Policies []standing `json:"policies"`
	Unmoved  standing   `json:"nothingMoved"`
}

type standing struct {
	Name  string    `json:"name"`
	Title string    `json:"title"`
	Mean  mean      `json:"mean"`
	Runs  []runFile `json:"runs"`
}

type mean struct {
	Cost         float64  `json:"costUSD"`
	Floor        float64  `json:"floorUSD"`
	OverFloor    float64  `json:"overFloor"`
	OfFirst      float64  `json:"costOfFirst"`
	OfFirstLeast float64  `json:"costOfFirstLeast"`
	OfFirstMost  float64  `json:"costOfFirstMost"`
	Saved        float64  `json:"savedUSD"`
	Evictions    float64  `json:"evictions"`
	PerDollar    *float64 `json:"evictionsPerDollarSaved"` // null if nothing was saved
	PodSeconds   float64  `json:"pendingPodSeconds"`
	WaitP50      float64  `json:"pendingP50"`
	WaitP99      float64  `json:"pendingP99"`
	Nodes        float64  `json:"nodes"`
	Launched     float64  `json:"launched"`
	Ended        float64  `json:"ended"`
	CPU          float64  `json:"cpuRequestedOfPaid"`
	Memory       float64  `json:"memoryRequestedOfPaid"`
}

type runFile struct {
	Seed       uint64  `json:"seed"`
	Digest     string  `json:"digest"`
	Cost       float64 `json:"costUSD"`
	Floor      float64 `json:"floorUSD"`
	Evictions  int     `json:"evictions"`
	PodSeconds int64   `json:"pendingPodSeconds"`
	WaitP50    float64 `json:"pendingP50"`
	WaitP99    float64 `json:"pendingP99"`
	Launched   int     `json:"launched"`
	Ended      int     `json:"ended"`
	CPU        float64 `json:"cpuRequestedOfPaid"`
	Memory     float64 `json:"memoryRequestedOfPaid"`
	Series     series  `json:"series"`
}

// series are the points of a run by what was measured, so that programs can draw them.
type series struct {
	After    []int64          `json:"after"`
	Rate     []float64        `json:"usdPerHour"`
	Floor    []float64        `json:"floorUSDPerHour"`
	Pods     []int            `json:"pods"`
	Pending  []int            `json:"pendingMost"` // since the point before
	CPU      []float64        `json:"cpuRequestedOfPaid"`
	Memory   []float64        `json:"memoryRequestedOfPaid"`
	Evicted  []int            `json:"evictions"` // until then
	Nodes    []int            `json:"nodes"`
	Families map[string][]int `json:"nodesByFamily"`
}

// CompareJSON is a comparison for programs, with a line feed at its end.
func CompareJSON(c *policy.Comparison) ([]byte, error) {
	text, err := json.MarshalIndent(asFile(c), "", "  ")
	return append(text, '\n'), err
}

func asFile(c *policy.Comparison) comparison {
	out := comparison{Name: c.Name, Seconds: c.Length.Seconds(), Seeds: c.Seeds, Unmoved: asStanding(c, &c.Unmoved)}
	for i := range c.Standings {
		out.Policies = append(out.Policies, asStanding(c, &c.Standings[i]))
	}
	return out
}

func asStanding(c *policy.Comparison, s *policy.Standing) standing {
	x := c.Summary(s)
	out := standing{Name: s.Name, Title: s.Title, Mean: mean{
		Cost: usd(x.Cost), Floor: usd(x.Least), OverFloor: rounded(x.Over), OfFirst: rounded(x.Against), OfFirstLeast: rounded(x.AgainstLeast), OfFirstMost: rounded(x.AgainstMost),
		Saved: usd(x.Saved), Evictions: rounded(x.Evictions), PodSeconds: rounded(x.Waited), WaitP50: rounded(x.P50), WaitP99: rounded(x.P99),
		Nodes: rounded(x.Nodes), Launched: rounded(x.Launched), Ended: rounded(x.Ended), CPU: rounded(x.CPU), Memory: rounded(x.Memory),
	}}
	if x.PerDollar >= 0 {
		per := rounded(x.PerDollar)
		out.Mean.PerDollar = &per
	}
	for i := range s.Runs {
		r := &s.Runs[i]
		out.Runs = append(out.Runs, runFile{
			Seed: r.Seed, Digest: r.Digest, Cost: usd(r.Cost), Floor: usd(r.Least), Evictions: r.Evictions, PodSeconds: r.Waits.Sum,
			WaitP50: seconds(r.Waits.P50), WaitP99: seconds(r.Waits.P99), Launched: r.Launched, Ended: r.Ended,
			CPU: float64(r.Used.CPU) / 1e6, Memory: float64(r.Used.Memory) / 1e6, Series: asSeries(r),
		})
	}
	return out
}

func asSeries(r *policy.Run) series {
	s := series{Families: map[string][]int{}}
	for i, p := range r.Series {
		s.After = append(s.After, p.At.Seconds())
		s.Rate = append(s.Rate, usd(p.Rate))
		s.Floor = append(s.Floor, usd(r.Floor[i]))
		s.Pods = append(s.Pods, p.Pods)
		s.Pending = append(s.Pending, p.PendingMost)
		s.CPU = append(s.CPU, quotient(p.CPU, p.CPUPaid))
		s.Memory = append(s.Memory, quotient(p.Memory, p.MemoryPaid))
		s.Evicted = append(s.Evicted, p.Evicted)
		s.Nodes = append(s.Nodes, p.Nodes)
		for family := range r.Families[i] {
			if s.Families[family] == nil {
				s.Families[family] = make([]int, len(r.Series))
			}
			s.Families[family][i] = r.Families[i][family]
		}
	}
	return s
}

// rounded keeps six decimals.
func rounded(x float64) float64 { return float64(int64(x*1e6+0.5)) / 1e6 }

func quotient(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part*10_000/whole) / 10_000
}
