package calibrate

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/bench/karpenter"
	"github.com/ullage-sh/ullage/bench/record"
	"github.com/ullage-sh/ullage/bench/ullage"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
	"github.com/ullage-sh/ullage/repack"
	policy "github.com/ullage-sh/ullage/sim/policy/karpenter"
)

// Kind is how two decisions differ.
type Kind string

// The kinds, from what differs most.
const (
	Same        Kind = ""
	Idle        Kind = "the policy does nothing"
	Busy        Kind = "Karpenter does nothing"
	Method      Kind = "another method, other nodes"
	Nodes       Kind = "other nodes"
	Count       Kind = "another number of replacements"
	Replacement Kind = "another replacement"
)

// Kinds are those that differ.
var Kinds = []Kind{Idle, Busy, Method, Nodes, Count, Replacement}

// Result is what both came to in one cluster.
type Result struct {
	Cluster      *record.Cluster
	Real, Policy *record.Decision
	Kind         Kind
	// Fickle: Karpenter itself decides one way or another, by chance.
	Fickle bool
}

// again is how often Karpenter is asked once more if the decisions differ: the order of
// candidates and nodes that are worth the same is random.
const again = 12

// Compare asks the real Karpenter and the policy about a cluster.
func Compare(ctx context.Context, c *record.Cluster, gates karpenter.Gates) (*Result, error) {
	out := &Result{Cluster: c}
	var err error
	if out.Policy, err = Decide(c, gates); err != nil {
		return nil, err
	}
	for i := range again {
		one, err := ask(ctx, c, gates)
		if err != nil {
			return nil, fmt.Errorf("cluster %d: %w", c.Seed, err)
		}
		kind := Differ(one, out.Policy)
		if i == 0 {
			out.Real, out.Kind = one, kind
		}
		out.Fickle = out.Fickle || !reflect.DeepEqual(essence(one), essence(out.Real))
		if kind == Same {
			out.Real, out.Kind = one, Same
			break
		}
	}
	return out, nil
}

func ask(ctx context.Context, c *record.Cluster, gates karpenter.Gates) (*record.Decision, error) {
	yard, err := karpenter.NewYard(ctx, c, gates)
	if err != nil {
		return nil, err
	}
	return yard.Decide(ctx)
}

// Decide is the policy's decision.
func Decide(c *record.Cluster, gates karpenter.Gates) (*record.Decision, error) {
	in, err := ullage.Records(c)
	if err != nil {
		return nil, fmt.Errorf("cluster %d: %w", c.Seed, err)
	}
	kept := map[string]string{} // as the engine tells any policy
	for _, n := range c.Nodes {
		if n.Annotations[karpv1.DoNotDisruptAnnotationKey] == "true" {
			kept[n.Name] = "it carries do-not-disrupt"
		}
	}
	command := policy.Disrupt(repack.Input{Input: in, Now: cluster.Instant(c.Now.UnixNano()), Kept: kept}, policy.Options{SpotToSpot: gates.SpotToSpot, Untimed: true})
	if command == nil {
		return &record.Decision{Plan: &record.Plan{}}, nil
	}
	d := ullage.Decisions(c, []plan.Action{command.Action})[0]
	d.Method = string(command.Method)
	return d, nil
}

// Differ says how two decisions differ: which nodes go, and what is the cheapest that
// comes for each.
func Differ(theirs, policy *record.Decision) Kind {
	switch {
	case len(theirs.Gone) == 0 && len(policy.Gone) == 0:
		return Same
	case len(policy.Gone) == 0:
		return Idle
	case len(theirs.Gone) == 0:
		return Busy
	}
	a, b := bought(theirs), bought(policy)
	switch {
	case !slices.Equal(theirs.Gone, policy.Gone) && theirs.Method != policy.Method:
		return Method
	case !slices.Equal(theirs.Gone, policy.Gone):
		return Nodes
	case len(a) != len(b):
		return Count
	case !slices.Equal(a, b):
		return Replacement
	}
	return Same
}

// bought are the cheapest instance types of what is bought, sorted.
func bought(d *record.Decision) []string {
	var out []string
	for _, n := range d.Plan.Nodes {
		if !n.Existing {
			out = append(out, n.InstanceType+" "+n.CapacityType)
		}
	}
	slices.Sort(out)
	return out
}

// essence is what is compared of a decision.
func essence(d *record.Decision) [2][]string { return [2][]string{d.Gone, bought(d)} }
