package kube

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// Converter turns Kubernetes objects into records of package cluster. Demands are
// interned: pods that are alike to the scheduler share one record, as long as one
// Converter has made them all.
//
// The zero value is ready to use. It is safe for concurrent use: watches of
// several kinds convert at the same time.
type Converter struct {
	mu      sync.Mutex
	demands cluster.Demands
}

// demand returns the one record of what a pod needs.
func (c *Converter) demand(pod *corev1.Pod) *cluster.Demand {
	d := demand(pod)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.demands.Intern(d)
}

// Pods converts many pods; out[i] is pods[i].
func (c *Converter) Pods(pods []*corev1.Pod) []*cluster.Pod {
	out := make([]*cluster.Pod, len(pods))
	for i, p := range pods {
		out[i] = c.Pod(p)
	}
	return out
}

// DaemonSet converts a DaemonSet: its demand is that of the pods it makes.
func (c *Converter) DaemonSet(ds *appsv1.DaemonSet) *cluster.DaemonSet {
	return &cluster.DaemonSet{UID: string(ds.UID), Namespace: ds.Namespace, Name: ds.Name, Revision: ds.ResourceVersion, Demand: c.demand(daemonPod(ds))}
}
