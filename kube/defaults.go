package kube

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SystemSpreads are the topology spread constraints that the scheduler gives to pods
// that have none, unless it is configured otherwise.
var SystemSpreads = []corev1.TopologySpreadConstraint{
	{TopologyKey: corev1.LabelHostname, MaxSkew: 3, WhenUnsatisfiable: corev1.ScheduleAnyway},
	{TopologyKey: corev1.LabelTopologyZone, MaxSkew: 5, WhenUnsatisfiable: corev1.ScheduleAnyway},
}

// ParseSpreads reads what KubeSchedulerConfiguration calls defaultConstraints: "system",
// or each as KEY:MAXSKEW:WHENUNSATISFIABLE.
func ParseSpreads(texts []string) ([]corev1.TopologySpreadConstraint, error) {
	if len(texts) == 1 && texts[0] == "system" {
		return SystemSpreads, nil
	}
	var out []corev1.TopologySpreadConstraint
	for _, text := range texts {
		parts := strings.Split(text, ":")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%q is neither \"system\" nor like \"topology.kubernetes.io/zone:1:ScheduleAnyway\"", text)
		}
		skew, err := strconv.ParseInt(parts[1], 10, 32)
		when := corev1.UnsatisfiableConstraintAction(parts[2])
		switch {
		case parts[0] == "":
			return nil, fmt.Errorf("%q: the topology key is missing", text)
		case err != nil || skew < 1:
			return nil, fmt.Errorf("%q: maxSkew %q is not a number from 1", text, parts[1])
		case when != corev1.DoNotSchedule && when != corev1.ScheduleAnyway:
			return nil, fmt.Errorf("%q: %q is neither DoNotSchedule nor ScheduleAnyway", text, parts[2])
		}
		out = append(out, corev1.TopologySpreadConstraint{TopologyKey: parts[0], MaxSkew: int32(skew), WhenUnsatisfiable: when})
	}
	return out, nil
}

// ofOnePod are labels that tell the pods of a workload from each other.
var ofOnePod = []string{"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-revision-hash"}

// withDefaults is the pod with the default constraints, if it has none of its own and
// belongs to a workload whose pods are spread. The scheduler counts the pods that the
// selectors of the workload and its Services select; here these are the pods with the
// same labels, which is the same where pods of a workload are alike.
func (c *Converter) withDefaults(p *corev1.Pod) *corev1.Pod {
	if len(c.DefaultSpreads) == 0 || len(p.Spec.TopologySpreadConstraints) > 0 {
		return p
	}
	switch owner(p).Kind {
	case "ReplicaSet", "StatefulSet", "ReplicationController", "Deployment":
	default:
		return p
	}
	labels := maps.Clone(p.Labels)
	for _, key := range ofOnePod {
		delete(labels, key)
	}
	if len(labels) == 0 {
		return p
	}
	with := &corev1.Pod{ObjectMeta: p.ObjectMeta, Spec: p.Spec, Status: p.Status}
	with.Spec.TopologySpreadConstraints = make([]corev1.TopologySpreadConstraint, len(c.DefaultSpreads))
	for i, s := range c.DefaultSpreads {
		s.LabelSelector = &metav1.LabelSelector{MatchLabels: labels}
		with.Spec.TopologySpreadConstraints[i] = s
	}
	return with
}
