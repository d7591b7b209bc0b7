package kube

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	karpv1 "sigs.k8s.io/karpenter/pkg/apis/v1"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

type objectMeta = metav1.Object

// watched is one kind of object that is followed, and how a change of it reads as
// an event. convert is given nil for an object that is gone.
type watched struct {
	kind client.Object
	list client.ObjectList
	// event makes the event for an object; gone when it was deleted.
	event func(o client.Object, gone bool) engine.Event
}

func id(o client.Object) string { return o.GetNamespace() + "/" + o.GetName() }

// kinds lists all that is watched.
func (c *Cluster) kinds() ([]watched, error) {
	out := []watched{
		{&corev1.Pod{}, &corev1.PodList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.PodChanged{ID: id(o)}
			if !gone {
				ev.Pod = c.convert.Pod(o.(*corev1.Pod))
			}
			return ev
		}},
		{&corev1.Node{}, &corev1.NodeList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.NodeChanged{Name: o.GetName()}
			if !gone {
				ev.Node = Node(o.(*corev1.Node))
			}
			return ev
		}},
		{&karpv1.NodeClaim{}, &karpv1.NodeClaimList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.ClaimChanged{Name: o.GetName()}
			if !gone {
				ev.Claim = NodeClaim(o.(*karpv1.NodeClaim))
			}
			return ev
		}},
		{&karpv1.NodePool{}, &karpv1.NodePoolList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.PoolChanged{Name: o.GetName()}
			if !gone {
				ev.Pool = NodePool(o.(*karpv1.NodePool))
			}
			return ev
		}},
		{&appsv1.DaemonSet{}, &appsv1.DaemonSetList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.DaemonSetChanged{ID: id(o)}
			if !gone {
				ev.DaemonSet = c.convert.DaemonSet(o.(*appsv1.DaemonSet))
			}
			return ev
		}},
		{&storagev1.VolumeAttachment{}, &storagev1.VolumeAttachmentList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.AttachmentChanged{Name: o.GetName()}
			if !gone {
				ev.Attachment = VolumeAttachment(o.(*storagev1.VolumeAttachment))
			}
			return ev
		}},
		{&policyv1.PodDisruptionBudget{}, &policyv1.PodDisruptionBudgetList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.BudgetChanged{ID: id(o)}
			if !gone {
				ev.Budget = PodDisruptionBudget(o.(*policyv1.PodDisruptionBudget))
			}
			return ev
		}},
	}
	out = append(out, referred()...)
	for i, k := range c.classes {
		// A provider's first kind has to be there, others may be.
		served, err := c.serves(schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind})
		if err != nil {
			return nil, err
		}
		if served || i == 0 {
			out = append(out, c.watchedClass(k))
		}
	}
	for _, optional := range []func() ([]watched, error){c.devices, c.overlays, c.gangs, c.provisioners} {
		more, err := optional()
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// referred lists what is watched because constraints of pods refer to it.
func referred() []watched {
	return []watched{
		{&corev1.Namespace{}, &corev1.NamespaceList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.NamespaceChanged{Name: o.GetName()}
			if !gone {
				ev.Namespace = Namespace(o.(*corev1.Namespace))
			}
			return ev
		}},
		{&corev1.PersistentVolumeClaim{}, &corev1.PersistentVolumeClaimList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.PersistentVolumeClaimChanged{ID: id(o)}
			if !gone {
				ev.Claim = PersistentVolumeClaim(o.(*corev1.PersistentVolumeClaim))
			}
			return ev
		}},
		{&corev1.PersistentVolume{}, &corev1.PersistentVolumeList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.PersistentVolumeChanged{Name: o.GetName()}
			if !gone {
				ev.Volume = PersistentVolume(o.(*corev1.PersistentVolume))
			}
			return ev
		}},
		{&storagev1.StorageClass{}, &storagev1.StorageClassList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.StorageClassChanged{Name: o.GetName()}
			if !gone {
				ev.Class = StorageClass(o.(*storagev1.StorageClass))
			}
			return ev
		}},
		{&storagev1.CSIDriver{}, &storagev1.CSIDriverList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.CSIDriverChanged{Name: o.GetName()}
			if !gone {
				ev.Driver = CSIDriver(o.(*storagev1.CSIDriver))
			}
			return ev
		}},
		{&storagev1.CSIStorageCapacity{}, &storagev1.CSIStorageCapacityList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.StorageCapacityChanged{ID: id(o)}
			if !gone {
				ev.Capacity = CSIStorageCapacity(o.(*storagev1.CSIStorageCapacity))
			}
			return ev
		}},
		{&storagev1.CSINode{}, &storagev1.CSINodeList{}, func(o client.Object, gone bool) engine.Event {
			ev := engine.CSINodeChanged{Name: o.GetName()}
			if !gone {
				ev.Node = CSINode(o.(*storagev1.CSINode))
			}
			return ev
		}},
	}
}

