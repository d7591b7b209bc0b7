package random

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// The devices of a node are of one or two drivers, all of a driver of one model: so
// requests that could be for the same devices of a node could be for all of them.
const (
	gpus = "gpu.example.com"
	nics = "nic.example.com"
)

// hardware is the devices of a node: how many of which driver and model.
type hardware struct {
	driver, model string
	count         int
}

// devices makes DeviceClasses, and the ResourceSlices of nodes. Those of an instance
// type have the same.
func (m *maker) devices() {
	if !m.chance(50) {
		return
	}
	m.devicesMade = true
	m.deviceClass("gpu", `device.driver == "`+gpus+`"`)
	m.deviceClass("nic", `device.driver == "`+nics+`"`)
	m.deviceClass("a100", `device.driver == "`+gpus+`" && device.attributes["`+gpus+`"].model == "a100"`)
	types := map[string][]hardware{}
	for _, n := range m.o.Nodes {
		has := m.hardware()
		if t := n.Labels[corev1.LabelInstanceTypeStable]; t != "" {
			if types[t] == nil {
				types[t] = has
			}
			has = types[t]
		}
		for _, h := range has {
			m.slice(n.Name, h)
		}
	}
}

func (m *maker) deviceClass(name, expression string) {
	m.o.DeviceClasses = append(m.o.DeviceClasses, &resourcev1.DeviceClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: resourcev1.DeviceClassSpec{
		Selectors: []resourcev1.DeviceSelector{{CEL: &resourcev1.CELDeviceSelector{Expression: expression}}},
	}})
}

func (m *maker) hardware() []hardware {
	out := []hardware{{gpus, pick(m, "a100", "t4"), m.between(1, 4)}}
	if m.chance(30) {
		out = append(out, hardware{nics, "fast", m.between(1, 2)})
	}
	return out
}

// slice makes the slices of one driver on a node. Some pools are not complete, and some
// have a slice of yesterday.
func (m *maker) slice(node string, h hardware) {
	add := func(generation int64, count, first int) *resourcev1.ResourceSlice {
		s := &resourcev1.ResourceSlice{ObjectMeta: metav1.ObjectMeta{Name: m.name(node)}}
		s.Spec.Driver, s.Spec.NodeName = h.driver, &node
		s.Spec.Pool = resourcev1.ResourcePool{Name: node, Generation: generation, ResourceSliceCount: 1}
		for i := range count {
			d := resourcev1.Device{Name: "d" + strconv.Itoa(first+i), Attributes: map[resourcev1.QualifiedName]resourcev1.DeviceAttribute{
				"model": {StringValue: ptr.To(h.model)}, "index": {IntValue: ptr.To(int64(first + i))},
			}}
			if m.chance(5) {
				d.Taints = []resourcev1.DeviceTaint{{Key: "broken", Effect: resourcev1.DeviceTaintEffectNoSchedule}}
			}
			s.Spec.Devices = append(s.Spec.Devices, d)
		}
		m.o.ResourceSlices = append(m.o.ResourceSlices, s)
		return s
	}
	if h.count > 1 && m.chance(30) {
		for _, s := range []*resourcev1.ResourceSlice{add(2, 1, 0), add(2, h.count-1, 1)} {
			s.Spec.Pool.ResourceSliceCount = 2
		}
	} else if s := add(2, h.count, 0); m.chance(8) {
		s.Spec.Pool.ResourceSliceCount = 2 // the other one is on its way
	}
	if m.chance(10) {
		add(1, 3, 0)
	}
}

// claims gives a pod claims to devices. Those of pods that have a node are allocated.
func (m *maker) claims(p *corev1.Pod, percent int) {
	if !m.devicesMade || !m.binds(percent) {
		return
	}
	if p.Spec.NodeName == "" && len(m.sharedClaims) > 0 && m.chance(30) {
		c := pick(m, m.sharedClaims...)
		if c.Namespace == p.Namespace {
			m.useClaim(p, c)
			return
		}
	}
	for range m.between(1, 2) {
		m.useClaim(p, m.deviceClaim(p))
		if m.chance(70) {
			return
		}
	}
}

func (m *maker) useClaim(p *corev1.Pod, c *resourcev1.ResourceClaim) {
	p.Spec.ResourceClaims = append(p.Spec.ResourceClaims, corev1.PodResourceClaim{Name: m.name("claim"), ResourceClaimName: ptr.To(c.Name)})
}

func (m *maker) deviceClaim(p *corev1.Pod) *resourcev1.ResourceClaim {
	c := &resourcev1.ResourceClaim{ObjectMeta: m.meta(m.name("devices"), p.Namespace)}
	for range m.between(1, 2) {
		r := &resourcev1.ExactDeviceRequest{DeviceClassName: pick(m, "gpu", "gpu", "gpu", "a100", "nic"), AllocationMode: resourcev1.DeviceAllocationModeExactCount, Count: int64(m.between(1, 2))}
		if m.chance(4) {
			r.DeviceClassName = "gone"
		}
		if m.chance(30) {
			r.Selectors = []resourcev1.DeviceSelector{{CEL: &resourcev1.CELDeviceSelector{
				Expression: `device.attributes["` + gpus + `"].?model.orValue("") ` + pick(m, `== "t4"`, `!= "t4"`, `in ["a100", "h100"]`),
			}}}
		}
		c.Spec.Devices.Requests = append(c.Spec.Devices.Requests, resourcev1.DeviceRequest{Name: m.name("request"), Exactly: r})
		if m.chance(12) {
			r.AllocationMode, r.Count = resourcev1.DeviceAllocationModeAll, 0
			break // another request would be for what this one leaves, which is nothing
		}
		if m.chance(60) {
			break
		}
	}
	m.o.ResourceClaims = append(m.o.ResourceClaims, c)
	switch {
	case p.Spec.NodeName != "":
		m.o.Allocate(c, p.Spec.NodeName)
	case m.chance(15) && len(m.o.Nodes) > 0:
		m.o.Allocate(c, pick(m, m.o.Nodes...).Name)
	}
	m.sharedClaims = append(m.sharedClaims, c)
	return m.o.ResourceClaims[len(m.o.ResourceClaims)-1]
}
