package oracle

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/ullage-sh/ullage/cluster"
)

// Objects is a cluster as its API server would list it, and what can be bought for
// it. Objects are shared between copies and never written: a change puts another
// object in the place of the old one.
type Objects struct {
	Nodes    []*corev1.Node
	CSINodes []*storagev1.CSINode
	// Pods, with and without a node. Those without are placed in this order.
	Pods                   []*corev1.Pod
	Namespaces             []*corev1.Namespace
	PersistentVolumes      []*corev1.PersistentVolume
	PersistentVolumeClaims []*corev1.PersistentVolumeClaim
	StorageClasses         []*storagev1.StorageClass
	VolumeAttachments      []*storagev1.VolumeAttachment
	CSIDrivers             []*storagev1.CSIDriver
	StorageCapacities      []*storagev1.CSIStorageCapacity
	// Devices, and claims to them.
	DeviceClasses  []*resourcev1.DeviceClass
	ResourceSlices []*resourcev1.ResourceSlice
	ResourceClaims []*resourcev1.ResourceClaim
	// DaemonSets whose pods are among Pods or have yet to arrive, see [Objects.Attend].
	DaemonSets []*appsv1.DaemonSet

	// Pools and the types that all of them sell.
	Pools []*cluster.Pool
	Types []cluster.InstanceType
}

// Clone returns a copy with lists of its own.
func (o *Objects) Clone() *Objects {
	c := *o
	c.Nodes, c.CSINodes, c.Pods, c.Namespaces = own(o.Nodes), own(o.CSINodes), own(o.Pods), own(o.Namespaces)
	c.PersistentVolumes, c.PersistentVolumeClaims = own(o.PersistentVolumes), own(o.PersistentVolumeClaims)
	c.StorageClasses, c.VolumeAttachments = own(o.StorageClasses), own(o.VolumeAttachments)
	c.DaemonSets = own(o.DaemonSets)
	c.CSIDrivers, c.StorageCapacities = own(o.CSIDrivers), own(o.StorageCapacities)
	c.DeviceClasses, c.ResourceSlices, c.ResourceClaims = own(o.DeviceClasses), own(o.ResourceSlices), own(o.ResourceClaims)
	c.Pools, c.Types = own(o.Pools), own(o.Types)
	return &c
}

func own[T any](list []T) []T { return append([]T(nil), list...) }

// Node returns the node of that name, or nil.
func (o *Objects) Node(name string) *corev1.Node {
	for _, n := range o.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Names of the nodes, in order.
func (o *Objects) Names() []string {
	out := make([]string, len(o.Nodes))
	for i, n := range o.Nodes {
		out[i] = n.Name
	}
	return out
}

// Waiting returns the pods without a node.
func (o *Objects) Waiting() []*corev1.Pod {
	var out []*corev1.Pod
	for _, p := range o.Pods {
		if p.Spec.NodeName == "" {
			out = append(out, p)
		}
	}
	return out
}

// YAML writes the objects as kubectl would take them, and what can be bought as
// comments.
func (o *Objects) YAML() string {
	var b strings.Builder
	document := func(object runtime.Object, kind string) {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		must(err)
		prune(fields)
		text, err := yaml.Marshal(fields)
		must(err)
		b.WriteString("---\nkind: " + kind + "\n")
		b.Write(text)
	}
	for _, x := range o.Namespaces {
		document(x, "Namespace")
	}
	for _, x := range o.Nodes {
		n := x.DeepCopy()
		n.Status.Capacity = nil // the same as allocatable
		document(n, "Node")
	}
	for _, x := range o.CSINodes {
		document(x, "CSINode")
	}
	for _, x := range o.StorageClasses {
		document(x, "StorageClass")
	}
	for _, x := range o.PersistentVolumes {
		document(x, "PersistentVolume")
	}
	for _, x := range o.PersistentVolumeClaims {
		document(x, "PersistentVolumeClaim")
	}
	for _, x := range o.VolumeAttachments {
		document(x, "VolumeAttachment")
	}
	for _, x := range o.CSIDrivers {
		document(x, "CSIDriver")
	}
	for _, x := range o.StorageCapacities {
		document(x, "CSIStorageCapacity")
	}
	for _, x := range o.DeviceClasses {
		document(x, "DeviceClass")
	}
	for _, x := range o.ResourceSlices {
		document(x, "ResourceSlice")
	}
	for _, x := range o.ResourceClaims {
		document(x, "ResourceClaim")
	}
	for _, x := range o.DaemonSets {
		document(x, "DaemonSet")
	}
	for _, x := range o.Pods {
		document(x, "Pod")
	}
	for _, p := range o.Pools {
		fmt.Fprintf(&b, "# pool %s labels %v taints %v requirements %v\n", p.Name, p.Labels, p.Taints, p.Requirements)
	}
	for _, t := range o.Types {
		fmt.Fprintf(&b, "# type %s labels %v allocatable %v offerings %v\n", t.Name, t.Labels, t.Allocatable, t.Offerings)
	}
	return b.String()
}

// prune leaves out what is empty, which Go writes and people do not. An empty
// selector is not the same as none.
func prune(fields map[string]any) (empty bool) {
	for k, v := range fields {
		switch x := v.(type) {
		case nil:
			delete(fields, k)
		case string:
			if x == "" && k != "value" {
				delete(fields, k)
			}
		case int64:
			if x == 0 && k == "Port" {
				delete(fields, k)
			}
		case map[string]any:
			if prune(x) && !strings.HasSuffix(k, "elector") {
				delete(fields, k)
			}
		case []any:
			for _, item := range x {
				if m, ok := item.(map[string]any); ok {
					prune(m)
				}
			}
		}
	}
	return len(fields) == 0
}
