package kube

import (
	"context"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	autoscalingv1beta1 "sigs.k8s.io/karpenter/pkg/apis/autoscaling/v1beta1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// bufferVersions are the versions of CapacityBuffer that are read, the newest first:
// their fields are the same, and clusters have one or the other.
var bufferVersions = []string{"v1beta1", "v1alpha1"}

// bufferKind is CapacityBuffer in the newest version that the cluster serves.
func (c *Cluster) bufferKind() (gvk schema.GroupVersionKind, served bool, err error) {
	for _, version := range bufferVersions {
		gvk = schema.GroupVersionKind{Group: autoscalingv1beta1.Group, Version: version, Kind: "CapacityBuffer"}
		if served, err = c.serves(gvk); served || err != nil {
			return gvk, served, err
		}
	}
	return gvk, false, nil
}

// bufferTemplates are the kinds that buffers refer to. Clusters have many of some of
// them and few buffers, so each is watched from when the first buffer refers to one.
var bufferTemplates = map[string]client.Object{
	podTemplate: &corev1.PodTemplate{}, "Deployment": &appsv1.Deployment{}, "StatefulSet": &appsv1.StatefulSet{}, "ReplicaSet": &appsv1.ReplicaSet{},
}

// buffer makes a record of a CapacityBuffer and what the cache has of what it refers to.
func (c *Cluster) buffer(ctx context.Context, u *unstructured.Unstructured) *cluster.CapacityBuffer {
	var b autoscalingv1beta1.CapacityBuffer
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &b); err != nil {
		return &cluster.CapacityBuffer{
			Namespace: u.GetNamespace(), Name: u.GetName(), UID: string(u.GetUID()), Revision: u.GetResourceVersion(), Generation: u.GetGeneration(),
			Problem: cluster.BufferProblem{Reason: cluster.ResolutionFailed, Message: err.Error()},
		}
	}
	return c.convert.CapacityBuffer(&b, func(kind, name string) (metav1.Object, error) {
		o, _ := bufferTemplates[kind].DeepCopyObject().(client.Object) // of the same type
		err := c.cache.Get(ctx, client.ObjectKey{Namespace: b.Namespace, Name: name}, o)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return o, err
	})
}

// bufferWatch tells of buffers when they, or what they refer to, change.
type bufferWatch struct {
	*Cluster
	gvk  schema.GroupVersionKind
	push func(engine.Event)

	// mu makes looking and telling one: of two that look at the same time the one that
	// saw less must not tell last.
	mu       sync.Mutex
	followed map[string]func() // by kind: how to stop
}

// watchBuffers pushes engine.BufferChanged for every buffer there is, and then whenever
// something about one changes.
func (c *Cluster) watchBuffers(ctx context.Context, push func(engine.Event)) (stop func(), err error) {
	gvk, served, err := c.bufferKind()
	if err != nil || !served {
		return func() {}, err
	}
	w := &bufferWatch{Cluster: c, gvk: gvk, push: push, followed: map[string]func(){}}
	kind, _ := untyped(gvk)
	tell := func(u *unstructured.Unstructured, gone bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tell(ctx, u, gone)
	}
	stopBuffers, synced, err := c.follow(ctx, kind, true, func(o client.Object, gone bool) {
		if u, ok := o.(*unstructured.Unstructured); ok {
			tell(u, gone)
		}
	})
	if err != nil {
		return nil, err
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), synced) {
		return nil, ctx.Err()
	}
	return func() {
		stopBuffers()
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, stop := range w.followed {
			stop()
		}
	}, nil
}

// tell tells of one buffer, and from then on of changes of what it refers to.
func (w *bufferWatch) tell(ctx context.Context, u *unstructured.Unstructured, gone bool) {
	ev := engine.BufferChanged{ID: id(u)}
	if !gone {
		if kind := referredKind(u); bufferTemplates[kind] != nil && w.followed[kind] == nil {
			stop, _, err := w.follow(ctx, bufferTemplates[kind], false, func(o client.Object, _ bool) { w.changed(ctx, kind, o) })
			if err != nil {
				return // stopping; nothing to tell any more
			}
			w.followed[kind] = stop
		}
		ev.Buffer = w.buffer(ctx, u)
	}
	w.push(ev)
}

