// Package ebs is what the EBS CSI driver does for the control plane, without disks: it
// tells how many volumes each node attaches, makes a volume for a claim in the zone of
// the node that the scheduler has chosen, says that volumes are attached, and takes those
// away whose claim has gone.
//
// It owns CSINodes, the PersistentVolumes that it has made, and the status of
// VolumeAttachments. It refuses to decide when something is attached or bound: that is
// Kubernetes' own controllers'. No kubelet waits for a volume here.
package ebs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Name of the driver, as StorageClasses and volumes have it.
const Name = "ebs.csi.aws.com"

// Config says what a driver needs to know.
type Config struct {
	Client *rest.Config
	// Limit is how many volumes a node of an instance type attaches; ok is false for a
	// type that is not known, which then tells of no limit.
	Limit func(instanceType string) (volumes int64, ok bool)
	Log   *slog.Logger
}

// Driver is a running CSI driver.
type Driver struct {
	cfg     Config
	client  kubernetes.Interface
	factory informers.SharedInformerFactory
	queue   workqueue.TypedRateLimitingInterface[task]
}

// task is an object to look at.
type task struct {
	kind            kind
	namespace, name string
}

type kind uint8

const (
	node kind = iota
	claim
	volume
	attachment
)

// workers are few: what they do is one write each.
const workers = 4

// New prepares a driver.
func New(cfg Config) (*Driver, error) {
	c := rest.CopyConfig(cfg.Client)
	c.QPS, c.Burst = -1, -1 // bounded by the workers
	c.UserAgent = "ebs-csi-driver"
	client, err := kubernetes.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("EBS driver: %w", err)
	}
	return newDriver(client, cfg)
}

func newDriver(client kubernetes.Interface, cfg Config) (*Driver, error) {
	d := &Driver{
		cfg: cfg, client: client, factory: informers.NewSharedInformerFactory(client, 0),
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[task](50*time.Millisecond, 5*time.Second)),
	}
	core, storage := d.factory.Core().V1(), d.factory.Storage().V1()
	storage.StorageClasses().Informer() // read, not waited for
	return d, errors.Join(
		d.follow(core.Nodes().Informer(), node), d.follow(core.PersistentVolumeClaims().Informer(), claim),
		d.follow(core.PersistentVolumes().Informer(), volume), d.follow(storage.VolumeAttachments().Informer(), attachment),
	)
}

// follow puts every object of a kind that is there or changes into the queue.
func (d *Driver) follow(i cache.SharedIndexInformer, k kind) error {
	add := func(o any) {
		if m, ok := o.(metav1.Object); ok {
			d.queue.Add(task{k, m.GetNamespace(), m.GetName()})
		}
	}
	_, err := i.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, o any) { add(o) }})
	return err
}

// Run works until ctx ends.
func (d *Driver) Run(ctx context.Context) {
	defer d.factory.Shutdown()
	d.factory.StartWithContext(ctx)
	d.factory.WaitForCacheSyncWithContext(ctx)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for d.next(ctx) {
			}
		})
	}
	<-ctx.Done()
	d.queue.ShutDown()
	wg.Wait()
}

func (d *Driver) next(ctx context.Context) bool {
	t, quit := d.queue.Get()
	if quit {
		return false
	}
	defer d.queue.Done(t)
	err := d.do(ctx, t)
	switch {
	case err == nil || apierrors.IsNotFound(err) || ctx.Err() != nil:
		d.queue.Forget(t)
	case apierrors.IsConflict(err):
		d.queue.AddRateLimited(t)
	default:
		d.cfg.Log.Warn("EBS driver", "object", t.namespace+"/"+t.name, "err", err)
		d.queue.AddRateLimited(t)
	}
	return true
}

func (d *Driver) do(ctx context.Context, t task) error {
	core, storage := d.factory.Core().V1(), d.factory.Storage().V1()
	switch t.kind {
	case node:
		n, err := core.Nodes().Lister().Get(t.name)
		if err != nil {
			return err
		}
		return d.announce(ctx, n)
	case claim:
		c, err := core.PersistentVolumeClaims().Lister().PersistentVolumeClaims(t.namespace).Get(t.name)
		if err != nil {
			return err
		}
		return d.provision(ctx, c)
	case volume:
		v, err := core.PersistentVolumes().Lister().Get(t.name)
		if err != nil {
			return err
		}
		return d.reclaim(ctx, v)
	default:
		a, err := storage.VolumeAttachments().Lister().Get(t.name)
		if err != nil {
			return err
		}
		return d.attach(ctx, a)
	}
}

// announce tells of a new node how many volumes it attaches. A CSINode goes with its
// node.
func (d *Driver) announce(ctx context.Context, n *corev1.Node) error {
	driver := storagev1.CSINodeDriver{Name: Name, NodeID: n.Spec.ProviderID, TopologyKeys: []string{corev1.LabelTopologyZone}}
	if limit, ok := d.cfg.Limit(n.Labels[corev1.LabelInstanceTypeStable]); ok {
		count := int32(limit)
		driver.Allocatable = &storagev1.VolumeNodeResources{Count: &count}
	}
	_, err := d.client.StorageV1().CSINodes().Create(ctx, &storagev1.CSINode{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: n.Name, UID: n.UID}}},
		Spec:       storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{driver}},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// attach says that a volume is attached as soon as that is asked for.
func (d *Driver) attach(ctx context.Context, a *storagev1.VolumeAttachment) error {
	if a.Spec.Attacher != Name || a.Status.Attached || a.DeletionTimestamp != nil {
		return nil
	}
	done := a.DeepCopy()
	done.Status.Attached = true
	_, err := d.client.StorageV1().VolumeAttachments().UpdateStatus(ctx, done, metav1.UpdateOptions{})
	return err
}
