package kube

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/internal/window"
)

// budgetZone is the annotation of a NodePool that says in which time zone the
// schedules of its budgets are read: an IANA name, UTC without it.
const budgetZone = "ullage.sh/budget-time-zone"

// NodePool converts a NodePool. What is wrong with it becomes Pool.Invalid: the
// pool is then not used, and its status says why.
func NodePool(np *karpv1.NodePool) *cluster.Pool {
	t := np.Spec.Template
	p := &cluster.Pool{
		Name: np.Name, UID: string(np.UID), Revision: np.ResourceVersion, Generation: np.Generation,
		Class: classRef(t.Spec.NodeClassRef), Labels: t.Labels, Annotations: t.Annotations,
		Taints: taints(t.Spec.Taints), StartupTaints: taints(t.Spec.StartupTaints),
		ExpireAfter:            duration(t.Spec.ExpireAfter.Duration),
		TerminationGracePeriod: metaDuration(t.Spec.TerminationGracePeriod),
		Hash:                   np.Hash(),
		Limits:                 limits(np.Spec.Limits),
		ConsolidateAfter:       duration(np.Spec.Disruption.ConsolidateAfter.Duration),
		Policy:                 cluster.ConsolidationPolicy(np.Spec.Disruption.ConsolidationPolicy),
		Replicas:               np.Spec.Replicas,
		DeletingAt:             instantPtr(np.DeletionTimestamp),
		Resources:              resources(np.Status.Resources),
	}
	if np.Spec.Weight != nil {
		p.Weight = *np.Spec.Weight
	}
	if np.Status.Nodes != nil {
		p.Resources = p.Resources.Max(cluster.NewResources(map[string]int64{cluster.NodesLimit: *np.Status.Nodes}))
	}
	for _, c := range np.Status.Conditions {
		p.Conditions = append(p.Conditions, condition(metav1.Condition(c)))
	}
	var problems []string
	fail := func(err error) {
		if err != nil {
			problems = append(problems, err.Error())
		}
	}
	for _, l := range p.Limits {
		if l.Value < 0 {
			fail(fmt.Errorf("spec.limits.%s is negative", l.Name))
		}
	}
	fail(static(&np.Spec))
	if text, ok := np.Annotations[pricePreferences]; ok {
		m, ok := preferencePrice(text)
		p.PreferencePrice = &m
		if !ok {
			fail(fmt.Errorf("metadata.annotations[%s]: "+noPreferencePrice, pricePreferences, text))
		}
	}
	var err error
	p.Requirements, err = requirements(t.Spec.Requirements)
	fail(err)
	p.Budgets, err = budgets(np)
	fail(err)
	if len(problems) == 0 { // what is said above already need not be said twice
		problems = leaves(np.RuntimeValidate(context.Background()))
	}
	p.Invalid = strings.Join(problems, "; ")
	return p
}

// static tells what a pool of a fixed number of nodes must not have: what the API server
// would refuse, and a file may hold nevertheless.
func static(s *karpv1.NodePoolSpec) error {
	if s.Replicas == nil {
		return nil
	}
	switch {
	case *s.Replicas < 0:
		return fmt.Errorf("spec.replicas is %d, want at least 0", *s.Replicas)
	case s.Weight != nil:
		return errors.New("spec.weight: a pool with spec.replicas is not chosen among others, so it has no weight")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Limits)) {
		if name != cluster.NodesLimit {
			return fmt.Errorf("spec.limits.%s: a pool with spec.replicas is limited by its number of nodes only", name)
		}
	}
	return nil
}

// bracketed is a list in an error of Karpenter's.
var bracketed = regexp.MustCompile(`\[[^][]*\]`)

// leaves are the texts of the errors that err is made of, sorted, and the lists in
// them too: both may come from maps, and the same mistake is to read the same.
func leaves(err error) []string {
	if err == nil {
		return nil
	}
	// One that wraps many is meant, not what it wraps.
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []string{bracketed.ReplaceAllStringFunc(err.Error(), func(list string) string {
			words := strings.Fields(strings.Trim(list, "[]"))
			slices.Sort(words)
			return "[" + strings.Join(words, " ") + "]"
		})}
	}
	var out []string
	for _, e := range many.Unwrap() {
		out = append(out, leaves(e)...)
	}
	slices.Sort(out)
	return out
}

// limits keeps zeros: a limit of 0 allows nothing, none allows everything.
func limits(in karpv1.Limits) cluster.Resources {
	out := make(cluster.Resources, 0, len(in))
	for name, q := range in {
		out = append(out, cluster.Amount{Name: string(name), Value: amount(name, q)})
	}
	slices.SortFunc(out, func(a, b cluster.Amount) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func classRef(r *karpv1.NodeClassReference) cluster.ClassRef {
	if r == nil {
		return cluster.ClassRef{}
	}
	return cluster.ClassRef{Group: r.Group, Kind: r.Kind, Name: r.Name}
}

func metaDuration(d *metav1.Duration) cluster.Duration {
	if d == nil {
		return cluster.Forever
	}
	return cluster.Duration(d.Duration)
}

func requirements(in []karpv1.NodeSelectorRequirementWithMinValues) ([]cluster.Requirement, error) {
	var out []cluster.Requirement
	for i, r := range in {
		op, ok := cluster.ParseOperator(string(r.Operator))
		if !ok {
			return nil, fmt.Errorf("requirement %d on %s: operator %q is none of In, NotIn, Exists, DoesNotExist, Gt, Lt, Gte, Lte", i, r.Key, r.Operator)
		}
		x := cluster.Requirement{Key: labelKey(r.Key), Operator: op, Values: r.Values}
		if r.MinValues != nil {
			x.MinValues = *r.MinValues
		}
		out = append(out, x)
	}
	return out, nil
}

func coreRequirements(in []cluster.Requirement) []karpv1.NodeSelectorRequirementWithMinValues {
	out := make([]karpv1.NodeSelectorRequirementWithMinValues, len(in))
	for i, r := range in {
		out[i] = karpv1.NodeSelectorRequirementWithMinValues{Key: r.Key, Operator: corev1.NodeSelectorOperator(r.Operator.String()), Values: r.Values}
		if r.MinValues > 0 {
			out[i].MinValues = &in[i].MinValues
		}
	}
	return out
}

func budgets(np *karpv1.NodePool) ([]cluster.Budget, error) {
	var out []cluster.Budget
	for i, b := range np.Spec.Disruption.Budgets {
		x := cluster.Budget{}
		count, percent := strings.CutSuffix(b.Nodes, "%")
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("budget %d: nodes is %q, want a number or a percentage", i, b.Nodes)
		}
		x.Nodes, x.Percent = n, percent
		for _, r := range b.Reasons {
			x.Reasons = append(x.Reasons, cluster.Reason(r))
		}
		if (b.Schedule == nil) != (b.Duration == nil) {
			return nil, fmt.Errorf("budget %d: schedule and duration go together", i)
		}
		if b.Schedule != nil {
			x.Window, err = window.New(*b.Schedule, cluster.Duration(b.Duration.Duration), np.Annotations[budgetZone])
			if err != nil {
				return nil, fmt.Errorf("budget %d: %w", i, err)
			}
		}
		out = append(out, x)
	}
	return out, nil
}
