package kube

import (
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/ullage-sh/ullage/cluster"
)

// Converter turns Kubernetes objects into records of package cluster. Demands and
// identities are interned: pods that are alike to the scheduler share them, as long
// as one Converter has made them all.
//
// The zero value is ready to use. It is safe for concurrent use: watches of
// several kinds convert at the same time.
type Converter struct {
	mu          sync.Mutex
	counter     counter
	fingerprint fingerprint
	byPrint     interned[cluster.Demand] // by fingerprint
	byKey       interned[cluster.Demand] // by Demand.Key: two fingerprints may mean the same
	identities  interned[cluster.Identity]
}

// Pod converts a pod.
func (c *Converter) Pod(p *corev1.Pod) *cluster.Pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := new(cluster.Pod)
	c.convert(p, out)
	return out
}

// Pods converts many pods; out[i] is pods[i].
func (c *Converter) Pods(pods []*corev1.Pod) []*cluster.Pod {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]*cluster.Pod, len(pods))
	var slab []cluster.Pod // few, and small enough that one pod does not keep many
	for i, p := range pods {
		if len(slab) == 0 {
			slab = make([]cluster.Pod, min(len(pods)-i, 64))
		}
		out[i], slab = &slab[0], slab[1:]
		c.convert(p, out[i])
	}
	return out
}

// DaemonSet converts a DaemonSet: its demand is that of the pods it makes.
func (c *Converter) DaemonSet(ds *appsv1.DaemonSet) *cluster.DaemonSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &cluster.DaemonSet{UID: string(ds.UID), Namespace: ds.Namespace, Name: ds.Name, Revision: ds.ResourceVersion, Demand: c.demand(daemonPod(ds))}
}

// demand returns the one record of what a pod needs.
func (c *Converter) demand(p *corev1.Pod) *cluster.Demand {
	requests, plain := c.counter.count(p)
	var problems []string
	if !plain {
		problems = quantityProblems(p)
	}
	print := c.fingerprint.of(p, requests, problems)
	if d := c.byPrint.get(print); d != nil {
		return d
	}
	d := new(cluster.Demands).Intern(demand(p, requests, problems)) // for the key
	if known := c.byKey.get([]byte(d.Key)); known != nil {
		d = known
	} else {
		c.byKey.put(d.Key, d)
	}
	c.byPrint.put(string(print), d)
	return d
}

// identity returns the one record of what selectors see of a pod.
func (c *Converter) identity(p *corev1.Pod) *cluster.Identity {
	print := c.fingerprint.identity(p.Namespace, p.Labels)
	if id := c.identities.get(print); id != nil {
		return id
	}
	id := new(cluster.Identities).Intern(p.Namespace, p.Labels)
	c.identities.put(string(print), id)
	return id
}
