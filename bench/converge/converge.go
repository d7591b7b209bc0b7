package converge

import (
	"context"
	"fmt"

	"github.com/ullage-sh/ullage/bench/record"
)

const (
	// most is after how many steps a side is stopped.
	most = 50
	// quiet is how many looks in a row have to find nothing until it is the end: what
	// consolidateAfter keeps is let go until then.
	quiet = 2
)

// Outcome is what a side has made of a cluster.
type Outcome struct {
	// Before, First and Last are USD per hour: as it was, after the first step, at the
	// end.
	Before, First, Last record.USD
	// Moved are evictions after the first step and at the end.
	FirstMoved, Moved int
	Steps             int
	// Homeless pods have no place in the end, even after more was bought.
	Homeless int
	// Endless: it would have gone on.
	Endless bool
}

// Run lets a side save what it can.
func Run(ctx context.Context, c *record.Cluster, side Side) (*Outcome, error) {
	w := newWorld(c, side)
	out := &Outcome{Before: w.Cost(), First: w.Cost()}
	for looks := 0; looks < quiet; {
		decisions, err := side.decide(ctx, w.Cluster)
		if err != nil {
			return nil, fmt.Errorf("cluster %d, step %d of %s: %w", c.Seed, out.Steps+1, side.Name, err)
		}
		if looks++; len(decisions) == 0 {
			w.wait()
			continue
		}
		looks = 0
		if out.Steps == most {
			out.Endless = true
			break
		}
		if err := w.apply(decisions); err != nil {
			return nil, fmt.Errorf("cluster %d, step %d of %s: %w", c.Seed, out.Steps+1, side.Name, err)
		}
		if out.Steps++; out.Steps == 1 {
			out.First, out.FirstMoved = w.Cost(), w.evicted
		}
	}
	out.Last, out.Moved, out.Homeless = w.Cost(), w.evicted, len(w.waiting)
	return out, nil
}

// Sum adds up what a side has made of many clusters.
type Sum struct {
	Name                     string
	Clusters                 int
	Before, First, Last      record.USD
	FirstMoved, Moved, Steps int
	Homeless, Endless        int
	Cheaper, Equal, Dearer   int // than another side's end, by more than half a percent
	Worse                    []string
}

// Add adds the outcome of a cluster; other is what it is held against.
func (s *Sum) Add(seed uint64, o, other *Outcome) {
	s.Clusters++
	s.Before, s.First, s.Last = s.Before+o.Before, s.First+o.First, s.Last+o.Last
	s.FirstMoved, s.Moved, s.Steps = s.FirstMoved+o.FirstMoved, s.Moved+o.Moved, s.Steps+o.Steps
	s.Homeless += o.Homeless
	if o.Endless {
		s.Endless++
		s.Worse = append(s.Worse, fmt.Sprintf("seed %d: %s does not come to an end", seed, s.Name))
	}
	margin := o.Before / 200
	switch d := o.Last - other.Last; {
	case d < -margin:
		s.Cheaper++
	case d > margin:
		s.Dearer++
		s.Worse = append(s.Worse, fmt.Sprintf("seed %d: %s saves $%s an hour less", seed, s.Name, d))
	default:
		s.Equal++
	}
}

// Heading is the line above rows.
func Heading() string {
	return fmt.Sprintf("%-26s %10s %10s %7s %10s %7s %9s %9s %7s %14s %22s %9s %8s", "side", "before", "first", "saved", "end", "saved", "evictions", "of first", "steps", "evictions/USD", "cheaper/equal/dearer", "homeless", "endless")
}

// Line is a row: USD per hour of all clusters together.
func (s *Sum) Line() string {
	saved := func(after record.USD) string {
		return fmt.Sprintf("%.2f%%", 100*(1-after.Dollars()/max(s.Before.Dollars(), 1e-9)))
	}
	per := "-"
	if s.Before > s.Last {
		per = fmt.Sprintf("%.1f", float64(s.Moved)/(s.Before-s.Last).Dollars())
	}
	return fmt.Sprintf("%-26s %10.2f %10.2f %7s %10.2f %7s %9d %9d %7d %14s %22s %9d %8d", s.Name, s.Before.Dollars(), s.First.Dollars(), saved(s.First), s.Last.Dollars(), saved(s.Last),
		s.Moved, s.FirstMoved, s.Steps, per, fmt.Sprintf("%d/%d/%d", s.Cheaper, s.Equal, s.Dearer), s.Homeless, s.Endless)
}
