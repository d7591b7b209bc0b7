package kube

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// serves tells whether the cluster knows a kind in that version. Kinds that not every
// cluster has are watched only where it does.
func (c *Cluster) serves(gvk schema.GroupVersionKind) (bool, error) {
	_, err := c.client.RESTMapper().RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for %s of %s: %w", gvk.Kind, gvk.GroupVersion(), err)
	}
	return true, nil
}

// untyped is an object, and a list of objects, of a kind without Go types.
func untyped(gvk schema.GroupVersionKind) (*unstructured.Unstructured, *unstructured.UnstructuredList) {
	object, list := &unstructured.Unstructured{}, &unstructured.UnstructuredList{}
	object.SetGroupVersionKind(gvk)
	list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
	return object, list
}
