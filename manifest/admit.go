package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	podresources "k8s.io/component-helpers/resource"
	"k8s.io/utils/ptr"
)

// admission does to a pod what the API server would before the scheduler sees it:
// its defaults (Kubernetes 1.36), then the admission plugins LimitRanger, Priority,
// RuntimeClass and DefaultTolerationSeconds, as far as they decide where the pod
// may run.
type admission struct {
	runtimes   map[string]*nodev1.RuntimeClass
	priorities map[string]*schedulingv1.PriorityClass
	limits     map[string][]*corev1.LimitRange // by namespace, in the order of their names
	missing    map[string]bool                 // what to say about classes that pods name and nobody gave
}

// builtin are the priority classes that every cluster has.
var builtin = map[string]int32{"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}

// pod admits the pod that an object is or makes. Its error is what the API server
// would refuse.
func (a *admission) pod(namespace string, s *corev1.PodSpec) error {
	for i := range s.Containers {
		requestLimits(&s.Containers[i].Resources)
	}
	for i := range s.InitContainers {
		requestLimits(&s.InitContainers[i].Resources)
	}
	defaultPodResources(s)
	defaultPorts(s)
	for _, l := range a.limits[namespace] {
		limitRange(l, s)
	}
	a.priority(s)
	tolerateForAWhile(s)
	return a.runtime(s)
}

// requestLimits makes what is limited and not requested a request.
func requestLimits(r *corev1.ResourceRequirements) {
	r.Requests = withDefaults(r.Requests, r.Limits)
}

// withDefaults is list with those of defaults that it does not have.
func withDefaults(list, defaults corev1.ResourceList) corev1.ResourceList {
	for name, q := range defaults {
		if _, given := list[name]; given {
			continue
		}
		if list == nil {
			list = corev1.ResourceList{}
		}
		list[name] = q
	}
	return list
}

// defaultPodResources fills in what is requested of the pod as a whole (KEP-2837):
// what its containers request, else its limit. Huge pages that containers limit
// become a limit of the pod first.
func defaultPodResources(s *corev1.PodSpec) {
	r := s.Resources
	if r == nil || len(r.Limits)+len(r.Requests) == 0 {
		return
	}
	pod := &corev1.Pod{Spec: *s}
	for name, q := range podresources.AggregateContainerLimits(pod, podresources.PodResourcesOptions{}) {
		_, requested := r.Requests[name]
		if isHugePages(name) && !requested && podresources.IsSupportedPodLevelResource(name) {
			r.Limits = withDefaults(r.Limits, corev1.ResourceList{name: q})
		}
	}
	if len(r.Limits) == 0 {
		return
	}
	for name, q := range podresources.AggregateContainerRequests(pod, podresources.PodResourcesOptions{}) {
		if !isHugePages(name) && podresources.IsSupportedPodLevelResource(name) {
			r.Requests = withDefaults(r.Requests, corev1.ResourceList{name: q})
		}
	}
	for name, q := range r.Limits {
		if podresources.IsSupportedPodLevelResource(name) {
			r.Requests = withDefaults(r.Requests, corev1.ResourceList{name: q})
		}
	}
}

func isHugePages(name corev1.ResourceName) bool {
	return len(name) > len(corev1.ResourceHugePagesPrefix) && name[:len(corev1.ResourceHugePagesPrefix)] == corev1.ResourceHugePagesPrefix
}

// defaultPorts: the protocol is TCP, and with the network of the host every port is
// one of the host.
func defaultPorts(s *corev1.PodSpec) {
	for _, cs := range [][]corev1.Container{s.Containers, s.InitContainers} {
		for i := range cs {
			for j := range cs[i].Ports {
				p := &cs[i].Ports[j]
				p.Protocol = cmp.Or(p.Protocol, corev1.ProtocolTCP)
				if s.HostNetwork {
					p.HostPort = cmp.Or(p.HostPort, p.ContainerPort)
				}
			}
		}
	}
}

// limitRange fills in the defaults that a LimitRange has for containers. Its own
// defaults come first: a limit defaults to the maximum, a request to the limit and
// then to the minimum.
func limitRange(l *corev1.LimitRange, s *corev1.PodSpec) {
	for _, item := range l.Spec.Limits {
		if item.Type != corev1.LimitTypeContainer {
			continue
		}
		requests := withDefaults(nil, item.DefaultRequest)
		requests = withDefaults(requests, item.Default)
		requests = withDefaults(requests, item.Max)
		requests = withDefaults(requests, item.Min)
		for _, cs := range [][]corev1.Container{s.Containers, s.InitContainers} {
			for i := range cs {
				cs[i].Resources.Requests = withDefaults(cs[i].Resources.Requests, requests)
			}
		}
	}
}

func (a *admission) priority(s *corev1.PodSpec) {
	name := s.PriorityClassName
	if s.Priority != nil {
		return
	}
	if value, ok := builtin[name]; ok {
		s.Priority = &value
		return
	}
	for _, other := range slices.Sorted(maps.Keys(a.priorities)) {
		p := a.priorities[other]
		if p.Name == name || (name == "" && p.GlobalDefault) {
			s.Priority, s.PriorityClassName = &p.Value, p.Name
			return
		}
	}
	if name != "" {
		a.missing["PriorityClass "+name+" is not in the input: its pods count as priority 0"] = true
	}
}

// runtime adds what a RuntimeClass costs and where it is to be had.
func (a *admission) runtime(s *corev1.PodSpec) error {
	name := ptr.Deref(s.RuntimeClassName, "")
	if name == "" {
		return nil
	}
	r := a.runtimes[name]
	if r == nil {
		a.missing["RuntimeClass "+name+" is not in the input: its overhead and node selector count as none"] = true
		return nil
	}
	if r.Overhead != nil {
		s.Overhead = r.Overhead.PodFixed
	}
	if r.Scheduling == nil {
		return nil
	}
	selector := maps.Clone(r.Scheduling.NodeSelector)
	for key, value := range s.NodeSelector {
		if other, ok := selector[key]; ok && other != value {
			return fmt.Errorf("wants %s=%s, but RuntimeClass %s wants %s", key, value, name, other)
		}
		if selector == nil {
			selector = map[string]string{}
		}
		selector[key] = value
	}
	s.NodeSelector = selector
	s.Tolerations = append(slices.Clone(s.Tolerations), r.Scheduling.Tolerations...)
	return nil
}

// tolerateForAWhile adds the tolerations of five minutes that every pod gets, so
// that a pod that is still to come is like those that are there.
func tolerateForAWhile(s *corev1.PodSpec) {
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		known := slices.ContainsFunc(s.Tolerations, func(t corev1.Toleration) bool {
			return (t.Key == key || t.Key == "") && (t.Effect == corev1.TaintEffectNoExecute || t.Effect == "")
		})
		if !known {
			s.Tolerations = append(slices.Clone(s.Tolerations), corev1.Toleration{
				Key: key, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](300),
			})
		}
	}
}
