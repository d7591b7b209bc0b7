package oracle

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/apimachinery/pkg/runtime"
	resourceslicetracker "k8s.io/dynamic-resource-allocation/resourceslice/tracker"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	"k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	"k8s.io/kubernetes/pkg/scheduler/util/assumecache"
)

// Scheduler is the filter plugins of the kube-scheduler's default profile, looking
// at the objects that were loaded last. It is not safe for concurrent use.
type Scheduler struct {
	informers *Informers
	lister    *lister
	plugins   []plugin // in the order in which the profile runs them
	// loaded are the claims to devices that were loaded last, by namespace/name; version
	// is the last one given.
	loaded  map[string]*resourcev1.ResourceClaim
	version int
}

// plugin is one that takes part in filtering; one of the two may be nil.
type plugin struct {
	name      string
	preFilter fwk.PreFilterPlugin
	filter    fwk.FilterPlugin
}

// lister shows plugins the snapshot of the moment.
type lister struct{ *cache.Snapshot }

// Verdict is what one plugin says of a pod.
type Verdict struct {
	Plugin string
	// Skip: the pod has nothing that the plugin looks at.
	Skip bool
	// Pod says why the pod can go nowhere, "" if it could (PreFilter).
	Pod string
	// Nodes say why not there, "" for accepted; by node, in the order asked for. Nil
	// when the pod can go nowhere.
	Nodes []string
}

// Rejects tells whether the plugin keeps the pod off the i-th node, and why.
func (v *Verdict) Rejects(i int) (reason string, rejected bool) {
	switch {
	case v.Pod != "":
		return v.Pod, true
	case v.Nodes == nil:
		return "", false
	}
	return v.Nodes[i], v.Nodes[i] != ""
}

// NewScheduler returns the plugins of the default profile, with the feature gates
// as they are at the moment.
func NewScheduler(ctx context.Context) (*Scheduler, error) {
	metrics.Register()
	cfg, err := latest.Default()
	if err != nil {
		return nil, fmt.Errorf("default configuration of kube-scheduler: %w", err)
	}
	s := &Scheduler{informers: NewInformers(), lister: &lister{cache.NewEmptySnapshot()}, loaded: map[string]*resourcev1.ResourceClaim{}}
	made := map[string]fwk.Plugin{}
	f, err := frameworkruntime.NewFramework(ctx, recording(made), &cfg.Profiles[0],
		frameworkruntime.WithInformerFactory(s.informers),
		frameworkruntime.WithSnapshotSharedLister(s.lister),
		frameworkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(s.informers.Storage().V1().CSINodes().Lister())),
		frameworkruntime.WithSharedDRAManager(devices(ctx, s.informers)),
		frameworkruntime.WithParallelism(1),
	)
	if err != nil {
		return nil, fmt.Errorf("default profile of kube-scheduler: %w", err)
	}
	s.choose(f, made)
	return s, nil
}

// recording is the scheduler's registry; plugins that are made are noted in made.
func recording(made map[string]fwk.Plugin) frameworkruntime.Registry {
	out := frameworkruntime.Registry{}
	for name, factory := range plugins.NewInTreeRegistry() {
		out[name] = func(ctx context.Context, args runtime.Object, h fwk.Handle) (fwk.Plugin, error) {
			p, err := factory(ctx, args, h)
			made[name] = p
			return p, err
		}
	}
	return out
}

// devices is what plugins need to know of devices (dynamic resource allocation).
func devices(ctx context.Context, f *Informers) fwk.SharedDRAManager {
	claims := assumecache.NewAssumeCache(klog.FromContext(ctx), f.Resource().V1().ResourceClaims().Informer(), "ResourceClaim", "", nil)
	slices, err := resourceslicetracker.StartTracker(ctx, resourceslicetracker.Options{
		EnableDeviceTaintRules: false,
		SliceInformer:          f.Resource().V1().ResourceSlices(),
	})
	must(err)
	return dynamicresources.NewDRAManager(ctx, claims, slices, f)
}

// choose keeps the plugins that the profile runs before and while it filters.
func (s *Scheduler) choose(f framework.Framework, made map[string]fwk.Plugin) {
	enabled := f.ListPlugins()
	for _, set := range [][]config.Plugin{enabled.Filter.Enabled, enabled.PreFilter.Enabled} {
		for _, p := range set {
			if slices.ContainsFunc(s.plugins, func(q plugin) bool { return q.name == p.Name }) {
				continue
			}
			q := plugin{name: p.Name}
			q.preFilter, _ = made[p.Name].(fwk.PreFilterPlugin)
			q.filter, _ = made[p.Name].(fwk.FilterPlugin)
			s.plugins = append(s.plugins, q)
		}
	}
}

// Plugins names the plugins, in the order of verdicts.
func (s *Scheduler) Plugins() []string {
	out := make([]string, len(s.plugins))
	for i, p := range s.plugins {
		out[i] = p.name
	}
	return out
}

// Load makes o what the plugins see.
func (s *Scheduler) Load(o *Objects) {
	Set(s.informers, o.Nodes)
	Set(s.informers, o.CSINodes)
	Set(s.informers, o.Namespaces)
	Set(s.informers, o.PersistentVolumes)
	Set(s.informers, o.PersistentVolumeClaims)
	Set(s.informers, o.StorageClasses)
	Set(s.informers, o.VolumeAttachments)
	Set(s.informers, o.CSIDrivers)
	Set(s.informers, o.StorageCapacities)
	Set(s.informers, o.DeviceClasses)
	Set(s.informers, o.ResourceSlices)
	s.loadClaims(o.ResourceClaims)
	var bound []*corev1.Pod
	for _, p := range o.Pods {
		// The scheduler does not watch pods that have ended.
		if p.Spec.NodeName != "" && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			bound = append(bound, p)
		}
	}
	s.lister.Snapshot = cache.NewSnapshot(bound, o.Nodes)
}

// Judge asks every plugin about a pod on each of the nodes.
func (s *Scheduler) Judge(ctx context.Context, pod *corev1.Pod, nodes []string) []Verdict {
	all, err := s.lister.NodeInfos().List()
	must(err)
	infos := make([]fwk.NodeInfo, len(nodes))
	for i, name := range nodes {
		infos[i], err = s.lister.NodeInfos().Get(name)
		must(err)
	}
	out := make([]Verdict, len(s.plugins))
	for i, p := range s.plugins {
		out[i] = p.judge(ctx, pod, all, infos)
	}
	return out
}

func (p *plugin) judge(ctx context.Context, pod *corev1.Pod, all, nodes []fwk.NodeInfo) Verdict {
	v := Verdict{Plugin: p.name}
	state := framework.NewCycleState()
	if p.preFilter != nil {
		_, status := p.preFilter.PreFilter(ctx, state, pod, all)
		switch {
		case status.IsSkip():
			v.Skip = true
			return v
		case !status.IsSuccess():
			v.Pod = reason(status)
			return v
		}
	}
	if p.filter == nil {
		return v
	}
	v.Nodes = make([]string, len(nodes))
	for i, n := range nodes {
		if status := p.filter.Filter(ctx, state, pod, n); !status.IsSuccess() {
			v.Nodes[i] = reason(status)
		}
	}
	return v
}

// reason is why a plugin rejects; never "".
func reason(s *fwk.Status) string {
	if m := s.Message(); m != "" {
		return m
	}
	return s.Code().String()
}
