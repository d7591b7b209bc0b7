package kube

import (
	"fmt"
	"hash/fnv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	karpv1alpha1 "sigs.k8s.io/karpenter/pkg/apis/v1alpha1"

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/engine"
)

// Note publishes a note as an Event on the object it is about. Quiet notes and
// those about things that Kubernetes does not know are left out.
func (c *Cluster) Note(n engine.Note) {
	about := c.object(n.About)
	if n.Quiet || about == nil {
		return
	}
	kind := corev1.EventTypeNormal
	if n.Warning {
		kind = corev1.EventTypeWarning
	}
	c.recorder.Eventf(about, nil, kind, n.Reason, action(n), "%s", short(n.Message))
}

// action is what an Event says was done: the reason, and a mark of the message. client-go
// takes Events about one object whose reason and action are equal for one, and keeps the
// message of the first.
func action(n engine.Note) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(n.Message)) // never fails
	return fmt.Sprintf("%s-%08x", n.Reason, h.Sum32())
}

// short cuts a message to what an Event takes (1 KiB in events.k8s.io/v1).
func short(s string) string {
	const limit = 1000
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}

func (c *Cluster) object(o engine.Object) runtime.Object {
	m := metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name, UID: types.UID(o.UID)}
	var out runtime.Object
	var apiVersion string
	switch o.Kind {
	case "Pod":
		out, apiVersion = &corev1.Pod{ObjectMeta: m}, "v1"
	case "Node":
		// kubectl describe looks for a node's events under its name, not its uid.
		m.UID = types.UID(o.Name)
		out, apiVersion = &corev1.Node{ObjectMeta: m}, "v1"
	case "NodeClaim":
		out, apiVersion = &karpv1.NodeClaim{ObjectMeta: m}, "karpenter.sh/v1"
	case "NodePool":
		out, apiVersion = &karpv1.NodePool{ObjectMeta: m}, "karpenter.sh/v1"
	case "Provisioner":
		return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha5.SchemeGroupVersion.String(), Kind: o.Kind}, ObjectMeta: m}
	case "NodeOverlay":
		out, apiVersion = &karpv1alpha1.NodeOverlay{ObjectMeta: m}, "karpenter.sh/v1alpha1"
	default:
		for _, k := range c.classes {
			if k.Kind == o.Kind {
				return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: k.Group + "/" + k.Version, Kind: k.Kind}, ObjectMeta: m}
			}
		}
		return nil
	}
	out.GetObjectKind().SetGroupVersionKind(gvk(apiVersion, o.Kind))
	return out
}

func gvk(apiVersion, kind string) schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(apiVersion, kind)
}
