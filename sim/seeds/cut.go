package seeds

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim"
	"github.com/ullage-sh/ullage/sim/judge"
)

// Cut says which parts of a seed's scenario are left out. Its text is what people put
// on the command line.
type Cut struct {
	Workloads []int // by index
	Faults    []int
	Extras    []string // by name, see [Extras]
	// Until is how much of the day is left, in whole minutes; 0 for all of it.
	Until cluster.Duration
}

// String is "workloads=1,3-5 faults=0-2 extras=fixed until=20h39m"; "" if nothing is left out.
func (c Cut) String() string {
	var parts []string
	for _, x := range []struct {
		name string
		list []int
	}{{"workloads", c.Workloads}, {"faults", c.Faults}} {
		if len(x.list) > 0 {
			parts = append(parts, x.name+"="+ranges(x.list))
		}
	}
	if len(c.Extras) > 0 {
		parts = append(parts, "extras="+strings.Join(c.Extras, ","))
	}
	if c.Until > 0 {
		parts = append(parts, fmt.Sprintf("until=%dh%dm", c.Until/cluster.Hour, c.Until%cluster.Hour/cluster.Minute))
	}
	return strings.Join(parts, " ")
}

// Again is the command that shows a seed again, less what is left out.
func Again(seed uint64, disrupt bool, c Cut) string {
	command := "ullage sim seeds"
	if !disrupt {
		command += " --disrupt=false"
	}
	command += " --from " + strconv.FormatUint(seed, 10) + " -n 1"
	if text := c.String(); text != "" {
		command += " --cut " + strconv.Quote(text)
	}
	return command
}

// ranges writes sorted numbers as "1,3-5".
func ranges(list []int) string {
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	var out []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		text := strconv.Itoa(list[i])
		if j > i {
			text += "-" + strconv.Itoa(list[j])
		}
		out = append(out, text)
		i = j + 1
	}
	return strings.Join(out, ",")
}

// ParseCut reads what String writes.
func ParseCut(text string) (Cut, error) {
	var c Cut
	for _, part := range strings.Fields(text) {
		name, value, _ := strings.Cut(part, "=")
		if name == "extras" {
			c.Extras = strings.Split(value, ",")
			if err := CheckExtras(c.Extras); err != nil {
				return c, fmt.Errorf("%q: %w", part, err)
			}
			continue
		}
		if name == "until" {
			var h, m cluster.Duration
			if _, err := fmt.Sscanf(value+".", "%dh%dm.", &h, &m); err != nil || h < 0 || m < 0 || h+m == 0 || h > 24 || m > 59 {
				return c, fmt.Errorf("%q: want a time since the beginning, such as 20h39m", part)
			}
			c.Until = h*cluster.Hour + m*cluster.Minute
			continue
		}
		list, err := numbers(value)
		if err != nil {
			return c, fmt.Errorf("%q: %w", part, err)
		}
		switch name {
		case "workloads":
			c.Workloads = list
		case "faults":
			c.Faults = list
		default:
			return c, fmt.Errorf("%q: want workloads=… or faults=…, with numbers such as 1,3-5, extras=… or until=…", part)
		}
	}
	return c, nil
}

func numbers(text string) ([]int, error) {
	var out []int
	for _, part := range strings.Split(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(low)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", low)
		}
		b := a
		if isRange {
			if b, err = strconv.Atoi(high); err != nil {
				return nil, fmt.Errorf("%q is not a number", high)
			}
		}
		if a < 0 || b < a || b-a > 100_000 {
			return nil, fmt.Errorf("%q is not a range", part)
		}
		for ; a <= b; a++ {
			out = append(out, a)
		}
	}
	return out, nil
}

// Apply leaves the parts out.
func (c Cut) Apply(s sim.Scenario) sim.Scenario {
	s.Workloads = without(s.Workloads, c.Workloads)
	s.Faults = without(s.Faults, c.Faults)
	for _, x := range all {
		if slices.Contains(c.Extras, x.name) {
			x.drop(&s)
		}
	}
	if c.Until > 0 {
		s.Length = min(s.Length, c.Until)
	}
	return s
}

func without[T any](list []T, drop []int) []T {
	out := make([]T, 0, len(list))
	for i, x := range list {
		if !slices.Contains(drop, i) {
			out = append(out, x)
		}
	}
	return out
}

// shrinkWithin is how much later than at first a rule may be broken in what is left.
const shrinkWithin = cluster.Hour

// Shrink leaves out as much of a seed's scenario as it can while the rule of a violation is still
// broken, with at most tries runs: extras first, then faults, then workloads, in halves, quarters
// and so on down to single ones, and what comes after it. When ctx ends, what it has left out by
// then is returned.
func Shrink(ctx context.Context, s sim.Scenario, broken judge.Violation, tries int) Cut {
	var c Cut
	start := s.Start
	if start == 0 {
		start = sim.DefaultStart
	}
	last := broken.At.Sub(start)
	atEnd := last >= s.Length // it is judged when the day is over
	s.Stop = func(v judge.Violation) bool { return v.Rule == broken.Rule }
	fails := func(c Cut) bool {
		if tries--; tries < 0 || ctx.Err() != nil {
			return false
		}
		if !atEnd {
			c.Until = last + shrinkWithin
		}
		r, err := sim.Run(ctx, c.Apply(s))
		if err != nil {
			return false
		}
		i := slices.IndexFunc(r.Violations, s.Stop)
		if i >= 0 && !atEnd {
			last = r.Violations[i].At.Sub(start)
		}
		return i >= 0
	}
	for _, name := range Extras(s.Seed) {
		if with := append(slices.Clone(c.Extras), name); fails(Cut{Extras: with}) {
			c.Extras = with
		}
	}
	c.Faults = drop(len(s.Faults), func(out []int) bool { return fails(Cut{Extras: c.Extras, Faults: out}) })
	c.Workloads = drop(len(s.Workloads), func(out []int) bool { return fails(Cut{Extras: c.Extras, Workloads: out, Faults: c.Faults}) })
	if !atEnd {
		c.Until = last - last%cluster.Minute + cluster.Minute
	}
	return c
}

// drop finds which of n parts can be left out together.
func drop(n int, ok func(out []int) bool) []int {
	var out []int
	for size := n; size > 0; size /= 2 {
		for from := 0; from < n; from += size {
			try := slices.Clone(out)
			for i := from; i < min(from+size, n); i++ {
				if !slices.Contains(out, i) {
					try = append(try, i)
				}
			}
			if len(try) > len(out) && ok(try) {
				out = try
			}
		}
	}
	slices.Sort(out)
	return out
}
