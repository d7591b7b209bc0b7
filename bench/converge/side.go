package converge

import (
	"context"

	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
	policy "github.com/ullage-sh/ullage/sim/policy/karpenter"
	"github.com/ullage-sh/ullage/solve"
)

// Side is who decides.
type Side struct {
	Name string
	// decide says what is done next: nothing for the end.
	decide    func(context.Context, *record.Cluster) ([]*record.Decision, error)
	provision func(*cluster.Snapshot) *plan.Plan
	// reserves: new nodes are kept for the pods that they were bought for.
	reserves bool
}

// Karpenter is the real one. What it buys for pods without a place is what the calibrated
// policy buys.
func Karpenter(gates karpenter.Gates) Side {
	name := "Karpenter"
	if gates.SpotToSpot {
		name += ", spot to spot"
	}
	return Side{
		Name: name,
		decide: func(ctx context.Context, c *record.Cluster) ([]*record.Decision, error) {
			yard, err := karpenter.NewYard(ctx, c, gates)
			if err != nil {
				return nil, err
			}
			d, err := yard.Decide(ctx)
			if err != nil || len(d.Gone) == 0 {
				return nil, err
			}
			return []*record.Decision{d}, nil
		},
		provision: func(s *cluster.Snapshot) *plan.Plan { return policy.Provision(s, policy.Options{}) },
	}
}

// Ullage is ours, as the engine would have it.
func Ullage() Side {
	opt := solve.Options{NodeCharge: engine.NodeCharge}
	return Side{
		Name:      "Ullage",
		reserves:  true,
		decide:    func(_ context.Context, c *record.Cluster) ([]*record.Decision, error) { return pass(c, opt) },
		provision: func(s *cluster.Snapshot) *plan.Plan { return solve.Solve(s, opt) },
	}
}

// pass is a pass of repack of which is begun what the pools' budgets allow.
func pass(c *record.Cluster, opt solve.Options) ([]*record.Decision, error) {
	records, err := ullage.Records(c)
	if err != nil {
		return nil, err
	}
	in := repack.Input{Input: records, Now: cluster.Instant(c.Now.UnixNano()), Kept: kept(c, records), AtOnce: map[string]int{}}
	allowed := map[string]map[cluster.Reason]int{}
	for _, p := range records.Pools {
		allowed[p.Name] = map[cluster.Reason]int{}
		for _, why := range []cluster.Reason{cluster.ReasonEmpty, cluster.ReasonUnderutilized} {
			allowed[p.Name][why], _ = engine.AllowedDisruptions(p, nodes(c, p.Name), why, in.Now)
		}
		in.AtOnce[p.Name] = allowed[p.Name][cluster.ReasonUnderutilized]
	}
	r := repack.Repack(in, repack.Options{Solve: opt, BoundSteps: -1})
	pool := map[string]string{}
	for _, n := range c.Nodes {
		pool[n.Name] = n.Labels[karpv1.NodePoolLabelKey]
	}
	var begun []plan.Action
	for _, a := range r.Actions {
		want := map[string]int{}
		for _, h := range a.Hosts {
			want[pool[h]]++
		}
		if affords(allowed, want, a.Why) {
			begun = append(begun, a)
		}
	}
	return ullage.Decisions(c, begun), nil
}

// affords tells whether budgets let so many nodes go, and takes them off if so.
func affords(allowed map[string]map[cluster.Reason]int, want map[string]int, why cluster.Reason) bool {
	for pool, n := range want {
		if allowed[pool][why] < n {
			return false
		}
	}
	for pool, n := range want {
		for reason := range allowed[pool] {
			allowed[pool][reason] -= n
		}
	}
	return true
}

// kept are the nodes that the engine would not let go now.
func kept(c *record.Cluster, in cluster.Input) map[string]string {
	pools := map[string]*cluster.Pool{}
	for _, p := range in.Pools {
		pools[p.Name] = p
	}
	out := map[string]string{}
	now := cluster.Instant(c.Now.UnixNano())
	for _, n := range c.Nodes {
		if n.Annotations[karpv1.DoNotDisruptAnnotationKey] == "true" {
			out[n.Name] = "it carries do-not-disrupt"
		}
	}
	for _, claim := range in.Claims {
		p := pools[claim.Pool]
		since := claim.LastPodEvent
		if since.IsZero() {
			since = claim.Condition(cluster.Initialized).Since
		}
		if p.ConsolidateAfter == cluster.Forever || now < since.Add(p.ConsolidateAfter) {
			out[claim.NodeName] = "pods have come or gone a moment ago"
		}
	}
	return out
}

func nodes(c *record.Cluster, pool string) (n int) {
	for _, x := range c.Nodes {
		if x.Labels[karpv1.NodePoolLabelKey] == pool {
			n++
		}
	}
	return n
}
