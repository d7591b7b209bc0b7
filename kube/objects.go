package kube

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// pod fills in the record of a pod, which is empty.
func (l *lane) pod(p *corev1.Pod, out *cluster.Pod) {
	out.UID, out.Namespace, out.Name, out.Revision = string(p.UID), p.Namespace, p.Name, p.ResourceVersion
	p, out.Reserved = withoutReserved(p)
	out.Demand, out.Identity = l.demand(p), l.identity(p)
	out.Node, out.Phase, out.Nominated = p.Spec.NodeName, phase(p.Status.Phase), p.Status.NominatedNodeName
	out.Gated = len(p.Spec.SchedulingGates) > 0
	out.OtherScheduler = p.Spec.SchedulerName != "" && p.Spec.SchedulerName != corev1.DefaultSchedulerName
	out.Created, out.DeleteAt = instant(p.CreationTimestamp.Time), instantPtr(p.DeletionTimestamp)
	out.Owner, out.Gang = owner(p), gangOf(p)
	if len(p.Spec.ResourceClaims) > 0 {
		out.Claims = claimsOf(p)
	}
	out.Critical = p.Spec.PriorityClassName == "system-cluster-critical" || p.Spec.PriorityClassName == "system-node-critical"
	out.ToleratesDisrupted = toleratesDisrupted(p.Spec.Tolerations)
	out.Grace = corev1.DefaultTerminationGracePeriodSeconds * cluster.Second
	if s := p.Spec.TerminationGracePeriodSeconds; s != nil {
		out.Grace = cluster.Duration(*s) * cluster.Second
	}
	if p.Spec.Priority != nil {
		out.Priority = *p.Spec.Priority
	}
	out.Mirror = out.Owner.Kind == "Node"
	out.LocalStorage = storesLocally(p) && out.Owner.Kind != "DaemonSet" && !out.Mirror
	if len(p.Annotations) > 0 {
		annotations(p, out)
	}
	for i := range p.Status.Conditions {
		switch x := &p.Status.Conditions[i]; {
		case x.Type == corev1.PodReady:
			out.Ready = x.Status == corev1.ConditionTrue
		case x.Type == corev1.PodScheduled && x.Reason == corev1.PodReasonUnschedulable:
			out.UnschedulableSince = max(instant(x.LastTransitionTime.Time), 1)
		}
	}
}

func annotations(p *corev1.Pod, out *cluster.Pod) {
	if cost, ok := p.Annotations[corev1.PodDeletionCost]; ok {
		if n, err := strconv.ParseInt(cost, 10, 32); err == nil {
			out.DeletionCost = int32(n)
		}
	}
	if _, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		out.Mirror = true
	}
	protection(p, out)
}

func phase(p corev1.PodPhase) cluster.Phase {
	switch p {
	case corev1.PodRunning:
		return cluster.Running
	case corev1.PodSucceeded:
		return cluster.Succeeded
	case corev1.PodFailed:
		return cluster.Failed
	}
	return cluster.Pending
}

func owner(p *corev1.Pod) cluster.Owner {
	for _, o := range p.OwnerReferences {
		if o.Controller != nil && *o.Controller {
			return cluster.Owner{Kind: o.Kind, Name: o.Name, UID: string(o.UID)}
		}
	}
	return cluster.Owner{}
}

// Annotations by which Cluster Autoscaler is told what may be moved: a pod, whatever
// else speaks for or against it, and volumes of it that hold nothing of worth.
const (
	safeToEvict        = "cluster-autoscaler.kubernetes.io/safe-to-evict"
	safeToEvictVolumes = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
)

// protection reads what a pod says about being moved: for how long it must not be, and
// whether what it has on its node may go with it.
func protection(p *corev1.Pod, out *cluster.Pod) {
	switch safe := p.Annotations[safeToEvict]; safe {
	case "false":
		out.ProtectedUntil, out.ProtectedBy = cluster.Never, safeToEvict
	case "true":
		out.LocalStorage = false
	}
	if v, ok := p.Annotations[karpv1.DoNotDisruptAnnotationKey]; ok {
		if until := protectedUntil(p, v); until > out.ProtectedUntil {
			out.ProtectedUntil, out.ProtectedBy = until, karpv1.DoNotDisruptAnnotationKey
		}
	}
}

