package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	podresources "k8s.io/component-helpers/resource"

	"github.com/ullage-sh/ullage/cluster"
)

// counter adds up what the scheduler counts for a pod: the sum of its containers,
// or the largest step of its start if that is more; sidecars, resizes in place,
// requests of the pod as a whole and overhead included (KEP-753, KEP-1287,
// KEP-2837). What a manifest leaves out is filled in as the API server would: a
// limit is a request too. The status of a pod matters once it has a node.
//
// It does in integers what component-helpers does in quantities, and leaves the
// pods to it for which integers are not exact. Its lists are reused from pod to
// pod.
type counter struct {
	total, sidecars, start, step tally
	effective                    tally // of the container at hand
	// exact is false when an amount has been seen that is no whole number of its
	// unit, is negative or larger than anything.
	exact bool
}

// tally is a list of amounts by name, in no order. A pod has a handful, so a
// search beats a map.
type tally []cluster.Amount

func (t *tally) at(name string) *int64 {
	for i := range *t {
		if (*t)[i].Name == name {
			return &(*t)[i].Value
		}
	}
	*t = append(*t, cluster.Amount{Name: name})
	return &(*t)[len(*t)-1].Value
}

func (t tally) has(name string) bool {
	return slices.ContainsFunc(t, func(a cluster.Amount) bool { return a.Name == name })
}

func (t *tally) add(u tally) {
	for _, a := range u {
		*t.at(a.Name) += a.Value
	}
}

func (t *tally) raise(u tally) {
	for _, a := range u {
		v := t.at(a.Name)
		*v = max(*v, a.Value)
	}
}

// count returns the requests of a pod, sorted and without zeros, and whether its
// quantities are all plain ones: if not, [quantityProblems] has to look at them.
// The result is valid until the next call.
func (c *counter) count(p *corev1.Pod) (requests cluster.Resources, plain bool) {
	c.exact = true
	c.containers(p)
	if r := p.Spec.Resources; r != nil && len(r.Requests)+len(r.Limits) > 0 {
		c.podLevel(p, r)
	}
	if len(p.Spec.Overhead) > 0 {
		c.effective = c.effective[:0]
		c.most(p.Spec.Overhead)
		c.total.add(c.effective)
	}
	if !c.exact {
		return inQuantities(p), false
	}
	*c.total.at(cluster.Pods) = 1
	c.total = slices.DeleteFunc(c.total, func(a cluster.Amount) bool { return a.Value == 0 })
	for i := 1; i < len(c.total); i++ { // a handful, and mostly in order
		for j := i; j > 0 && c.total[j].Name < c.total[j-1].Name; j-- {
			c.total[j], c.total[j-1] = c.total[j-1], c.total[j]
		}
	}
	return cluster.Resources(c.total), true
}

// inQuantities is the same in exact decimals.
func inQuantities(p *corev1.Pod) cluster.Resources {
	p = &corev1.Pod{ObjectMeta: p.ObjectMeta, Spec: *p.Spec.DeepCopy(), Status: p.Status}
	fillIn(&p.Spec)
	list := podresources.PodRequests(p, podresources.PodResourcesOptions{UseStatusResources: p.Spec.NodeName != "", InPlacePodLevelResourcesVerticalScalingEnabled: true})
	list[corev1.ResourcePods] = quantity(cluster.Amount{Name: cluster.Pods, Value: 1})
	return resources(list)
}

func (c *counter) containers(p *corev1.Pod) {
	c.total = c.total[:0]
	var running, starting []corev1.ContainerStatus
	if p.Spec.NodeName != "" {
		running, starting = p.Status.ContainerStatuses, p.Status.InitContainerStatuses
	}
	for i := range p.Spec.Containers {
		k := &p.Spec.Containers[i]
		c.container(p, k, statusOf(running, k.Name))
		c.total.add(c.effective)
	}
	if len(p.Spec.InitContainers) == 0 {
		return
	}
	c.sidecars, c.start = c.sidecars[:0], c.start[:0]
	for i := range p.Spec.InitContainers {
		k := &p.Spec.InitContainers[i]
		if isSidecar(k) {
			c.container(p, k, statusOf(starting, k.Name))
			c.total.add(c.effective)
			c.sidecars.add(c.effective)
			c.start.raise(c.sidecars)
			continue
		}
		c.container(p, k, nil)
		c.step = append(c.step[:0], c.effective...)
		c.step.add(c.sidecars)
		c.start.raise(c.step)
	}
	c.total.raise(c.start)
}

