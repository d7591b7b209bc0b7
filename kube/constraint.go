package kube

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/solve"
)

// requirement converts a requirement on a label, of a node or of a pod. It says
// what the scheduler would say to one that it cannot read.
func requirement(key, operator string, values []string) (cluster.Requirement, error) {
	op, ok := cluster.ParseOperator(operator)
	if !ok {
		return cluster.Requirement{}, fmt.Errorf("operator %q is none of In, NotIn, Exists, DoesNotExist, Gt, Lt", operator)
	}
	r := cluster.Requirement{Key: key, Operator: op, Values: values}
	if len(values) > 1 && !slices.IsSorted(values) {
		r.Values = slices.Sorted(slices.Values(values))
	}
	if check, ok := selections[op]; ok {
		if _, err := labels.NewRequirement(key, check, values); err != nil {
			return r, err
		}
	}
	return r, nil
}

var selections = map[cluster.Operator]selection.Operator{
	cluster.In: selection.In, cluster.NotIn: selection.NotIn,
	cluster.Exists: selection.Exists, cluster.DoesNotExist: selection.DoesNotExist,
	cluster.Gt: selection.GreaterThan, cluster.Lt: selection.LessThan,
}

// selector converts a selector of pods or namespaces: nil selects none, an empty
// one all.
func (d *demander) selector(at string, s *metav1.LabelSelector) cluster.Term {
	if s == nil {
		return nil
	}
	out := make(cluster.Term, 0, len(s.MatchLabels)+len(s.MatchExpressions))
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		r, err := requirement(key, "In", []string{s.MatchLabels[key]})
		if err != nil {
			d.refuse(at+".matchLabels["+key+"]", "%v", err)
		}
		out = join(out, r)
	}
	for i := range s.MatchExpressions {
		e := &s.MatchExpressions[i]
		r, err := requirement(e.Key, string(e.Operator), e.Values)
		if err == nil && r.Operator > cluster.DoesNotExist {
			err = fmt.Errorf("operator %s does not select pods", e.Operator)
		}
		if err != nil {
			d.refuse(at+".matchExpressions["+strconv.Itoa(i)+"]", "%v", err)
		}
		out = join(out, r)
	}
	return out
}

// join adds a requirement to a term that does not have it yet.
func join(t cluster.Term, r cluster.Requirement) cluster.Term {
	if slices.ContainsFunc(t, func(x cluster.Requirement) bool {
		return x.Key == r.Key && x.Operator == r.Operator && slices.Equal(x.Values, r.Values)
	}) {
		return t
	}
	return append(t, r)
}

// own adds to a selector that pods agree (or, for NotIn, differ) with this one in
// the labels of keys. The API server has done so already where it knows these
// fields; then nothing is added.
func (d *demander) own(t cluster.Term, keys []string, op cluster.Operator) cluster.Term {
	if t == nil {
		return nil // selects none
	}
	for _, key := range keys {
		if value, ok := d.pod.Labels[key]; ok {
			t = join(t, cluster.Requirement{Key: key, Operator: op, Values: []string{value}})
		}
	}
	return t
}

// spread converts the i-th topology spread constraint.
func (d *demander) spread(i int, c *corev1.TopologySpreadConstraint) {
	at := "spec.topologySpreadConstraints[" + strconv.Itoa(i) + "]"
	s := cluster.TopologySpread{Key: labelKey(c.TopologyKey), MaxSkew: c.MaxSkew, HonorAffinity: true}
	d.topologyKey(at, c.TopologyKey)
	if c.MaxSkew < 1 {
		d.refuse(at+".maxSkew", "%d is less than 1", c.MaxSkew)
	}
	switch c.WhenUnsatisfiable {
	case corev1.DoNotSchedule:
	case corev1.ScheduleAnyway:
		s.Soft = true
	default:
		d.refuse(at+".whenUnsatisfiable", "%q is neither DoNotSchedule nor ScheduleAnyway", c.WhenUnsatisfiable)
	}
	if c.MinDomains != nil {
		s.MinDomains = *c.MinDomains
		if s.MinDomains < 1 {
			d.refuse(at+".minDomains", "%d is less than 1", s.MinDomains)
		} else if s.Soft {
			d.refuse(at+".minDomains", "goes with DoNotSchedule only")
		}
		if s.MinDomains == 1 {
			s.MinDomains = 0 // which means the same
		}
	}
	s.HonorAffinity = d.honors(at+".nodeAffinityPolicy", c.NodeAffinityPolicy, true)
	s.HonorTaints = d.honors(at+".nodeTaintsPolicy", c.NodeTaintsPolicy, false)
	term := d.own(d.selector(at+".labelSelector", c.LabelSelector), c.MatchLabelKeys, cluster.In)
	if len(term) == 0 {
		// The scheduler counts no pods for a selector that is empty, as it does for
		// none. What is left is that nodes must have the label.
		term = nil
	}
	s.Pods = cluster.PodSelector{Namespaces: []string{d.pod.Namespace}, Labels: term}
	d.out.Spreads = append(d.out.Spreads, s)
}

