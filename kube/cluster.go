package kube

import (
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	_ "sigs.k8s.io/karpenter/pkg/apis/v1" // adds NodePool and NodeClaim to the scheme

	"github.com/ullage-sh/ullage/api/legacy/v1alpha5"
	"github.com/ullage-sh/ullage/api/v1alpha1"
	"github.com/ullage-sh/ullage/cluster"
)

// Scheme knows every type that this package reads and writes. Karpenter's types add
// themselves to client-go's, so it is that one.
func Scheme() *runtime.Scheme { return scheme() }

var scheme = sync.OnceValue(func() *runtime.Scheme {
	s := clientgoscheme.Scheme
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, v1alpha5.AddToScheme} {
		if err := add(s); err != nil {
			panic(err) // two types of one name: a mistake in this program
		}
	}
	return s
})

// Cluster is one Kubernetes cluster, as a source of events and a sink of effects.
type Cluster struct {
	cache    cache.Cache
	client   client.Client
	reader   client.Reader // past the cache
	recorder events.EventRecorder
	classes  []cluster.ClassKind
	convert  Converter
}

// Parts are what a Cluster is built on; a controller-runtime manager has them all.
type Parts struct {
	Cache    cache.Cache
	Client   client.Client
	Reader   client.Reader
	Recorder events.EventRecorder
	// Classes are the node class kinds to follow.
	Classes []cluster.ClassKind
	// DefaultSpreads are those of [Converter].
	DefaultSpreads []corev1.TopologySpreadConstraint
}

// New returns a cluster on p.
func New(p Parts) *Cluster {
	c := &Cluster{cache: p.Cache, client: p.Client, reader: p.Reader, recorder: p.Recorder, classes: p.Classes}
	c.convert.DefaultSpreads = p.DefaultSpreads
	return c
}

// CacheOptions are the settings of the cache that a Cluster reads from: objects
// are stored without what nothing here looks at.
func CacheOptions() cache.Options {
	return cache.Options{
		Scheme:                       Scheme(),
		DefaultTransform:             slim,
		DefaultUnsafeDisableDeepCopy: ptr.To(true), // nothing here writes to what it reads
		ByObject: map[client.Object]cache.ByObject{
			// Heartbeats of nodes are leases too, and far more than all others.
			&coordinationv1.Lease{}: {Field: fields.OneTermNotEqualSelector("metadata.namespace", corev1.NamespaceNodeLease)},
		},
	}
}

// slim drops from an object what is large and never read.
func slim(o any) (any, error) {
	a, err := meta.Accessor(o)
	if err != nil {
		return o, nil // a tombstone
	}
	a.SetManagedFields(nil)
	switch o := o.(type) {
	case *corev1.Pod:
		slimPod(&o.Spec)
	case *appsv1.DaemonSet:
		slimPod(&o.Spec.Template.Spec)
	case *corev1.PodTemplate:
		slimPod(&o.Template.Spec)
	case *appsv1.Deployment:
		slimPod(&o.Spec.Template.Spec)
	case *appsv1.StatefulSet:
		slimPod(&o.Spec.Template.Spec)
	case *appsv1.ReplicaSet:
		slimPod(&o.Spec.Template.Spec)
	case *corev1.Node:
		o.Status.Images = nil
	}
	return o, nil
}

func slimPod(s *corev1.PodSpec) {
	for _, cs := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range cs {
			cs[i].Env, cs[i].EnvFrom, cs[i].Command, cs[i].Args = nil, nil, nil, nil
			cs[i].LivenessProbe, cs[i].ReadinessProbe, cs[i].StartupProbe, cs[i].Lifecycle = nil, nil, nil, nil
			cs[i].VolumeMounts = nil
		}
	}
}

func listObjects(list client.ObjectList) ([]client.Object, error) {
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, fmt.Errorf("reading %T: %w", list, err)
	}
	out := make([]client.Object, 0, len(items))
	for _, x := range items {
		o, ok := x.(client.Object)
		if !ok {
			return nil, fmt.Errorf("reading %T: %T is not an object", list, x)
		}
		out = append(out, o)
	}
	return out, nil
}
