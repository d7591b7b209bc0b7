package manifest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// check notes what the API server would refuse in an object from a file, as far as
// it decides where pods may run: a plan for what cannot be applied helps nobody.
func (c *Collector) check(at Position, o Object) {
	var errs field.ErrorList
	for _, name := range []string{o.GetName(), o.GetNamespace()} {
		for _, problem := range validation.IsDNS1123Subdomain(name) {
			if name != "" {
				errs = append(errs, field.Invalid(field.NewPath("metadata", "name"), name, problem))
			}
		}
	}
	errs = append(errs, metav1validation.ValidateLabels(o.GetLabels(), field.NewPath("metadata", "labels"))...)
	spec := field.NewPath("spec")
	switch o := o.(type) {
	case *corev1.Node:
		errs = append(errs, checkResources(o.Status.Capacity, field.NewPath("status", "capacity"))...)
		errs = append(errs, checkResources(o.Status.Allocatable, field.NewPath("status", "allocatable"))...)
	case *corev1.Pod:
		errs = append(errs, checkPod(&o.Spec, spec)...)
	default:
		if meta, pod := podOf(o); pod != nil {
			path := templatePath(o)
			errs = append(errs, metav1validation.ValidateLabels(meta.Labels, path.Child("metadata", "labels"))...)
			errs = append(errs, checkPod(pod, path.Child("spec"))...)
			errs = append(errs, checkWorkload(o, meta)...)
		}
	}
	slices.SortFunc(errs, func(a, b *field.Error) int { // some come from maps
		return cmp.Or(strings.Compare(a.Field, b.Field), strings.Compare(a.ErrorBody(), b.ErrorBody()))
	})
	for _, e := range errs {
		c.fail(at, o, e.Field, errors.New(regexUsed.ReplaceAllString(e.ErrorBody(), "")))
	}
}

// regexUsed is what Kubernetes adds to a rule that it has just told in words.
var regexUsed = regexp.MustCompile(`, regex used for validation is '[^']*'`)

// templatePath is where the pod template of a workload stands.
func templatePath(o Object) *field.Path {
	switch o.(type) {
	case *batchv1.CronJob:
		return field.NewPath("spec", "jobTemplate", "spec", "template")
	case *corev1.PodTemplate:
		return field.NewPath("template")
	}
	return field.NewPath("spec", "template")
}

func checkWorkload(o Object, template *metav1.ObjectMeta) field.ErrorList {
	var errs field.ErrorList
	counts := map[string]*int32{}
	switch o := o.(type) {
	case *appsv1.Deployment:
		counts["replicas"] = o.Spec.Replicas
	case *appsv1.ReplicaSet:
		counts["replicas"] = o.Spec.Replicas
	case *appsv1.StatefulSet:
		counts["replicas"] = o.Spec.Replicas
	case *corev1.ReplicationController:
		counts["replicas"] = o.Spec.Replicas
	case *batchv1.Job:
		counts["parallelism"], counts["completions"] = o.Spec.Parallelism, o.Spec.Completions
	case *batchv1.CronJob:
		counts["jobTemplate.spec.parallelism"], counts["jobTemplate.spec.completions"] = o.Spec.JobTemplate.Spec.Parallelism, o.Spec.JobTemplate.Spec.Completions
	}
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[name]; n != nil && (*n < 0 || *n > maxReplicas) {
			errs = append(errs, field.Invalid(field.NewPath("spec", strings.Split(name, ".")...), *n, fmt.Sprintf("must be from 0 to %d", maxReplicas)))
		}
	}
	s := selectorOf(o)
	if s == nil {
		return errs
	}
	path := field.NewPath("spec", "selector")
	problems := metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, path)
	if len(problems) > 0 {
		return append(errs, problems...)
	}
	match, err := metav1.LabelSelectorAsSelector(s)
	switch {
	case err != nil:
		errs = append(errs, field.Invalid(path, "", err.Error()))
	case match.Empty():
		errs = append(errs, field.Required(path, "a workload selects its pods"))
	case !match.Matches(labels.Set(template.Labels)):
		errs = append(errs, field.Invalid(templatePath(o).Child("metadata", "labels"), labels.FormatLabels(template.Labels), "does not match spec.selector"))
	}
	return errs
}

// maxReplicas keeps a slip of the finger from filling the memory.
const maxReplicas = 2_000_000

// checkPod checks the fields of a pod that the scheduler looks at.
func checkPod(s *corev1.PodSpec, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(s.Containers) == 0 {
		errs = append(errs, field.Required(path.Child("containers"), "a pod has at least one container"))
	}
	for list, cs := range map[string][]corev1.Container{"containers": s.Containers, "initContainers": s.InitContainers} {
		for i := range cs {
			errs = append(errs, checkContainer(&cs[i], path.Child(list).Index(i))...)
		}
	}
	if s.Resources != nil {
		errs = append(errs, checkRequirements(*s.Resources, path.Child("resources"))...)
	}
	errs = append(errs, checkResources(s.Overhead, path.Child("overhead"))...)
	errs = append(errs, metav1validation.ValidateLabels(s.NodeSelector, path.Child("nodeSelector"))...)
	for i := range s.Tolerations {
		errs = append(errs, checkToleration(&s.Tolerations[i], path.Child("tolerations").Index(i))...)
	}
	for i := range s.TopologySpreadConstraints {
		errs = append(errs, checkSpread(&s.TopologySpreadConstraints[i], path.Child("topologySpreadConstraints").Index(i))...)
	}
	errs = append(errs, checkAffinity(s.Affinity, path.Child("affinity"))...)
	return errs
}

func checkContainer(c *corev1.Container, path *field.Path) field.ErrorList {
	errs := checkRequirements(c.Resources, path.Child("resources"))
	for i, p := range c.Ports {
		for name, n := range map[string]int32{"containerPort": p.ContainerPort, "hostPort": p.HostPort} {
			if n < 0 || n > 65535 {
				errs = append(errs, field.Invalid(path.Child("ports").Index(i).Child(name), n, "must be a port"))
			}
		}
	}
	return errs
}

func checkRequirements(r corev1.ResourceRequirements, path *field.Path) field.ErrorList {
	errs := append(checkResources(r.Requests, path.Child("requests")), checkResources(r.Limits, path.Child("limits"))...)
	for name, want := range r.Requests {
		if limit, ok := r.Limits[name]; ok && want.Cmp(limit) > 0 {
			errs = append(errs, field.Invalid(path.Child("requests").Key(string(name)), want.String(), "must not be more than the limit of "+limit.String()))
		}
	}
	return errs
}

func checkResources(list corev1.ResourceList, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for name, q := range list {
		if q.Sign() < 0 {
			errs = append(errs, field.Invalid(path.Key(string(name)), q.String(), "must not be negative"))
		}
	}
	return errs
}