// changed tells anew of the buffers that refer to an object.
func (w *bufferWatch) changed(ctx context.Context, kind string, o client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, list := untyped(w.gvk)
	if w.cache.List(ctx, list, client.InNamespace(o.GetNamespace())) != nil {
		return // stopping; nothing to tell any more
	}
	for i := range list.Items {
		if u := &list.Items[i]; referredKind(u) == kind && referredName(u) == o.GetName() {
			w.tell(ctx, u, false)
		}
	}
}

func referredKind(u *unstructured.Unstructured) string {
	if _, ok, err := unstructured.NestedMap(u.Object, "spec", "podTemplateRef"); ok && err == nil {
		return podTemplate
	}
	kind, _, _ := unstructured.NestedString(u.Object, "spec", "scalableRef", "kind") // "" for what is not a text
	return kind
}

func referredName(u *unstructured.Unstructured) string {
	ref := "scalableRef"
	if referredKind(u) == podTemplate {
		ref = "podTemplateRef"
	}
	name, _, _ := unstructured.NestedString(u.Object, "spec", ref, "name") // "" for what is not a text
	return name
}

// follow calls tell for all objects of a kind, and for each change of one; if not every,
// only of its spec, which is what the generation counts.
func (c *Cluster) follow(ctx context.Context, kind client.Object, every bool, tell func(o client.Object, gone bool)) (stop func(), synced toolscache.InformerSynced, err error) {
	informer, err := c.cache.GetInformer(ctx, kind)
	if err != nil {
		return nil, nil, fmt.Errorf("watching %T: %w", kind, err)
	}
	told := func(o any, gone bool) {
		if last, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
			o = last.Obj
		}
		if obj, ok := o.(client.Object); ok {
			tell(obj, gone)
		}
	}
	handle, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { told(o, false) },
		UpdateFunc: func(before, o any) {
			old, ok := before.(client.Object)
			now, also := o.(client.Object)
			if every || !ok || !also || old.GetGeneration() != now.GetGeneration() || old.GetUID() != now.GetUID() {
				told(o, false)
			}
		},
		DeleteFunc: func(o any) { told(o, true) },
	})
	if err != nil {
		return nil, nil, fmt.Errorf("watching %T: %w", kind, err)
	}
	return func() { _ = informer.RemoveEventHandler(handle) }, handle.HasSynced, nil // fails only if the informer has stopped
}

// buffersNow are events for all buffers as they are.
func (c *Cluster) buffersNow(ctx context.Context) ([]engine.Event, error) {
	gvk, served, err := c.bufferKind()
	if err != nil || !served {
		return nil, err
	}
	_, list := untyped(gvk)
	if err := c.cache.List(ctx, list); err != nil {
		return nil, fmt.Errorf("listing %s: %w", gvk.Kind, err)
	}
	out := make([]engine.Event, len(list.Items))
	for i := range list.Items {
		u := &list.Items[i]
		out[i] = engine.BufferChanged{ID: id(u), Buffer: c.buffer(ctx, u)}
	}
	return out, nil
}

// patchBufferStatus writes the status of a buffer in the version that is watched.
func (c *Cluster) patchBufferStatus(ctx context.Context, f engine.PatchBufferStatus) (client.Object, error) {
	gvk, _, err := c.bufferKind()
	if err != nil {
		return nil, err
	}
	u, _ := untyped(gvk)
	u.SetNamespace(f.Namespace)
	u.SetName(f.Name)
	s := &f.Status
	status := map[string]any{
		"conditions": metaConditions(s.Conditions, f.Generation), "replicas": s.Chunks,
		"podTemplateRef": nil, "podTemplateGeneration": nil, "provisioningStrategy": nil,
	}
	if s.Template != "" {
		status["podTemplateRef"], status["podTemplateGeneration"] = map[string]any{"name": s.Template}, s.TemplateGeneration
	}
	if s.Strategy != "" {
		status["provisioningStrategy"] = s.Strategy
	}
	return c.patchStatus(ctx, u, f.UID, f.Revision, status)
}
