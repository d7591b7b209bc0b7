package calibrate

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	policy "github.com/ullage-sh/ullage/sim/policy/karpenter"
)

// Bought is what either buys for the same waiting pods.
type Bought struct {
	Input        *record.Input
	Real, Policy *record.Plan
}

// Provision asks both what to buy.
func Provision(ctx context.Context, in *record.Input) (*Bought, error) {
	theirs, err := karpenter.New(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", in.Case, err)
	}
	pods := make([]*corev1.Pod, len(in.Pods))
	for i, p := range in.Pods {
		pods[i] = p.DeepCopy()
	}
	answer, err := theirs.Solve(ctx, pods)
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", in.Case, err)
	}
	ours, err := ullage.New(in)
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", in.Case, err)
	}
	provision := func(s *cluster.Snapshot) *plan.Plan {
		return policy.Provision(s, policy.Options{IgnorePreferences: in.Preferences == record.Ignore})
	}
	return &Bought{Input: in, Real: answer.Plan(0), Policy: ours.NewPass().SolveBy(in.Pods, provision).Plan(ours, 0)}, nil
}

// Line is one row of a table.
func (b *Bought) Line() string {
	ratio := func(a, b float64) string {
		if a == b {
			return "1.0000"
		}
		return fmt.Sprintf("%.4f", a/b)
	}
	return fmt.Sprintf("%-26s %7d %15s %23s %11s nodes-ratio=%s cost-ratio=%s", b.Input.Case, len(b.Input.Pods),
		fmt.Sprintf("%d/%d", b.Policy.NewNodes(), b.Real.NewNodes()),
		fmt.Sprintf("%.4f/%.4f", b.Policy.Cost.Dollars(), b.Real.Cost.Dollars()),
		fmt.Sprintf("%d/%d", len(b.Policy.Unschedulable), len(b.Real.Unschedulable)),
		ratio(float64(b.Policy.NewNodes()), float64(b.Real.NewNodes())), ratio(b.Policy.Cost.Dollars(), b.Real.Cost.Dollars()))
}

// Heading is the line above such rows.
func Heading() string {
	return fmt.Sprintf("%-26s %7s %15s %23s %11s", "case", "pods", "new nodes", "USD/h", "unplaced")
}
