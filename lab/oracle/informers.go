package oracle

//revive:disable:exported what the methods do, client-go's interfaces say

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	resourcev1 "k8s.io/api/resource/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Informers stands in for the watches of an API server: what is put in is seen at
// once, by listers and by event handlers, in the goroutine that puts it in. Nothing
// runs in the background, so that the same calls give the same results.
type Informers struct {
	informers.SharedInformerFactory
	byType map[reflect.Type]*informer
}

// watched are the kinds that the scheduler lists or watches.
var watched = []runtime.Object{
	&corev1.Node{}, &corev1.Pod{}, &corev1.Namespace{}, &corev1.Service{}, &corev1.ReplicationController{},
	&corev1.PersistentVolume{}, &corev1.PersistentVolumeClaim{},
	&appsv1.ReplicaSet{}, &appsv1.StatefulSet{}, &policyv1.PodDisruptionBudget{},
	&storagev1.StorageClass{}, &storagev1.CSINode{}, &storagev1.CSIDriver{}, &storagev1.CSIStorageCapacity{}, &storagev1.VolumeAttachment{},
	&resourcev1.ResourceClaim{}, &resourcev1.ResourceSlice{}, &resourcev1.DeviceClass{},
}

// NewInformers returns informers of everything the scheduler watches, all empty.
func NewInformers() *Informers {
	f := &Informers{SharedInformerFactory: informers.NewSharedInformerFactory(nil, 0), byType: map[reflect.Type]*informer{}}
	for _, kind := range watched {
		i := &informer{indexer: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})}
		f.byType[reflect.TypeOf(kind)] = i
		f.InformerFor(kind, func(kubernetes.Interface, time.Duration) cache.SharedIndexInformer { return i })
	}
	return f
}

func (f *Informers) of(object any) *informer {
	i := f.byType[reflect.TypeOf(object)]
	if i == nil {
		panic(fmt.Sprintf("oracle: nobody watches %T; add it to watched", object))
	}
	return i
}

// Set makes objects all there is of their kind, without telling event handlers.
func Set[T runtime.Object](f *Informers, objects []T) {
	list := make([]any, len(objects))
	for i, o := range objects {
		list[i] = o
	}
	var kind T
	must(f.of(kind).indexer.Replace(list, ""))
}

// Put adds an object, or replaces the one of that name, and tells event handlers.
func (f *Informers) Put(object runtime.Object) {
	i := f.of(object)
	old, exists, err := i.indexer.Get(object)
	must(err)
	must(i.indexer.Update(object))
	for _, h := range i.handlers {
		if exists {
			h.OnUpdate(old, object)
		} else {
			h.OnAdd(object, false)
		}
	}
}

// Remove takes an object away and tells event handlers.
func (f *Informers) Remove(object runtime.Object) {
	i := f.of(object)
	must(i.indexer.Delete(object))
	for _, h := range i.handlers {
		h.OnDelete(object)
	}
}

// must stops on what can only be a mistake in this package.
func must(err error) {
	if err != nil {
		panic("oracle: " + err.Error())
	}
}

// informer is one kind of [Informers].
type informer struct {
	indexer  cache.Indexer
	handlers []cache.ResourceEventHandler
}

var _ cache.SharedIndexInformer = (*informer)(nil)

func (i *informer) GetStore() cache.Store                              { return i.indexer }
func (i *informer) GetIndexer() cache.Indexer                          { return i.indexer }
func (i *informer) AddIndexers(x cache.Indexers) error                 { return i.indexer.AddIndexers(x) }
func (i *informer) HasSynced() bool                                    { return true }
func (i *informer) HasSyncedChecker() cache.DoneChecker                { return synced{} }
func (i *informer) LastSyncResourceVersion() string                    { return "" }
func (i *informer) IsStopped() bool                                    { return false }
func (i *informer) GetController() cache.Controller                    { return nil }
func (i *informer) SetTransform(cache.TransformFunc) error             { return nil }
func (i *informer) Run(stop <-chan struct{})                           { <-stop }
func (i *informer) RunWithContext(ctx context.Context)                 { <-ctx.Done() }
func (i *informer) SetWatchErrorHandler(cache.WatchErrorHandler) error { return nil }

func (i *informer) SetWatchErrorHandlerWithContext(cache.WatchErrorHandlerWithContext) error {
	return nil
}

func (i *informer) AddEventHandler(h cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	i.handlers = append(i.handlers, h)
	for _, o := range i.indexer.List() {
		h.OnAdd(o, true)
	}
	return synced{}, nil
}

func (i *informer) AddEventHandlerWithResyncPeriod(h cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(h)
}

func (i *informer) AddEventHandlerWithOptions(h cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(h)
}

// RemoveEventHandler is never asked for: a scheduler lives as long as its informers.
func (i *informer) RemoveEventHandler(cache.ResourceEventHandlerRegistration) error {
	return fmt.Errorf("handlers of these informers cannot be removed")
}

// synced is what has nothing to wait for.
type synced struct{}

var closed = sync.OnceValue(func() <-chan struct{} { c := make(chan struct{}); close(c); return c })

func (synced) HasSynced() bool                     { return true }
func (synced) HasSyncedChecker() cache.DoneChecker { return synced{} }
func (synced) Name() string                        { return "oracle" }
func (synced) Done() <-chan struct{}               { return closed() }
