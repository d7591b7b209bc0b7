package oracle

import (
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/ullage-sh/ullage/kube"
)

// Allocate gives a claim devices of a node that are free, the first that match: what
// the scheduler does when it binds a pod. Where there are too few, the claim stays as
// it is.
func (o *Objects) Allocate(claim *resourcev1.ResourceClaim, node string) {
	c := claim.DeepCopy()
	c.Status.Allocation = &resourcev1.AllocationResult{NodeSelector: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
	}}}}
	results := &c.Status.Allocation.Devices.Results
	for _, r := range c.Spec.Devices.Requests {
		left := r.Exactly.Count
		all := r.Exactly.AllocationMode == resourcev1.DeviceAllocationModeAll
		for _, s := range o.ResourceSlices {
			if *s.Spec.NodeName != node || !o.current(s) {
				continue
			}
			for i := range s.Spec.Devices {
				d := resourcev1.DeviceRequestAllocationResult{Request: r.Name, Driver: s.Spec.Driver, Pool: s.Spec.Pool.Name, Device: s.Spec.Devices[i].Name}
				if (all || left > 0) && len(s.Spec.Devices[i].Taints) == 0 && o.picks(r.Exactly, s, i) && !o.taken(d, *results) {
					*results = append(*results, d)
					left--
				}
			}
		}
		if left > 0 || all && left == 0 {
			return
		}
	}
	o.ResourceClaims[slices.Index(o.ResourceClaims, claim)] = c
}

// current tells whether a slice is of the newest generation of its pool, and the pool
// complete.
func (o *Objects) current(s *resourcev1.ResourceSlice) bool {
	n := int64(0)
	for _, x := range o.ResourceSlices {
		if *x.Spec.NodeName != *s.Spec.NodeName || x.Spec.Driver != s.Spec.Driver {
			continue
		}
		if x.Spec.Pool.Generation > s.Spec.Pool.Generation {
			return false
		}
		if x.Spec.Pool.Generation == s.Spec.Pool.Generation {
			n++
		}
	}
	return n == s.Spec.Pool.ResourceSliceCount
}

// ready tells whether all pools on a node are complete.
func (o *Objects) ready(node string) bool {
	newer := func(s *resourcev1.ResourceSlice) bool {
		return slices.ContainsFunc(o.ResourceSlices, func(x *resourcev1.ResourceSlice) bool {
			return *x.Spec.NodeName == node && x.Spec.Driver == s.Spec.Driver && x.Spec.Pool.Generation > s.Spec.Pool.Generation
		})
	}
	return !slices.ContainsFunc(o.ResourceSlices, func(s *resourcev1.ResourceSlice) bool {
		return *s.Spec.NodeName == node && !newer(s) && !o.current(s)
	})
}

// picks tells whether a request is for a device.
func (o *Objects) picks(r *resourcev1.ExactDeviceRequest, s *resourcev1.ResourceSlice, device int) bool {
	at := slices.IndexFunc(o.DeviceClasses, func(c *resourcev1.DeviceClass) bool { return c.Name == r.DeviceClassName })
	if at < 0 {
		return false
	}
	selectors := slices.Concat(o.DeviceClasses[at].Spec.Selectors, r.Selectors)
	record := kube.ResourceSlice(s)
	for _, x := range kube.DeviceClass(&resourcev1.DeviceClass{Spec: resourcev1.DeviceClassSpec{Selectors: selectors}}).Selectors {
		if ok, err := x.Matches(s.Spec.Driver, &record.Devices[device]); !ok || err != nil {
			return false
		}
	}
	return true
}

// taken tells whether a device is allocated, or among those that are about to be.
func (o *Objects) taken(d resourcev1.DeviceRequestAllocationResult, more []resourcev1.DeviceRequestAllocationResult) bool {
	is := func(x resourcev1.DeviceRequestAllocationResult) bool {
		return x.Driver == d.Driver && x.Pool == d.Pool && x.Device == d.Device
	}
	return slices.ContainsFunc(more, is) || slices.ContainsFunc(o.ResourceClaims, func(c *resourcev1.ResourceClaim) bool {
		return c.Status.Allocation != nil && slices.ContainsFunc(c.Status.Allocation.Devices.Results, is)
	})
}

// allocateFor allocates the claims of a pod that is bound to a node.
func (o *Objects) allocateFor(p *corev1.Pod) {
	for _, use := range p.Spec.ResourceClaims {
		for _, c := range o.ResourceClaims {
			if c.Namespace == p.Namespace && use.ResourceClaimName != nil && c.Name == *use.ResourceClaimName && c.Status.Allocation == nil {
				o.Allocate(c, p.Spec.NodeName)
			}
		}
	}
}

// equip gives a node that has been bought the devices of the first of the nodes of its
// type whose pools are complete.
func (o *Objects) equip(n *corev1.Node) {
	like := ""
	for _, s := range o.ResourceSlices {
		x := o.Node(*s.Spec.NodeName)
		if x != nil && x.Labels[corev1.LabelInstanceTypeStable] == n.Labels[corev1.LabelInstanceTypeStable] && o.ready(x.Name) && (like == "" || x.Name < like) {
			like = x.Name
		}
	}
	for i, s := range slices.Clone(o.ResourceSlices) {
		if *s.Spec.NodeName == like && o.current(s) {
			c := s.DeepCopy()
			for j := range c.Spec.Devices {
				c.Spec.Devices[j].Taints = nil // what is broken there is not broken here
			}
			c.Name, c.Spec.NodeName, c.Spec.Pool.Name = n.Name+"-"+strconv.Itoa(i), &n.Name, n.Name
			o.ResourceSlices = append(o.ResourceSlices, c)
		}
	}
}

// loadClaims makes claims what the scheduler knows of. Unlike other kinds these are
// followed by way of events. What has changed is another claim of the same name.
func (s *Scheduler) loadClaims(claims []*resourcev1.ResourceClaim) {
	i := s.informers.of(&resourcev1.ResourceClaim{})
	have := map[string]*resourcev1.ResourceClaim{}
	for _, c := range claims {
		key, err := cache.MetaNamespaceKeyFunc(c)
		must(err)
		have[key] = c
	}
	for _, old := range i.indexer.List() {
		key, err := cache.MetaNamespaceKeyFunc(old)
		must(err)
		if have[key] == nil || have[key] != s.loaded[key] {
			delete(s.loaded, key)
			must(i.indexer.Delete(old))
			for _, h := range i.handlers {
				h.OnDelete(old)
			}
		}
	}
	for _, c := range claims {
		key, err := cache.MetaNamespaceKeyFunc(c)
		must(err)
		if s.loaded[key] == c {
			continue
		}
		s.loaded[key] = c
		s.version++
		c = c.DeepCopy()
		c.ResourceVersion = strconv.Itoa(s.version)
		s.informers.Put(c)
	}
}