func (c *Cluster) watchedClass(k cluster.ClassKind) watched {
	obj, list := untyped(schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind})
	return watched{obj, list, func(o client.Object, gone bool) engine.Event {
		ev := engine.ClassChanged{Ref: cluster.ClassRef{Group: k.Group, Kind: k.Kind, Name: o.GetName()}}
		if !gone {
			ev.Class = nodeClass(ev.Ref, o.(*unstructured.Unstructured))
		}
		return ev
	}}
}

func nodeClass(ref cluster.ClassRef, u *unstructured.Unstructured) *cluster.NodeClass {
	spec, _, err := unstructured.NestedMap(u.Object, "spec")
	if err != nil {
		spec = nil // not an object: the provider sees an empty spec, and the schema forbids it
	}
	out, err := class(ref, u, spec, unstructuredConditions(u))
	if err != nil {
		panic(err) // came as JSON, goes as JSON
	}
	return out
}

func unstructuredConditions(u *unstructured.Unstructured) []cluster.Condition {
	list, _, err := unstructured.NestedSlice(u.Object, "status", "conditions")
	if err != nil {
		return nil
	}
	var out []cluster.Condition
	for _, x := range list {
		m, ok := x.(map[string]any)
		if !ok {
			continue
		}
		text := func(key string) string { s, _ := m[key].(string); return s }
		since, err := time.Parse(time.RFC3339, text("lastTransitionTime"))
		if err != nil {
			since = time.Time{}
		}
		out = append(out, cluster.Condition{Type: text("type"), Status: text("status"), Reason: text("reason"), Message: text("message"), Since: instant(since)})
	}
	return out
}

// Watch tells push everything that exists, then engine.Synced, then every change
// until ctx ends. push must not block for long.
func (c *Cluster) Watch(ctx context.Context, push func(engine.Event)) error {
	kinds, err := c.kinds()
	if err != nil {
		return err
	}
	var synced []toolscache.InformerSynced
	for _, w := range kinds {
		informer, err := c.cache.GetInformer(ctx, w.kind, cache.BlockUntilSynced(false))
		if err != nil {
			return fmt.Errorf("watching %T: %w", w.kind, err)
		}
		tell := func(o any, gone bool) {
			if last, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
				o = last.Obj
			}
			if obj, ok := o.(client.Object); ok {
				push(w.event(obj, gone))
			}
		}
		handle, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc:    func(o any) { tell(o, false) },
			UpdateFunc: func(_, o any) { tell(o, false) },
			DeleteFunc: func(o any) { tell(o, true) },
		})
		if err != nil {
			return fmt.Errorf("watching %T: %w", w.kind, err)
		}
		defer func() { _ = informer.RemoveEventHandler(handle) }() // fails only if the informer has stopped
		synced = append(synced, handle.HasSynced)
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), synced...) {
		return ctx.Err()
	}
	stopWatching, err := c.watchRivals(ctx, push)
	if err != nil {
		return err
	}
	defer stopWatching()
	stopBuffers, err := c.watchBuffers(ctx, push)
	if err != nil {
		return err
	}
	defer stopBuffers()
	push(engine.Synced{})
	<-ctx.Done()
	return nil
}

// podsChanged converts many pods at once.
func (c *Cluster) podsChanged(list *corev1.PodList) []engine.Event {
	pods, out := make([]*corev1.Pod, len(list.Items)), make([]engine.Event, len(list.Items))
	for i := range list.Items {
		pods[i] = &list.Items[i]
	}
	for i, p := range c.convert.Pods(pods) {
		out[i] = engine.PodChanged{ID: id(pods[i]), Pod: p}
	}
	return out
}

// Replay returns everything that is known now as events, engine.Synced last: what
// an engine that starts this moment would be told.
func (c *Cluster) Replay(ctx context.Context) ([]engine.Event, error) {
	kinds, err := c.kinds()
	if err != nil {
		return nil, err
	}
	var out []engine.Event
	for _, w := range kinds {
		list := w.list.DeepCopyObject().(client.ObjectList)
		if err := c.cache.List(ctx, list); err != nil {
			return nil, fmt.Errorf("listing %T: %w", w.kind, err)
		}
		if pods, ok := list.(*corev1.PodList); ok {
			out = append(out, c.podsChanged(pods)...)
			continue
		}
		objects, err := listObjects(list)
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			out = append(out, w.event(o, false))
		}
	}
	buffers, err := c.buffersNow(ctx)
	return append(append(out, buffers...), engine.Synced{}), err
}
