package pass

import (
	"fmt"
	"strings"
	"time"

	"github.com/ullage-sh/ullage/bench/measure"
)

// columns between the name of a row and its ratio. "a/b" is ours/Karpenter's.
var columns = []struct {
	name  string
	width int
	show  func(o *Outcome, r measure.Run) string
}{
	{"nodes", 6, func(o *Outcome, _ measure.Run) string { return fmt.Sprint(len(o.Cluster.Nodes)) }},
	{"pods", 7, func(o *Outcome, _ measure.Run) string { return fmt.Sprint(len(o.Cluster.Pods)) }},
	{"a pass", 17, func(o *Outcome, r measure.Run) string {
		return pair(o, span(r.Whole), func(t *Theirs) string { return span(t.Pass()) })
	}},
	{"CPU time", 17, func(o *Outcome, r measure.Run) string {
		return pair(o, span(r.CPU), func(t *Theirs) string { return span(t.CPU()) })
	}},
	{"a candidate", 13, func(o *Outcome, _ measure.Run) string {
		return pair(o, nothing, func(t *Theirs) string { return span(t.Steps.Whole / time.Duration(max(t.Simulated, 1))) })
	}},
	{"simulated", 10, func(o *Outcome, _ measure.Run) string {
		return pair(o, nothing, func(t *Theirs) string { return fmt.Sprintf("%d of %d", t.Simulated, t.Candidates) })
	}},
	{"peak heap", 15, func(o *Outcome, r measure.Run) string {
		return pair(o, size(r.Peak), func(t *Theirs) string { return size(t.Steps.Peak) })
	}},
	{"records", 8, func(o *Outcome, _ measure.Run) string { return size(o.Records) }},
	{"given back", 10, func(o *Outcome, _ measure.Run) string { return fmt.Sprint(o.Gone()) }},
	{"bought", 6, func(o *Outcome, _ measure.Run) string { return fmt.Sprint(o.Come()) }},
	{"saved", 6, func(o *Outcome, _ measure.Run) string {
		return fmt.Sprintf("%.1f%%", 100*float64(o.Repacking.Saving)/float64(max(o.Repacking.Cost, 1)))
	}},
}

const (
	nameWidth = 24
	nothing   = "-"
)

// Header is the line above the rows.
func Header() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s", nameWidth, "cluster")
	for _, c := range columns {
		fmt.Fprintf(&b, " %*s", c.width, c.name)
	}
	return b.String()
}

// Rows are the lines of a cluster: our pass, and our pass with the bound that it proves.
func (o *Outcome) Rows() []string {
	return []string{o.row("", o.Pass), o.row("/bounded", o.Bounded)}
}

func (o *Outcome) row(suffix string, r measure.Run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s", nameWidth, o.Cluster.Case+suffix)
	for _, c := range columns {
		fmt.Fprintf(&b, " %*s", c.width, c.show(o, r))
	}
	ratio := "n/a"
	if o.Karpenter != nil {
		ratio = fmt.Sprintf("%.1f", o.Karpenter.Pass().Seconds()/r.Whole.Seconds())
	}
	fmt.Fprintf(&b, " speed-ratio=%s", ratio)
	return b.String()
}

// Notes tell what the checker found.
func (o *Outcome) Notes() []string {
	kept := 0
	for i := range o.Repacking.Verdicts {
		if o.Repacking.Verdicts[i].Kept != 0 {
			kept++
		}
	}
	out := []string{fmt.Sprintf("%-*s verdicts: %d kept, %d given back; all actions in turn: %s",
		nameWidth, o.Cluster.Case, kept, len(o.Repacking.Verdicts)-kept, o.Report)}
	for _, x := range o.Report.Examples {
		out = append(out, fmt.Sprintf("%*s e.g. %s", nameWidth, "", x))
	}
	if t := o.Karpenter; t != nil {
		line := fmt.Sprintf("%-*s %d simulations checked, after %d the node could go as it is; %d whose pods the scheduler would not let there",
			nameWidth, o.Cluster.Case+" Karpenter", t.Checked, t.Deletable, t.Infeasible)
		if t.Example != "" {
			line += ", e.g. " + t.Example
		}
		out = append(out, line)
	}
	return out
}

func pair(o *Outcome, ours string, theirs func(*Theirs) string) string {
	if o.Karpenter == nil {
		return ours
	}
	return ours + "/" + theirs(o.Karpenter)
}

// span writes a time with three digits.
func span(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3gms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}

// size writes a number of bytes in MiB.
func size(n uint64) string { return fmt.Sprintf("%dMiB", n>>20) }
