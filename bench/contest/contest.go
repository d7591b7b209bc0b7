package contest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/bench/check"
	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/measure"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
)

// Terms are what both sides are held to.
type Terms struct {
	// Repeat is how often each side works on a case, and Least the time that it works
	// on it at least: the first runs of a program are not like the others, and of what
	// takes a millisecond seven runs are no more than that.
	Repeat int
	Least  time.Duration
	// Budget is after how much time a side is not asked again.
	Budget time.Duration
	// Charge is added to the price of each new node in the objective.
	Charge record.USD
	// Alone: Karpenter is not asked at all.
	Alone bool
}

// enough tells whether a side that has worked so often on a case, for so long in all,
// need not do so again.
func (t *Terms) enough(runs int, spent time.Duration) bool {
	return runs > 0 && spent >= t.Budget || runs >= max(t.Repeat, 1) && spent >= t.Least
}

// Entry is what one side, or one effort of ours, came to.
type Entry struct {
	Plan   *record.Plan
	Report *check.Report
	Run    measure.Run // medians
	Runs   int
}

// Outcome is what came out of one case.
type Outcome struct {
	Input *record.Input
	// Ours is indexed by effort.
	Ours [len(ullage.Efforts)]Entry
	// Karpenter is nil when it was not asked.
	Karpenter *Entry
}

// Hold lets the sides work on an input in turns. The error says what a side does
// not take, that a plan of ours was not the same each time, or that a plan cannot
// be checked.
func Hold(ctx context.Context, in *record.Input, terms Terms) (*Outcome, error) {
	ours, err := newOurs(in, terms)
	if err != nil {
		return nil, err
	}
	theirs, err := newTheirs(ctx, in, terms)
	if err != nil {
		return nil, err
	}
	for !ours.done() || !theirs.done() {
		if err := ours.turn(); err != nil {
			return nil, err
		}
		if err := theirs.turn(ctx); err != nil {
			return nil, err
		}
	}
	out := &Outcome{Input: in}
	for i := range ours.entries {
		ours.entries[i].conclude(ours.runs[i])
		out.Ours[i] = ours.entries[i]
	}
	if !terms.Alone {
		theirs.entry.conclude(theirs.runs)
		out.Karpenter = &theirs.entry
	}
	if err := out.check(); err != nil {
		return nil, err
	}
	if !terms.Alone {
		out.boundTheirs()
	}
	return out, nil
}

func (e *Entry) conclude(runs []measure.Run) { e.Run, e.Runs = measure.Median(runs), len(runs) }

// boundTheirs measures Karpenter's plan by our bound, if both place the same pods.
// Where wishes are respected there is none for it: what is proven is what plans
// that honour the same wishes must cost.
func (o *Outcome) boundTheirs() {
	improved := &o.Ours[ullage.Improved]
	wishes := o.Input.Preferences == record.Respect && improved.Report.Wished > 0
	if o.Comparable(improved) && !wishes {
		o.Karpenter.Plan.SetBound(improved.Plan.Bound)
	}
}

// Comparable tells whether a plan of ours leaves out the same pods as Karpenter's:
// only then do their costs compare.
func (o *Outcome) Comparable(e *Entry) bool {
	x, y := e.Plan.Unschedulable, o.Karpenter.Plan.Unschedulable
	if len(x) != len(y) {
		return false
	}
	for i := range x { // both are sorted
		if x[i].Pod != y[i].Pod {
			return false
		}
	}
	return true
}

func (o *Outcome) check() (err error) {
	for i := range o.Ours {
		e := &o.Ours[i]
		if e.Report, err = check.Plan(o.Input, e.Plan); err != nil {
			return fmt.Errorf("checking Ullage's plan: %w", err)
		}
	}
	if o.Karpenter != nil {
		if o.Karpenter.Report, err = check.Plan(o.Input, o.Karpenter.Plan); err != nil {
			return fmt.Errorf("checking Karpenter's plan: %w", err)
		}
	}
	return nil
}

// Dump writes the input and all plans into a folder of the case's name.
func (o *Outcome) Dump(dir string) error {
	dir = filepath.Join(dir, o.Input.Case)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := o.Input.Write(filepath.Join(dir, "input.json")); err != nil {
		return err
	}
	files := map[string]*record.Plan{
		"ullage-first.json": o.Ours[ullage.First].Plan,
		"ullage.json":       o.Ours[ullage.Improved].Plan,
	}
	if o.Karpenter != nil {
		files["karpenter.json"] = o.Karpenter.Plan
	}
	for name, plan := range files {
		if err := plan.Write(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// ours is our side at work.
type ours struct {
	in      *record.Input
	terms   Terms
	side    *ullage.Side
	spent   [len(ullage.Efforts)]time.Duration
	runs    [len(ullage.Efforts)][]measure.Run
	entries [len(ullage.Efforts)]Entry
}

func newOurs(in *record.Input, terms Terms) (*ours, error) {
	side, err := ullage.New(in)
	if err != nil {
		return nil, fmt.Errorf("preparing Ullage: %w", err)
	}
	return &ours{in: in, terms: terms, side: side}, nil
}

func (o *ours) done() bool {
	for i := range ullage.Efforts {
		if !o.terms.enough(len(o.runs[i]), o.spent[i]) {
			return false
		}
	}
	return true
}

func (o *ours) turn() error {
	for i, effort := range ullage.Efforts {
		if o.terms.enough(len(o.runs[i]), o.spent[i]) {
			continue
		}
		pass := o.side.NewPass()
		var answer *ullage.Answer
		run, err := measure.Pass(func() (time.Duration, error) {
			answer = pass.Solve(o.in.Pods, effort, o.terms.Charge)
			return answer.Core, nil
		})
		if err != nil {
			return err
		}
		o.runs[i] = append(o.runs[i], run)
		o.spent[i] += run.Whole
		plan := answer.Plan(o.side, o.terms.Charge)
		if first := o.entries[i].Plan; first != nil && !reflect.DeepEqual(plan, first) {
			return fmt.Errorf("case %s%s: Ullage gives another plan in run %d, $%s instead of $%s", o.in.Case, effort, len(o.runs[i]), plan.Cost, first.Cost)
		}
		o.entries[i].Plan = plan
	}
	return nil
}

// theirs is Karpenter at work.
type theirs struct {
	in    *record.Input
	terms Terms
	side  *karpenter.Side
	spent time.Duration
	runs  []measure.Run
	entry Entry
}

func newTheirs(ctx context.Context, in *record.Input, terms Terms) (*theirs, error) {
	if terms.Alone {
		return &theirs{terms: terms}, nil
	}
	side, err := karpenter.New(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("preparing Karpenter: %w", err)
	}
	return &theirs{in: in, terms: terms, side: side}, nil
}

func (k *theirs) done() bool {
	return k.terms.Alone || k.terms.enough(len(k.runs), k.spent)
}

// turn lets Karpenter work once more, unless it has done so enough. Its plans differ
// from run to run; the last one is kept.
func (k *theirs) turn(ctx context.Context) error {
	if k.done() {
		return nil
	}
	pods := make([]*corev1.Pod, len(k.in.Pods))
	for i, p := range k.in.Pods {
		pods[i] = p.DeepCopy()
	}
	var answer *karpenter.Answer
	run, err := measure.Pass(func() (_ time.Duration, err error) {
		if answer, err = k.side.Solve(ctx, pods); err != nil {
			return 0, err
		}
		return answer.Core, nil
	})
	if err != nil {
		return err
	}
	k.runs = append(k.runs, run)
	k.spent += run.Whole
	k.entry.Plan = answer.Plan(k.terms.Charge)
	return nil
}
