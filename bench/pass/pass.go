package pass

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"sigs.k8s.io/karpenter/pkg/controllers/disruption"

	"github.com/ullage-sh/ullage/bench/check"
	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/measure"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
	"github.com/ullage-sh/ullage/plan"
)

// Terms are what both sides are held to.
type Terms struct {
	// Candidates is of how many Karpenter simulates the end, at the most; 0 for all.
	Candidates int
	// Checked is how many of those simulations are checked, at the most.
	Checked int
	// Repeat is how often we make the pass: figures are medians.
	Repeat int
	// Charge is what each node costs besides its price, in our objective.
	Charge record.USD
	// Alone: Karpenter is not asked at all.
	Alone bool
}

// Outcome is what came out of one cluster.
type Outcome struct {
	Cluster *record.Cluster
	// Records is what our records of the cluster take, bytes of heap.
	Records uint64
	// Pass is ours without the proven bound, Bounded with it: medians.
	Pass, Bounded measure.Run
	Repacking     *plan.Repacking    // with the bound
	Decisions     []*record.Decision // its actions
	Report        *check.Report
	Karpenter     *Theirs // nil when it was not asked
}

// Theirs is what Karpenter came to.
type Theirs struct {
	// Candidates there are; Simulated is of how many the end was, in Steps.
	Candidates, Simulated int
	List, Steps           measure.Run
	// Checked simulations, and those after which the node could just go.
	Checked, Deletable int
	// Infeasible are those whose pods cannot all be where the simulation has put them.
	Infeasible int
	Example    string
}

// Pass is how long Karpenter takes for all candidates: those that were simulated stand
// for the others.
func (t *Theirs) Pass() time.Duration { return t.all(t.List.Whole, t.Steps.Whole) }

// CPU is the same as CPU time of the process.
func (t *Theirs) CPU() time.Duration { return t.all(t.List.CPU, t.Steps.CPU) }

func (t *Theirs) all(list, steps time.Duration) time.Duration {
	if t.Simulated == 0 {
		return list
	}
	return list + time.Duration(float64(steps)*float64(t.Candidates)/float64(t.Simulated))
}

// Gone counts the nodes that our actions give back.
func (o *Outcome) Gone() (n int) {
	for _, d := range o.Decisions {
		n += len(d.Gone)
	}
	return n
}

// Come counts the nodes that our actions buy.
func (o *Outcome) Come() (n int) {
	for _, d := range o.Decisions {
		n += d.Plan.NewNodes()
	}
	return n
}

// Hold lets both sides judge the nodes of a cluster. The error says what a side does
// not take, or that a pass of ours was not the same each time.
func Hold(ctx context.Context, c *record.Cluster, terms Terms) (*Outcome, error) {
	out := &Outcome{Cluster: c}
	if err := out.ours(terms); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Case, err)
	}
	if terms.Alone {
		return out, nil
	}
	var err error
	if out.Karpenter, err = theirs(ctx, c, terms); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", c.Case, err)
	}
	return out, nil
}

func (o *Outcome) ours(terms Terms) error {
	before := measure.Live()
	in, err := ullage.Records(o.Cluster)
	if err != nil {
		return err
	}
	o.Records = measure.Live() - before
	for _, bound := range []bool{false, true} {
		var runs []measure.Run
		var first *plan.Repacking
		for range max(terms.Repeat, 1) {
			var r *plan.Repacking
			run, err := measure.Pass(func() (time.Duration, error) {
				r = ullage.Repack(in, o.Cluster, bound, terms.Charge)
				return 0, nil
			})
			if err != nil {
				return err
			}
			if first != nil && !reflect.DeepEqual(r, first) {
				return fmt.Errorf("our pass %d came to something else than the first", len(runs)+1)
			}
			runs, first = append(runs, run), r
		}
		if o.Repacking = first; bound {
			o.Bounded = measure.Median(runs)
		} else {
			o.Pass = measure.Median(runs)
		}
	}
	o.Decisions = ullage.Decisions(o.Cluster, o.Repacking.Actions)
	if o.Report, err = check.Steps(o.Cluster, o.Decisions); err != nil {
		return fmt.Errorf("checking our actions: %w", err)
	}
	return nil
}

func theirs(ctx context.Context, c *record.Cluster, terms Terms) (*Theirs, error) {
	yard, err := karpenter.NewYard(ctx, c, karpenter.Gates{})
	if err != nil {
		return nil, err
	}
	t := &Theirs{}
	var all []*disruption.Candidate
	t.List, err = measure.Pass(func() (_ time.Duration, err error) {
		all, err = yard.Candidates(ctx)
		return 0, err
	})
	if err != nil {
		return nil, err
	}
	t.Candidates = len(all)
	chosen := evenly(all, terms.Candidates)
	t.Simulated = len(chosen)
	t.Steps, err = measure.Pass(func() (time.Duration, error) {
		for _, x := range chosen {
			if _, err := yard.Simulate(ctx, x); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	if err != nil {
		return nil, err
	}
	return t, t.check(ctx, c, yard, evenly(chosen, terms.Checked))
}

// check simulates once more, off the clock, and has the answers checked.
func (t *Theirs) check(ctx context.Context, c *record.Cluster, yard *karpenter.Yard, chosen []*disruption.Candidate) error {
	for _, x := range chosen {
		results, err := yard.Simulate(ctx, x)
		if err != nil {
			return err
		}
		p := karpenter.Placed(results)
		report, err := check.Plan(c.Without([]string{x.Name()}), p)
		if err != nil {
			return fmt.Errorf("checking what Karpenter would do without node %s: %w", x.Name(), err)
		}
		t.Checked++
		if p.NewNodes() == 0 && len(p.Unschedulable) == 0 {
			t.Deletable++
		}
		if !report.Feasible() {
			t.Infeasible++
			t.Example = x.Name() + ": " + report.String()
		}
	}
	return nil
}

// evenly chooses at most n of a list, as far apart as can be; all for 0.
func evenly[T any](list []T, n int) []T {
	if n <= 0 || n >= len(list) {
		return list
	}
	out := make([]T, n)
	for i := range out {
		out[i] = list[i*len(list)/n]
	}
	return out
}