func (d *demander) topologyKey(at, key string) {
	if key == "" {
		d.refuse(at+".topologyKey", "is empty")
	}
}

func (d *demander) honors(at string, policy *corev1.NodeInclusionPolicy, without bool) bool {
	if policy == nil {
		return without
	}
	switch *policy {
	case corev1.NodeInclusionPolicyHonor:
		return true
	case corev1.NodeInclusionPolicyIgnore:
		return false
	}
	d.refuse(at, "%q is neither Honor nor Ignore", *policy)
	return without
}

func (d *demander) podAffinity() {
	a := d.pod.Spec.Affinity
	if a == nil {
		return
	}
	if n := a.PodAffinity; n != nil {
		d.out.PodAffinity = d.podTerms("spec.affinity.podAffinity", n.RequiredDuringSchedulingIgnoredDuringExecution)
		d.preferred("spec.affinity.podAffinity", n.PreferredDuringSchedulingIgnoredDuringExecution, false)
	}
	if n := a.PodAntiAffinity; n != nil {
		d.out.PodAntiAffinity = d.podTerms("spec.affinity.podAntiAffinity", n.RequiredDuringSchedulingIgnoredDuringExecution)
		d.preferred("spec.affinity.podAntiAffinity", n.PreferredDuringSchedulingIgnoredDuringExecution, true)
	}
}

func (d *demander) podTerms(path string, terms []corev1.PodAffinityTerm) []cluster.PodAffinityTerm {
	if len(terms) == 0 {
		return nil
	}
	out := make([]cluster.PodAffinityTerm, len(terms))
	for i := range terms {
		out[i] = d.podTerm(path+".requiredDuringSchedulingIgnoredDuringExecution["+strconv.Itoa(i)+"]", &terms[i])
	}
	return out
}

func (d *demander) preferred(path string, terms []corev1.WeightedPodAffinityTerm, apart bool) {
	for i := range terms {
		at := path + ".preferredDuringSchedulingIgnoredDuringExecution[" + strconv.Itoa(i) + "]"
		t := d.podTerm(at+".podAffinityTerm", &terms[i].PodAffinityTerm)
		if d.weight(at, terms[i].Weight) {
			d.out.Preferences = append(d.out.Preferences, cluster.Preference{Weight: terms[i].Weight, Near: &t, Apart: apart})
		}
	}
}

// podTerm converts a term of pod affinity. One that names no namespace in either
// way means the pod's own.
func (d *demander) podTerm(at string, t *corev1.PodAffinityTerm) cluster.PodAffinityTerm {
	d.topologyKey(at, t.TopologyKey)
	out := cluster.PodAffinityTerm{Key: labelKey(t.TopologyKey)}
	term := d.selector(at+".labelSelector", t.LabelSelector)
	term = d.own(term, t.MatchLabelKeys, cluster.In)
	out.Pods.Labels = d.own(term, t.MismatchLabelKeys, cluster.NotIn)
	out.Pods.NamespaceLabels = d.selector(at+".namespaceSelector", t.NamespaceSelector)
	out.Pods.Namespaces = slices.Compact(slices.Sorted(slices.Values(t.Namespaces)))
	if len(t.Namespaces) == 0 && t.NamespaceSelector == nil {
		out.Pods.Namespaces = []string{d.pod.Namespace}
	}
	return out
}

// pricePreferences is the annotation that says what the preferences of a pod, or of
// the pods on a pool's nodes, may cost.
const pricePreferences = "ullage.sh/preference-price"

// price reads what a preference of weight 100 may cost: USD per hour and node,
// "ignore" for nothing, "respect" for anything.
func (d *demander) price() {
	text, ok := d.pod.Annotations[pricePreferences]
	if !ok {
		return
	}
	m, ok := preferencePrice(text)
	if !ok {
		d.refuse("metadata.annotations["+pricePreferences+"]", noPreferencePrice, text)
		return
	}
	soft := slices.ContainsFunc(d.out.Spreads, func(s cluster.TopologySpread) bool { return s.Soft })
	if soft || len(d.out.Preferences) > 0 {
		d.out.PreferencePrice = &m
	}
}

// noPreferencePrice is what is wrong with a value of the annotation.
const noPreferencePrice = `%q is neither "ignore" nor "respect" nor an amount of USD per hour such as "0.01"`

func preferencePrice(text string) (cluster.Money, bool) {
	switch text {
	case "ignore":
		return 0, true
	case "respect":
		return solve.Respect, true
	}
	return parseUSD(text)
}

// parseUSD reads an amount such as "0.05" to the micro-dollar.
func parseUSD(s string) (cluster.Money, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || point != (fraction != "") || len(fraction) > 6 || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", 6-len(fraction)), 10, 64)
	return cluster.Money(n), err == nil
}
