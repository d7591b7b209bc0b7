package contest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
)

const (
	none    = "n/a" // where figures do not compare
	nothing = "-"   // where there is nothing to count
)

// columns between the name of a row and its ratios. "a/b" is ours/Karpenter's.
var columns = []struct {
	name  string
	width int
	show  func(o *Outcome, e *Entry) string
}{
	{"pods", 8, func(o *Outcome, _ *Entry) string { return fmt.Sprint(len(o.Input.Pods)) }},
	{"pods/s", 15, pair(func(o *Outcome, e *Entry) string {
		return fmt.Sprintf("%.0f", float64(len(o.Input.Pods))/e.Run.Whole.Seconds())
	})},
	{"core pods/s", 15, pair(func(o *Outcome, e *Entry) string {
		return fmt.Sprintf("%.0f", float64(len(o.Input.Pods))/e.Run.Core.Seconds())
	})},
	{"CPU time", 17, pair(func(_ *Outcome, e *Entry) string { return span(e.Run.CPU) })},
	{"USD/h", 21, pair(func(_ *Outcome, e *Entry) string { return dollars(e.Plan.Cost) })},
	{"objective", 21, pair(func(_ *Outcome, e *Entry) string { return dollars(e.Plan.Objective) })},
	{"new nodes", 11, pair(func(_ *Outcome, e *Entry) string { return fmt.Sprint(e.Plan.NewNodes()) })},
	{"bound", 11, func(_ *Outcome, e *Entry) string { return dollars(e.Plan.Bound) }},
	{"gap", 15, pair(func(_ *Outcome, e *Entry) string { return gap(e.Plan) })},
	{"preferences", 13, pair(preferences)},
	{"unplaced", 11, pair(func(_ *Outcome, e *Entry) string { return fmt.Sprint(e.Report.Unplaced) })},
	{"allocs/op", 17, pair(func(_ *Outcome, e *Entry) string { return short(e.Run.Allocs) })},
	{"bytes/op", 15, pair(func(_ *Outcome, e *Entry) string { return short(e.Run.Bytes) })},
	{"peak heap", 15, pair(func(_ *Outcome, e *Entry) string { return short(e.Run.Peak) })},
	{"runs", 5, pair(func(_ *Outcome, e *Entry) string { return fmt.Sprint(e.Runs) })},
}

// nameWidth is the width of the longest name of a row.
const nameWidth = 30

// Header is the line above the rows.
func Header() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s", nameWidth, "case")
	for _, c := range columns {
		fmt.Fprintf(&b, " %*s", c.width, c.name)
	}
	return b.String()
}

// Rows are the lines of a case, one for each effort of ours.
func (o *Outcome) Rows() []string {
	var out []string
	for i, effort := range ullage.Efforts {
		e := &o.Ours[i]
		var b strings.Builder
		fmt.Fprintf(&b, "%-*s", nameWidth, o.Input.Case+effort.String())
		for _, c := range columns {
			fmt.Fprintf(&b, " %*s", c.width, c.show(o, e))
		}
		speed, cost := o.ratios(e)
		fmt.Fprintf(&b, " speed-ratio=%s cost-ratio=%s gap=%s", speed, cost, gap(e.Plan))
		out = append(out, b.String())
	}
	return out
}

// ratios compares an entry of ours with Karpenter: how many times faster, and
// what share of its cost.
func (o *Outcome) ratios(e *Entry) (speed, cost string) {
	if o.Karpenter == nil {
		return none, none
	}
	speed = fmt.Sprintf("%.1f", o.Karpenter.Run.Whole.Seconds()/e.Run.Whole.Seconds())
	theirs := o.Karpenter.Plan.Cost
	switch {
	case !o.Comparable(e) || !e.Report.Feasible():
		return speed, none
	case theirs == e.Plan.Cost:
		return speed, "1.0000" // nothing over nothing included
	case theirs == 0:
		return speed, none
	}
	return speed, fmt.Sprintf("%.4f", float64(e.Plan.Cost)/float64(theirs))
}

// pair shows a figure of both sides.
func pair(figure func(*Outcome, *Entry) string) func(*Outcome, *Entry) string {
	return func(o *Outcome, e *Entry) string {
		ours := figure(o, e)
		if o.Karpenter == nil || ours == nothing {
			return ours
		}
		return ours + "/" + figure(o, o.Karpenter)
	}
}

func dollars(u record.USD) string { return fmt.Sprintf("%.4f", u.Dollars()) }

func gap(p *record.Plan) string {
	if p.Bound == 0 {
		return none
	}
	return fmt.Sprintf("%.2f%%", p.Gap*100)
}

func preferences(_ *Outcome, e *Entry) string {
	if e.Report.Wished == 0 {
		return nothing
	}
	return fmt.Sprintf("%.1f%%", 100*float64(e.Report.Satisfied)/float64(e.Report.Wished))
}

// span writes a time with three digits.
func span(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3gms", d.Seconds()*1000)
	}
	return fmt.Sprintf("%.3gs", d.Seconds())
}

// short writes a count with three digits and a unit.
func short(n uint64) string {
	f := float64(n)
	for _, unit := range []string{"", "k", "M", "G"} {
		if f < 999.5 {
			if unit == "" {
				return fmt.Sprintf("%.0f", f)
			}
			return fmt.Sprintf("%.3g%s", f, unit)
		}
		f /= 1000
	}
	return fmt.Sprintf("%.3gT", f)
}

// Notes are the lines below the table that tell, for each plan, what the checker
// found and why pods are unplaced.
func (o *Outcome) Notes() []string {
	var out []string
	note := func(name string, e *Entry) {
		out = append(out, fmt.Sprintf("%-*s %s", nameWidth, name, e.Report))
		for _, x := range e.Report.Examples {
			out = append(out, fmt.Sprintf("%*s e.g. %s", nameWidth, "", x))
		}
		for _, x := range unplaced(e.Plan) {
			out = append(out, fmt.Sprintf("%*s unplaced %s", nameWidth, "", x))
		}
	}
	for i, effort := range ullage.Efforts {
		note(o.Input.Case+effort.String(), &o.Ours[i])
	}
	if o.Karpenter != nil {
		note(o.Input.Case+" Karpenter", o.Karpenter)
		if !o.Comparable(&o.Ours[ullage.Improved]) {
			out = append(out, fmt.Sprintf("%*s the sides leave different pods unplaced: their costs do not compare", nameWidth, ""))
		}
	}
	return out
}

// unplaced counts unschedulable pods by reason, most frequent first, at most
// five reasons.
func unplaced(p *record.Plan) []string {
	const most = 5
	count := map[string]int{}
	for _, u := range p.Unschedulable {
		reason := strings.Join(u.Reasons, "; ")
		const long = 160
		if len(reason) > long {
			reason = strings.ToValidUTF8(reason[:long], "") + "…"
		}
		count[reason]++
	}
	reasons := slices.Sorted(maps.Keys(count))
	slices.SortStableFunc(reasons, func(x, y string) int { return -cmp.Compare(count[x], count[y]) })
	var out []string
	for i, r := range reasons {
		if i == most {
			out = append(out, fmt.Sprintf("and %d other reasons", len(reasons)-most))
			break
		}
		out = append(out, fmt.Sprintf("%d: %s", count[r], r))
	}
	return out
}
