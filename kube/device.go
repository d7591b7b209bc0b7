package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	"k8s.io/dynamic-resource-allocation/cel"

	"github.com/ullage-sh/ullage/cluster"
)

// expressions compiles selectors as the scheduler does, and remembers them.
var expressions = cel.NewCache(256, cel.Features{EnableConsumableCapacity: true})

// deviceSelectors converts selectors. One that cannot be evaluated says so when it is
// asked.
func deviceSelectors(in []resourcev1.DeviceSelector) []cluster.DeviceSelector {
	out := make([]cluster.DeviceSelector, len(in))
	for i := range in {
		if in[i].CEL == nil {
			out[i] = cluster.DeviceSelector{Expression: "?", Matches: func(string, *cluster.Device) (bool, error) {
				return false, errors.New("not a CEL expression")
			}}
			continue
		}
		text := in[i].CEL.Expression
		out[i] = cluster.DeviceSelector{Expression: text, Matches: func(driver string, d *cluster.Device) (bool, error) {
			return evaluate(text, driver, d)
		}}
	}
	return out
}

func evaluate(expression, driver string, d *cluster.Device) (bool, error) {
	compiled := expressions.GetOrCompile(expression)
	if compiled.Error != nil {
		return false, compiled.Error
	}
	facts, ok := d.Properties.(*resourcev1.Device)
	if !ok {
		return false, fmt.Errorf("device %s has no attributes", d.Name)
	}
	yes, _, err := compiled.DeviceMatches(context.Background(), cel.Device{
		Driver: driver, AllowMultipleAllocations: facts.AllowMultipleAllocations, Attributes: facts.Attributes, Capacity: facts.Capacity,
	})
	return yes, err
}

// DeviceClass converts a DeviceClass.
func DeviceClass(c *resourcev1.DeviceClass) *cluster.DeviceClass {
	return &cluster.DeviceClass{Name: c.Name, Revision: c.ResourceVersion, Selectors: deviceSelectors(c.Spec.Selectors)}
}

// ResourceSlice converts a ResourceSlice. One that is not of a single node keeps its
// pool from being complete there; its devices are not counted.
func ResourceSlice(s *resourcev1.ResourceSlice) *cluster.ResourceSlice {
	out := &cluster.ResourceSlice{
		Name: s.Name, Revision: s.ResourceVersion, Driver: s.Spec.Driver,
		Pool: s.Spec.Pool.Name, Generation: s.Spec.Pool.Generation, Slices: s.Spec.Pool.ResourceSliceCount,
	}
	if s.Spec.NodeName != nil {
		out.Node = *s.Spec.NodeName
	}
	for i := range s.Spec.Devices {
		d := &s.Spec.Devices[i]
		out.Devices = append(out.Devices, cluster.Device{Name: d.Name, Unusable: unusable(d), Tainted: tainted(d), Properties: d})
	}
	return out
}

// unusable says why a device cannot be planned with.
func unusable(d *resourcev1.Device) string {
	switch {
	case len(d.ConsumesCounters) > 0:
		return "is a part of another device"
	case d.AllowMultipleAllocations != nil && *d.AllowMultipleAllocations:
		return "is shared out by capacity"
	case d.BindsToNode != nil && *d.BindsToNode, len(d.BindingConditions) > 0:
		return "is attached when it is needed"
	}
	return ""
}

func tainted(d *resourcev1.Device) bool {
	return slices.ContainsFunc(d.Taints, func(t resourcev1.DeviceTaint) bool { return t.Effect != resourcev1.DeviceTaintEffectNone })
}

// ResourceClaim converts a ResourceClaim.
func ResourceClaim(c *resourcev1.ResourceClaim) *cluster.ResourceClaim {
	out := &cluster.ResourceClaim{Namespace: c.Namespace, Name: c.Name, Revision: c.ResourceVersion, Deleting: c.DeletionTimestamp != nil}
	for _, o := range c.OwnerReferences {
		if o.Controller != nil && *o.Controller && o.Kind == "Pod" {
			out.MadeFor = string(o.UID)
		}
	}
	for _, u := range c.Status.ReservedFor {
		out.Users = append(out.Users, string(u.UID))
	}
	if a := c.Status.Allocation; a != nil {
		out.Allocated = true
		for _, r := range a.Devices.Results {
			if r.AdminAccess == nil || !*r.AdminAccess {
				out.Devices = append(out.Devices, cluster.DeviceID{Driver: r.Driver, Pool: r.Pool, Name: r.Device})
			}
		}
		if a.NodeSelector != nil {
			out.Nodes = nodeTerms(a.NodeSelector.NodeSelectorTerms)
		}
	}
	out.Requests, out.Refused = deviceRequests(&c.Spec.Devices)
	return out
}

// nodeTerms converts the selector of the nodes that can use allocated devices.
func nodeTerms(terms []corev1.NodeSelectorTerm) []cluster.Term {
	d := demander{out: new(cluster.Demand)}
	out := []cluster.Term{}
	for i := range terms {
		if t, empty := d.nodeTerm("", &terms[i]); !empty {
			out = append(out, t)
		}
	}
	if len(d.out.Refused) > 0 {
		return []cluster.Term{impossible}
	}
	return out
}

// deviceRequests converts what a claim asks for, and names what is not honoured.
func deviceRequests(c *resourcev1.DeviceClaim) (out []cluster.DeviceRequest, refused []string) {
	refuse := func(r *resourcev1.DeviceRequest, field, why string) {
		refused = append(refused, "request "+r.Name+": "+field+": "+why)
	}
	for i := range c.Requests {
		r := &c.Requests[i]
		x := r.Exactly
		if x == nil {
			refuse(r, "firstAvailable", "alternatives are not weighed")
			continue
		}
		req := cluster.DeviceRequest{Name: r.Name, Class: x.DeviceClassName, Selectors: deviceSelectors(x.Selectors), Count: max(x.Count, 1)}
		switch x.AllocationMode {
		case resourcev1.DeviceAllocationModeExactCount, "":
		case resourcev1.DeviceAllocationModeAll:
			req.Count = 0
		default:
			refuse(r, "allocationMode", fmt.Sprintf("%q is neither ExactCount nor All", x.AllocationMode))
		}
		if x.AdminAccess != nil && *x.AdminAccess {
			refuse(r, "adminAccess", "devices that others use are not counted")
		}
		if len(x.Tolerations) > 0 {
			refuse(r, "tolerations", "devices with taints are not counted")
		}
		if x.Capacity != nil {
			refuse(r, "capacity", "parts of devices are not counted")
		}
		out = append(out, req)
	}
	for _, k := range c.Constraints {
		what := "constraint"
		if k.MatchAttribute != nil {
			what = "matchAttribute " + string(*k.MatchAttribute)
		}
		refused = append(refused, "constraints: "+strings.TrimSpace(what)+": devices are not chosen together")
	}
	return out, refused
}

// claimsOf names the ResourceClaims of a pod.
func claimsOf(p *corev1.Pod) []string {
	out := make([]string, 0, len(p.Spec.ResourceClaims))
	for i := range p.Spec.ResourceClaims {
		r := &p.Spec.ResourceClaims[i]
		name := cluster.NotMade
		if r.ResourceClaimName != nil {
			name = *r.ResourceClaimName
		}
		for _, s := range p.Status.ResourceClaimStatuses {
			if s.Name != r.Name || r.ResourceClaimName != nil {
				continue
			}
			name = "" // none is needed
			if s.ResourceClaimName != nil {
				name = *s.ResourceClaimName
			}
		}
		out = append(out, name)
	}
	return out
}
