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
// KEP-2837).
//
// It does in integers what component-helpers does in quantities, and leaves the
// pods to it for which integers are not exact. Its lists are reused from pod to
// pod.
type counter struct {
	total, sidecars, start, step, effective tally
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
	if r := p.Spec.Resources; r != nil && len(r.Requests) > 0 {
		c.podLevel(p, r.Requests)
	}
	c.plus(p.Spec.Overhead)
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
	list := podresources.PodRequests(p, podresources.PodResourcesOptions{UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true})
	list[corev1.ResourcePods] = quantity(cluster.Amount{Name: cluster.Pods, Value: 1})
	return resources(list)
}

func (c *counter) containers(p *corev1.Pod) {
	c.total = c.total[:0]
	for i := range p.Spec.Containers {
		k := &p.Spec.Containers[i]
		if s := statusOf(p.Status.ContainerStatuses, k.Name); s != nil && s.Resources != nil {
			c.effective = c.effective[:0]
			c.resized(p, k.Resources.Requests, s.Resources.Requests, s.AllocatedResources)
			c.total.add(c.effective)
			continue
		}
		c.plus(k.Resources.Requests)
	}
	if len(p.Spec.InitContainers) == 0 {
		return
	}
	c.sidecars, c.start = c.sidecars[:0], c.start[:0]
	for i := range p.Spec.InitContainers {
		c.initContainer(p, &p.Spec.InitContainers[i])
	}
	c.total.raise(c.start)
}

// plus adds a list to the total. Nearly all lists are of cpu and memory, and to look
// these up takes half the time of walking through the map.
func (c *counter) plus(list corev1.ResourceList) {
	if len(list) == 0 {
		return
	}
	if cpu, ok := list[corev1.ResourceCPU]; ok && len(list) <= 2 {
		memory, both := list[corev1.ResourceMemory]
		if both == (len(list) == 2) {
			*c.total.at(cluster.CPU) += c.amount(corev1.ResourceCPU, &cpu)
			if both {
				*c.total.at(cluster.Memory) += c.amount(corev1.ResourceMemory, &memory)
			}
			return
		}
	}
	for name, q := range list {
		*c.total.at(string(name)) += c.amount(name, &q)
	}
}

func (c *counter) initContainer(p *corev1.Pod, k *corev1.Container) {
	always := isSidecar(k)
	c.effective = c.effective[:0]
	if s := statusOf(p.Status.InitContainerStatuses, k.Name); always && s != nil && s.Resources != nil {
		c.resized(p, k.Resources.Requests, s.Resources.Requests, s.AllocatedResources)
	} else {
		c.most(k.Resources.Requests)
	}
	if always {
		c.total.add(c.effective)
		c.sidecars.add(c.effective)
		c.start.raise(c.sidecars)
		return
	}
	c.step = append(c.step[:0], c.effective...)
	c.step.add(c.sidecars)
	c.start.raise(c.step)
}

// resized raises c.effective to the most of what is asked for, what is in force and
// what the node has agreed to. A request that the node can never meet does not
// count.
func (c *counter) resized(p *corev1.Pod, spec, actual, allocated corev1.ResourceList) {
	if !podresources.IsPodResizeInfeasible(p) {
		c.most(spec)
	}
	c.most(actual)
	c.most(allocated)
}

func (c *counter) most(list corev1.ResourceList) {
	for name, q := range list {
		v := c.effective.at(string(name))
		*v = max(*v, c.amount(name, &q))
	}
}

// podLevel replaces the sum over containers by what is asked for the pod as a
// whole.
func (c *counter) podLevel(p *corev1.Pod, requests corev1.ResourceList) {
	c.effective = c.effective[:0]
	if r := p.Status.Resources; r != nil {
		c.resized(p, requests, r.Requests, p.Status.AllocatedResources)
	} else {
		c.most(requests)
	}
	for name := range requests {
		if podresources.IsSupportedPodLevelResource(name) {
			*c.total.at(string(name)) = *c.effective.at(string(name))
		} else {
			c.exact = false
		}
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
	exact := true
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

// countable tells whether a container can ask for the resource.
func countable(name corev1.ResourceName) bool {
	switch name {
	case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return true
	}
	return strings.Contains(string(name), "/") || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix)
}

// quantityProblems names the quantities of a pod that no API server would have
// taken.
func quantityProblems(p *corev1.Pod) []string {
	var out []string
	look := func(path string, list corev1.ResourceList, known func(corev1.ResourceName) bool) {
		for name, q := range list {
			at := path + "[" + string(name) + "]: "
			v := amount(name, q)
			switch {
			case !known(name):
				out = append(out, at+"no resource that can be asked for here")
			case v < 0:
				out = append(out, at+q.String()+" is negative")
			case v >= maxAmount:
				out = append(out, at+q.String()+" is more than any node has")
			}
		}
	}
	for i := range p.Spec.InitContainers {
		look("spec.initContainers["+p.Spec.InitContainers[i].Name+"].resources.requests", p.Spec.InitContainers[i].Resources.Requests, countable)
	}
	for i := range p.Spec.Containers {
		look("spec.containers["+p.Spec.Containers[i].Name+"].resources.requests", p.Spec.Containers[i].Resources.Requests, countable)
	}
	if r := p.Spec.Resources; r != nil {
		look("spec.resources.requests", r.Requests, podresources.IsSupportedPodLevelResource)
	}
	look("spec.overhead", p.Spec.Overhead, countable)
	slices.Sort(out)
	return out
}
