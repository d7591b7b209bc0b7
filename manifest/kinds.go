package manifest

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	schedulingv1alpha2 "k8s.io/api/scheduling/v1alpha2"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	autoscalingv1beta1 "sigs.k8s.io/karpenter/pkg/apis/autoscaling/v1beta1"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	karpv1alpha1 "sigs.k8s.io/karpenter/pkg/apis/v1alpha1"

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/api/v1alpha1"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/kube"
)

// ClassKinds are the kinds of node classes that are read.
var ClassKinds = []cluster.ClassKind{
	{Group: "eks.amazonaws.com", Version: "v1", Kind: "NodeClass", Plural: "nodeclasses"},
	{Group: "karpenter.k8s.aws", Version: "v1", Kind: "EC2NodeClass", Plural: "ec2nodeclasses"},
	{Group: "karpenter.k8s.aws", Version: "v1alpha1", Kind: "AWSNodeTemplate", Plural: "awsnodetemplates"},
	{Group: "ullage.sh", Version: "v1alpha1", Kind: "SimulatedNodeClass", Plural: "simulatednodeclasses"},
}

// kind is a kind of object that is read.
type kind struct {
	gvk        schema.GroupVersionKind
	new        func() Object
	namespaced bool
}

var kinds = append([]kind{
	kindOf("", "v1", "Pod", true, &corev1.Pod{}),
	kindOf("", "v1", "ReplicationController", true, &corev1.ReplicationController{}),
	kindOf("", "v1", "PodTemplate", true, &corev1.PodTemplate{}),
	kindOf("", "v1", "PersistentVolumeClaim", true, &corev1.PersistentVolumeClaim{}),
	kindOf("", "v1", "LimitRange", true, &corev1.LimitRange{}),
	kindOf("", "v1", "Node", false, &corev1.Node{}),
	kindOf("", "v1", "PersistentVolume", false, &corev1.PersistentVolume{}),
	kindOf("", "v1", "Namespace", false, &corev1.Namespace{}),
	kindOf("apps", "v1", "Deployment", true, &appsv1.Deployment{}),
	kindOf("apps", "v1", "ReplicaSet", true, &appsv1.ReplicaSet{}),
	kindOf("apps", "v1", "StatefulSet", true, &appsv1.StatefulSet{}),
	kindOf("apps", "v1", "DaemonSet", true, &appsv1.DaemonSet{}),
	kindOf("batch", "v1", "Job", true, &batchv1.Job{}),
	kindOf("batch", "v1", "CronJob", true, &batchv1.CronJob{}),
	kindOf(autoscalingv1beta1.Group, "v1beta1", "CapacityBuffer", true, &autoscalingv1beta1.CapacityBuffer{}),
	kindOf("policy", "v1", "PodDisruptionBudget", true, &policyv1.PodDisruptionBudget{}),
	kindOf("node.k8s.io", "v1", "RuntimeClass", false, &nodev1.RuntimeClass{}),
	kindOf("scheduling.k8s.io", "v1alpha2", "PodGroup", true, &schedulingv1alpha2.PodGroup{}),
	untyped(kube.CoschedulingPodGroup, true),
	kindOf("scheduling.k8s.io", "v1", "PriorityClass", false, &schedulingv1.PriorityClass{}),
	kindOf("storage.k8s.io", "v1", "StorageClass", false, &storagev1.StorageClass{}),
	kindOf("storage.k8s.io", "v1", "CSINode", false, &storagev1.CSINode{}),
	kindOf("storage.k8s.io", "v1", "CSIDriver", false, &storagev1.CSIDriver{}),
	kindOf("storage.k8s.io", "v1", "CSIStorageCapacity", true, &storagev1.CSIStorageCapacity{}),
	kindOf("storage.k8s.io", "v1", "VolumeAttachment", false, &storagev1.VolumeAttachment{}),
	kindOf("resource.k8s.io", "v1", "ResourceClaim", true, &resourcev1.ResourceClaim{}),
	kindOf("resource.k8s.io", "v1", "ResourceClaimTemplate", true, &resourcev1.ResourceClaimTemplate{}),
	kindOf("resource.k8s.io", "v1", "ResourceSlice", false, &resourcev1.ResourceSlice{}),
	kindOf("resource.k8s.io", "v1", "DeviceClass", false, &resourcev1.DeviceClass{}),
	kindOf("karpenter.sh", "v1", "NodePool", false, &karpv1.NodePool{}),
	kindOf("karpenter.sh", "v1alpha5", "Provisioner", false, &v1alpha5.Provisioner{}),
	kindOf("karpenter.sh", "v1", "NodeClaim", false, &karpv1.NodeClaim{}),
	kindOf("karpenter.sh", "v1alpha1", "NodeOverlay", false, &karpv1alpha1.NodeOverlay{}),
	kindOf(v1alpha1.Group, "v1alpha1", "NodeGroup", false, &v1alpha1.NodeGroup{}),
	kindOf(v1alpha1.Group, "v1alpha1", "FargateProfile", false, &v1alpha1.FargateProfile{}),
}, classKinds()...)

func kindOf(group, version, name string, namespaced bool, example Object) kind {
	return kind{
		gvk: schema.GroupVersionKind{Group: group, Version: version, Kind: name}, namespaced: namespaced,
		new: func() Object { o, _ := example.DeepCopyObject().(Object); return o }, // of the same type
	}
}

func classKinds() []kind {
	var out []kind
	for _, k := range ClassKinds {
		out = append(out, untyped(schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}, false))
	}
	return out
}

// untyped is a kind without Go types.
func untyped(gvk schema.GroupVersionKind, namespaced bool) kind {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(gvk)
	return kindOf(gvk.Group, gvk.Version, gvk.Kind, namespaced, u)
}

// Kinds lists what is read, sorted.
func Kinds() []schema.GroupVersionKind {
	out := make([]schema.GroupVersionKind, len(kinds))
	for i, k := range kinds {
		out[i] = k.gvk
	}
	slices.SortFunc(out, func(a, b schema.GroupVersionKind) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func findKind(gvk schema.GroupVersionKind) *kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.gvk == gvk })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

// newObject returns an empty object of a kind, nil for a kind that is not read.
func newObject(gvk schema.GroupVersionKind) Object {
	if k := findKind(gvk); k != nil {
		return k.new()
	}
	return nil
}

// IsClass tells whether a kind is one of [ClassKinds].
func IsClass(gvk schema.GroupVersionKind) bool {
	return slices.ContainsFunc(ClassKinds, func(k cluster.ClassKind) bool { return k.Group == gvk.Group && k.Kind == gvk.Kind })
}

// Object is a Kubernetes object of any kind.
type Object interface {
	metav1.Object
	runtime.Object
}