// container puts into c.effective what a container counts for. While it is being
// resized that is the most of what is asked for, what is in force and what the node
// has agreed to; a request that the node can never meet does not count.
func (c *counter) container(p *corev1.Pod, k *corev1.Container, s *corev1.ContainerStatus) {
	c.effective = c.effective[:0]
	resized := s != nil && s.Resources != nil
	if !resized || !podresources.IsPodResizeInfeasible(p) {
		c.most(k.Resources.Requests)
		if len(k.Resources.Limits) > 0 {
			c.unrequested(&k.Resources)
		}
	}
	if resized {
		c.most(s.Resources.Requests)
		c.most(s.AllocatedResources)
	}
}

// most raises c.effective to the amounts of a list. Nearly all lists are of cpu and
// memory, and to look these up takes half the time of walking through the map.
func (c *counter) most(list corev1.ResourceList) {
	if cpu, ok := list[corev1.ResourceCPU]; ok && len(list) <= 2 {
		memory, both := list[corev1.ResourceMemory]
		if both == (len(list) == 2) {
			c.raise(corev1.ResourceCPU, &cpu)
			if both {
				c.raise(corev1.ResourceMemory, &memory)
			}
			return
		}
	}
	for name, q := range list {
		c.raise(name, &q)
	}
}

func (c *counter) raise(name corev1.ResourceName, q *resource.Quantity) {
	v := c.effective.at(string(name))
	*v = max(*v, c.amount(name, q))
}

// unrequested raises c.effective to the limits that no request goes with.
func (c *counter) unrequested(r *corev1.ResourceRequirements) {
	for name, q := range r.Limits {
		if _, ok := r.Requests[name]; !ok {
			c.raise(name, &q)
		}
	}
}

// podLevel replaces the sum over containers by what is asked for the pod as a
// whole. A limit is a request here too, unless containers ask for the resource.
func (c *counter) podLevel(p *corev1.Pod, r *corev1.ResourceRequirements) {
	counts := func(name corev1.ResourceName) bool {
		_, requested := r.Requests[name]
		return !requested && podresources.IsSupportedPodLevelResource(name) && (!c.total.has(string(name)) || !overcommits(name))
	}
	c.effective = c.effective[:0]
	resized := p.Spec.NodeName != "" && p.Status.Resources != nil
	if !resized || !podresources.IsPodResizeInfeasible(p) {
		c.most(r.Requests)
		for name, q := range r.Limits {
			if counts(name) {
				c.raise(name, &q)
			}
		}
	}
	if resized {
		c.most(p.Status.Resources.Requests)
		c.most(p.Status.AllocatedResources)
	}
	for name := range r.Limits {
		if !podresources.IsSupportedPodLevelResource(name) {
			c.exact = false
		} else if counts(name) {
			*c.total.at(string(name)) = *c.effective.at(string(name))
		}
	}
	for name := range r.Requests {
		if podresources.IsSupportedPodLevelResource(name) {
			*c.total.at(string(name)) = *c.effective.at(string(name))
		} else {
			c.exact = false
		}
	}
}

// overcommits tells whether a container can be given more of it than it asks for.
func overcommits(name corev1.ResourceName) bool {
	return !strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// fillIn adds to a spec the requests that the API server would.
func fillIn(s *corev1.PodSpec) {
	for _, list := range [2][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range list {
			fillInFrom(&list[i].Resources, func(corev1.ResourceName) bool { return true })
		}
	}
	if s.Resources != nil {
		sum := podresources.AggregateContainerRequests(&corev1.Pod{Spec: *s}, podresources.PodResourcesOptions{})
		fillInFrom(s.Resources, func(name corev1.ResourceName) bool {
			_, counted := sum[name]
			return podresources.IsSupportedPodLevelResource(name) && (!counted || !overcommits(name))
		})
	}
}

func fillInFrom(r *corev1.ResourceRequirements, wanted func(corev1.ResourceName) bool) {
	for name, q := range r.Limits {
		if _, ok := r.Requests[name]; ok || !wanted(name) {
			continue
		}
		if r.Requests == nil {
			r.Requests = corev1.ResourceList{}
		}
		r.Requests[name] = q
	}
}

func statusOf(list []corev1.ContainerStatus, container string) *corev1.ContainerStatus {
	for i := range list {
		if list[i].Name == container {
			return &list[i]
		}
	}
	return nil
}

func isSidecar(k *corev1.Container) bool {
	return k.RestartPolicy != nil && *k.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// amount is a quantity in the unit of cluster.Amount.
func (c *counter) amount(name corev1.ResourceName, q *resource.Quantity) int64 {
	var v int64
	var exact bool
	if name == corev1.ResourceCPU {
		v = q.MilliValue()
		exact = q.Cmp(*resource.NewMilliQuantity(v, resource.DecimalSI)) == 0
	} else if v, exact = q.AsInt64(); !exact {
		v = q.Value()
		exact = q.CmpInt64(v) == 0
	}
	if !exact || v < 0 || v > maxAmount || !countable(name) {
		c.exact = false
	}
	return v
}
