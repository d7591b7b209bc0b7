package manifest

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var (
	effects = []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}

	tolerationOperators = []corev1.TolerationOperator{
		corev1.TolerationOpEqual, corev1.TolerationOpExists, corev1.TolerationOpGt, corev1.TolerationOpLt,
	}
	nodeOperators = []corev1.NodeSelectorOperator{
		corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn, corev1.NodeSelectorOpExists,
		corev1.NodeSelectorOpDoesNotExist, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt,
	}
	unsatisfiable = []corev1.UnsatisfiableConstraintAction{corev1.DoNotSchedule, corev1.ScheduleAnyway}
	inclusion     = []corev1.NodeInclusionPolicy{corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore}
)

func checkToleration(t *corev1.Toleration, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if t.Operator != "" && !slices.Contains(tolerationOperators, t.Operator) {
		errs = append(errs, field.NotSupported(path.Child("operator"), t.Operator, tolerationOperators))
	}
	if t.Effect != "" && !slices.Contains(effects, t.Effect) {
		errs = append(errs, field.NotSupported(path.Child("effect"), t.Effect, effects))
	}
	if t.Key == "" && t.Operator != corev1.TolerationOpExists {
		errs = append(errs, field.Invalid(path.Child("operator"), t.Operator, "must be Exists where there is no key"))
	}
	return errs
}

func checkSpread(s *corev1.TopologySpreadConstraint, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.MaxSkew < 1 {
		errs = append(errs, field.Invalid(path.Child("maxSkew"), s.MaxSkew, "must be at least 1"))
	}
	if s.TopologyKey == "" {
		errs = append(errs, field.Required(path.Child("topologyKey"), ""))
	}
	if !slices.Contains(unsatisfiable, s.WhenUnsatisfiable) {
		errs = append(errs, field.NotSupported(path.Child("whenUnsatisfiable"), s.WhenUnsatisfiable, unsatisfiable))
	}
	if s.MinDomains != nil && (*s.MinDomains < 1 || s.WhenUnsatisfiable != corev1.DoNotSchedule) {
		errs = append(errs, field.Invalid(path.Child("minDomains"), *s.MinDomains, "must be at least 1, and whenUnsatisfiable DoNotSchedule"))
	}
	for name, p := range map[string]*corev1.NodeInclusionPolicy{"nodeAffinityPolicy": s.NodeAffinityPolicy, "nodeTaintsPolicy": s.NodeTaintsPolicy} {
		if p != nil && !slices.Contains(inclusion, *p) {
			errs = append(errs, field.NotSupported(path.Child(name), *p, inclusion))
		}
	}
	return append(errs, checkSelector(s.LabelSelector, path.Child("labelSelector"))...)
}

func checkSelector(s *metav1.LabelSelector, path *field.Path) field.ErrorList {
	if s == nil {
		return nil
	}
	return metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, path)
}

func checkAffinity(a *corev1.Affinity, path *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if n := a.NodeAffinity; n != nil {
		path := path.Child("nodeAffinity")
		if n.RequiredDuringSchedulingIgnoredDuringExecution != nil {
			path := path.Child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
			terms := n.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
			if len(terms) == 0 {
				errs = append(errs, field.Required(path, "at least one term"))
			}
			for i := range terms {
				errs = append(errs, checkNodeTerm(&terms[i], path.Index(i))...)
			}
		}
		for i := range n.PreferredDuringSchedulingIgnoredDuringExecution {
			p := &n.PreferredDuringSchedulingIgnoredDuringExecution[i]
			path := path.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
			errs = append(errs, checkWeight(p.Weight, path)...)
			errs = append(errs, checkNodeTerm(&p.Preference, path.Child("preference"))...)
		}
	}
	if p := a.PodAffinity; p != nil {
		errs = append(errs, checkPodTerms(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution, path.Child("podAffinity"))...)
	}
	if p := a.PodAntiAffinity; p != nil {
		errs = append(errs, checkPodTerms(p.RequiredDuringSchedulingIgnoredDuringExecution, p.PreferredDuringSchedulingIgnoredDuringExecution, path.Child("podAntiAffinity"))...)
	}
	return errs
}

func checkWeight(w int32, path *field.Path) field.ErrorList {
	if w < 1 || w > 100 {
		return field.ErrorList{field.Invalid(path.Child("weight"), w, "must be from 1 to 100")}
	}
	return nil
}

func checkNodeTerm(t *corev1.NodeSelectorTerm, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for list, rs := range map[string][]corev1.NodeSelectorRequirement{"matchExpressions": t.MatchExpressions, "matchFields": t.MatchFields} {
		for i, r := range rs {
			path := path.Child(list).Index(i)
			values := len(r.Values)
			switch {
			case !slices.Contains(nodeOperators, r.Operator):
				errs = append(errs, field.NotSupported(path.Child("operator"), r.Operator, nodeOperators))
			case (r.Operator == corev1.NodeSelectorOpIn || r.Operator == corev1.NodeSelectorOpNotIn) && values == 0:
				errs = append(errs, field.Required(path.Child("values"), "operator "+string(r.Operator)+" needs at least one"))
			case (r.Operator == corev1.NodeSelectorOpGt || r.Operator == corev1.NodeSelectorOpLt) && values != 1:
				errs = append(errs, field.Invalid(path.Child("values"), r.Values, "operator "+string(r.Operator)+" needs exactly one"))
			case (r.Operator == corev1.NodeSelectorOpExists || r.Operator == corev1.NodeSelectorOpDoesNotExist) && values > 0:
				errs = append(errs, field.Forbidden(path.Child("values"), "operator "+string(r.Operator)+" takes none"))
			}
			if r.Key == "" {
				errs = append(errs, field.Required(path.Child("key"), ""))
			}
		}
	}
	return errs
}

func checkPodTerms(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range required {
		errs = append(errs, checkPodTerm(&required[i], path.Child("requiredDuringSchedulingIgnoredDuringExecution").Index(i))...)
	}
	for i := range preferred {
		path := path.Child("preferredDuringSchedulingIgnoredDuringExecution").Index(i)
		errs = append(errs, checkWeight(preferred[i].Weight, path)...)
		errs = append(errs, checkPodTerm(&preferred[i].PodAffinityTerm, path.Child("podAffinityTerm"))...)
	}
	return errs
}

func checkPodTerm(t *corev1.PodAffinityTerm, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if t.TopologyKey == "" {
		errs = append(errs, field.Required(path.Child("topologyKey"), ""))
	}
	errs = append(errs, checkSelector(t.LabelSelector, path.Child("labelSelector"))...)
	return append(errs, checkSelector(t.NamespaceSelector, path.Child("namespaceSelector"))...)
}
