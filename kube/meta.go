package kube

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ullage-sh/ullage/cluster"
)

func instant(t time.Time) cluster.Instant {
	if t.IsZero() {
		return 0
	}
	return cluster.Instant(t.UnixNano())
}

func instantPtr(t *metav1.Time) cluster.Instant {
	if t == nil {
		return 0
	}
	return instant(t.Time)
}

func metaTime(t cluster.Instant) metav1.Time {
	if t.IsZero() {
		return metav1.Time{}
	}
	return metav1.NewTime(time.Unix(0, int64(t)))
}

// duration converts an optional span; nil is Forever.
func duration(d *time.Duration) cluster.Duration {
	if d == nil {
		return cluster.Forever
	}
	return cluster.Duration(*d)
}

func taints(in []corev1.Taint) []cluster.Taint {
	if len(in) == 0 {
		return nil
	}
	out := make([]cluster.Taint, len(in))
	for i, t := range in {
		out[i] = cluster.Taint{Key: t.Key, Value: t.Value, Effect: cluster.TaintEffect(t.Effect)}
	}
	return out
}

// coreTaints converts back. Kubernetes notes on some taints when they were added;
// had holds the taints as they are, so that this is kept.
func coreTaints(in []cluster.Taint, had []corev1.Taint) []corev1.Taint {
	out := make([]corev1.Taint, len(in))
	for i, t := range in {
		out[i] = corev1.Taint{Key: t.Key, Value: t.Value, Effect: corev1.TaintEffect(t.Effect)}
		for _, h := range had {
			if h.Key == t.Key && h.Effect == out[i].Effect {
				out[i].TimeAdded = h.TimeAdded
			}
		}
	}
	return out
}

func condition(c metav1.Condition) cluster.Condition {
	return cluster.Condition{Type: c.Type, Status: string(c.Status), Reason: c.Reason, Message: c.Message, Since: instant(c.LastTransitionTime.Time)}
}

func metaConditions(in []cluster.Condition, generation int64) []metav1.Condition {
	out := make([]metav1.Condition, len(in))
	for i, c := range in {
		out[i] = metav1.Condition{
			Type: c.Type, Status: metav1.ConditionStatus(c.Status), Reason: c.Reason, Message: c.Message,
			LastTransitionTime: metaTime(c.Since), ObservedGeneration: generation,
		}
	}
	return out
}