// storesLocally tells whether a pod has a volume on its node that is lost, or left
// behind, when the pod goes: not one in memory, which is lost when it restarts.
func storesLocally(p *corev1.Pod) bool {
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		local := v.HostPath != nil || v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumDefault
		if local && !slices.Contains(strings.Split(p.Annotations[safeToEvictVolumes], ","), v.Name) {
			return true
		}
	}
	return false
}

// protectedUntil reads karpenter.sh/do-not-disrupt: "true", or a duration from the
// start of the pod. What is neither does not protect.
func protectedUntil(p *corev1.Pod, v string) cluster.Instant {
	if v == "true" {
		return cluster.Never
	}
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return 0
	}
	if p.Status.StartTime == nil {
		return cluster.Never
	}
	return instant(p.Status.StartTime.Time).Add(cluster.Duration(d))
}

func toleratesDisrupted(ts []corev1.Toleration) bool {
	return slices.ContainsFunc(ts, func(t corev1.Toleration) bool {
		op, ok := tolerationOperator(t.Operator)
		return ok && cluster.Toleration{Key: t.Key, Operator: op, Value: t.Value, Effect: cluster.TaintEffect(t.Effect)}.Tolerates(cluster.DisruptedTaint)
	})
}

// nodeLabels adds to the labels of a node the newer names of those that it has under
// an older one only.
func nodeLabels(labels map[string]string) cluster.Labels {
	var added cluster.Labels
	for older, newer := range normalized {
		value, has := labels[older]
		if _, named := labels[newer]; !has || named {
			continue
		}
		if added == nil {
			added = maps.Clone(labels)
		}
		// Two older names of one label: the order of the map must not decide.
		if other, twice := added[newer]; !twice || value < other {
			added[newer] = value
		}
	}
	if added == nil {
		return labels
	}
	return added
}

// Node converts a node.
func Node(n *corev1.Node) *cluster.Node {
	out := &cluster.Node{
		Name: n.Name, UID: string(n.UID), Revision: n.ResourceVersion, ProviderID: n.Spec.ProviderID,
		Labels: nodeLabels(n.Labels), Annotations: n.Annotations, Taints: taints(n.Spec.Taints),
		Allocatable: resources(n.Status.Allocatable), Capacity: resources(n.Status.Capacity),
		Created: instant(n.CreationTimestamp.Time), DeletingAt: instantPtr(n.DeletionTimestamp), Finalizers: n.Finalizers,
		Unschedulable: n.Spec.Unschedulable,
	}
	for _, o := range n.OwnerReferences {
		out.HasOwner = out.HasOwner || o.Kind == "NodeClaim"
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			out.Ready = c.Status == corev1.ConditionTrue
			out.ReadySince = instant(c.LastTransitionTime.Time)
			out.HeartbeatIsGone = c.Status == corev1.ConditionUnknown
		}
		out.Conditions = append(out.Conditions, cluster.Condition{
			Type: string(c.Type), Status: string(c.Status), Reason: c.Reason, Message: c.Message, Since: instant(c.LastTransitionTime.Time),
		})
	}
	slices.SortStableFunc(out.Conditions, func(a, b cluster.Condition) int { return strings.Compare(a.Type, b.Type) })
	return out
}

// daemonPod is the pod that a DaemonSet makes, without its node.
func daemonPod(ds *appsv1.DaemonSet) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ds.Namespace, Labels: ds.Spec.Template.Labels}, Spec: ds.Spec.Template.Spec}
	// The DaemonSet controller adds these to every pod it creates.
	pod.Spec.Tolerations = append(slices.Clone(pod.Spec.Tolerations),
		corev1.Toleration{Key: corev1.TaintNodeNotReady, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		corev1.Toleration{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute},
		corev1.Toleration{Key: corev1.TaintNodeUnschedulable, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		corev1.Toleration{Key: corev1.TaintNodeDiskPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		corev1.Toleration{Key: corev1.TaintNodeMemoryPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
		corev1.Toleration{Key: corev1.TaintNodePIDPressure, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule},
	)
	return pod
}
