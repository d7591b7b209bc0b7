package cluster

import (
	"slices"
	"strconv"
	"strings"
)

// ClassVolume is a volume of the pods of a class, as far as it decides where they
// can run.
type ClassVolume struct {
	// Driver whose attachments are counted under [AttachLimit]; "" where none are.
	Driver string
	// ID is the same for all pods that share the volume, which then is attached to
	// a node once; "" where each pod has one of its own.
	ID string
	// Affinity are the nodes that can use it: terms are ORed, nil means any. For a
	// volume that is yet to be made, where it can be made.
	Affinity []Term
	// Zones are the zone and region labels of the volume; they bind only nodes that
	// have such labels.
	Zones Term
}

// podVolumes is what the claims of a pod come to. It is interned by its text.
type podVolumes struct {
	key     string
	volumes []ClassVolume
	refused []string
}

func (v *podVolumes) text() string {
	if v == nil {
		return ""
	}
	return v.key
}

// volumes looks up what pods have claimed.
type volumes struct {
	claims  map[string]*PersistentVolumeClaim // by namespace/name
	byName  map[string]*PersistentVolume
	classes map[string]*StorageClass
	free    map[string][]*PersistentVolume // by storage class, for claims that wait
	users   map[string]int                 // live pods of each claim
	bound   map[string]int                 // those with a node
	taken   map[string]bool                // exclusive claims that a waiting pod has got
	byKey   map[string]*podVolumes
}

func newVolumes(b *builder) *volumes {
	v := &volumes{
		claims: map[string]*PersistentVolumeClaim{}, byName: map[string]*PersistentVolume{}, classes: map[string]*StorageClass{},
		free: map[string][]*PersistentVolume{}, users: map[string]int{}, bound: map[string]int{}, taken: map[string]bool{},
		byKey: map[string]*podVolumes{},
	}
	for _, c := range b.in.PersistentVolumeClaims {
		v.claims[c.Namespace+"/"+c.Name] = c
	}
	for _, p := range b.in.PersistentVolumes {
		v.byName[p.Name] = p
		if p.Available && p.Claim == "" {
			v.free[p.StorageClass] = append(v.free[p.StorageClass], p)
		}
	}
	for _, s := range b.in.StorageClasses {
		v.classes[s.Name] = s
	}
	for _, p := range b.in.Pods {
		if p.Terminal() {
			continue
		}
		for i := range p.Demand.Volumes {
			if name := p.claim(i); name != "" {
				v.users[name]++
				if p.Node != "" {
					v.bound[name]++
				}
			}
		}
	}
	for _, list := range v.free {
		slices.SortFunc(list, func(x, y *PersistentVolume) int { return strings.Compare(x.Name, y.Name) })
	}
	return v
}

// claim is the claim, as namespace/name, of the i-th volume of a pod, "" for one
// without.
func (p *Pod) claim(i int) string {
	v := &p.Demand.Volumes[i]
	switch {
	case v.Driver != "":
		return ""
	case v.Ephemeral:
		return p.Namespace + "/" + p.Name + "-" + v.Claim
	}
	return p.Namespace + "/" + v.Claim
}

// of returns what the claims of a waiting pod come to.
func (v *volumes) of(p *Pod) *podVolumes {
	out := &podVolumes{}
	for i := range p.Demand.Volumes {
		use := &p.Demand.Volumes[i]
		if use.Driver != "" {
			continue // inline volumes are not counted by the scheduler
		}
		name := p.claim(i)
		x, why := v.resolve(use, name, p)
		if why != "" {
			out.refused = append(out.refused, why)
			continue
		}
		if v.users[name] > 1 && x.ID == "" {
			x.ID = name
		} else if v.users[name] <= 1 {
			x.ID = ""
		}
		out.volumes = append(out.volumes, x)
	}
	out.key = out.canonical()
	if known := v.byKey[out.key]; known != nil {
		return known
	}
	v.byKey[out.key] = out
	return out
}

// resolve finds what one claim asks of a node, or why it cannot be used.
func (v *volumes) resolve(use *VolumeUse, name string, p *Pod) (x ClassVolume, why string) {
	c := v.claims[name]
	if c == nil {
		return x, "PersistentVolumeClaim " + name + " does not exist"
	}
	switch {
	case c.Deleting:
		return x, "PersistentVolumeClaim " + name + " is being deleted"
	case c.Lost:
		return x, "PersistentVolumeClaim " + name + " has lost its volume"
	case c.Exclusive && (v.bound[name] > 0 || v.taken[name]):
		return x, "PersistentVolumeClaim " + name + " (ReadWriteOncePod) is used by another pod"
	}
	if c.Exclusive {
		v.taken[name] = true
	}
	if c.Volume != "" {
		pv := v.byName[c.Volume]
		if pv == nil {
			return x, "PersistentVolume " + c.Volume + " of claim " + name + " does not exist"
		}
		return ClassVolume{Driver: pv.Driver, ID: pv.id(), Affinity: pv.Affinity, Zones: pv.Zones}, ""
	}
	class := v.classes[c.StorageClass]
	switch {
	case class == nil:
		return x, "PersistentVolumeClaim " + name + " waits: there is no StorageClass " + strconv.Quote(c.StorageClass)
	case !class.WaitForConsumer:
		return x, "PersistentVolumeClaim " + name + " waits to be bound (its StorageClass " + class.Name + " binds at once)"
	}
	return v.unbound(c, class, name)
}

// unbound is a volume that will be found or made where its first pod runs.
func (v *volumes) unbound(c *PersistentVolumeClaim, class *StorageClass, name string) (x ClassVolume, why string) {
	if c.SelectedNode != "" {
		return ClassVolume{Driver: class.driver(), Affinity: []Term{{{Key: FieldName, Operator: In, Values: []string{c.SelectedNode}}}}}, ""
	}
	if class.dynamic() && class.Topologies == nil {
		return ClassVolume{Driver: class.Provisioner}, ""
	}
	x.Affinity = []Term{}
	if class.dynamic() {
		x.Driver, x.Affinity = class.Provisioner, slices.Clone(class.Topologies)
	}
	for _, pv := range v.free[class.Name] {
		if pv.Size < c.Size {
			continue
		}
		if pv.Affinity == nil {
			x.Affinity = nil
			return x, ""
		}
		x.Affinity = append(x.Affinity, pv.Affinity...)
	}
	if len(x.Affinity) == 0 {
		return x, "PersistentVolumeClaim " + name + " waits: no volume of class " + class.Name + " is free, and none can be made"
	}
	return x, ""
}

// dynamic tells whether the class can make volumes.
func (s *StorageClass) dynamic() bool {
	return s.Provisioner != "" && s.Provisioner != "kubernetes.io/no-provisioner"
}

func (s *StorageClass) driver() string {
	if s.dynamic() {
		return s.Provisioner
	}
	return ""
}

// id names a volume that can be attached; "" for one that is not counted.
func (v *PersistentVolume) id() string {
	if v.Driver == "" || v.Handle == "" {
		return ""
	}
	return v.Driver + "/" + v.Handle
}

// canonical writes what matters of a pod's volumes.
func (v *podVolumes) canonical() string {
	var b strings.Builder
	for _, x := range v.volumes {
		b.WriteString("(" + strconv.Quote(x.Driver) + strconv.Quote(x.ID))
		if x.Affinity != nil {
			b.WriteString("on")
			for _, t := range x.Affinity {
				b.WriteString(termKey(t))
			}
		}
		b.WriteString(termKey(x.Zones) + ")")
	}
	for _, r := range v.refused {
		b.WriteString(strconv.Quote(r))
	}
	return b.String()
}

// noLimit stands for attachments that nothing limits.
const noLimit = int64(1) << 40

// limitAttachments fills in how many volumes a host can have attached: what its
// drivers say or, before they do, what its type is known for.
func (b *builder) limitAttachments(h *Host, n *Node, typ *InstanceType) {
	if len(b.attachLimits) == 0 {
		return
	}
	var limits Resources
	if n != nil {
		limits = b.csiNodes[n.Name]
	}
	if limits == nil && typ != nil {
		limits = typ.Allocatable
	}
	for _, i := range b.attachLimits {
		h.Allocatable[i] = noLimit
		if v := limits.Get(b.out.Resources[i]); v > 0 {
			h.Allocatable[i] = v
		}
	}
}

// attach counts the volumes on a host against the limits of their drivers, each
// once, and notes those that waiting pods could share.
func (b *builder) attach(h *Host, v *volumes, attachments []*VolumeAttachment) {
	seen := map[string]bool{}
	count := func(driver, id string) {
		if driver == "" || id == "" || seen[id] {
			return
		}
		seen[id] = true
		if at, ok := b.index[AttachLimit+driver]; ok {
			h.Free[at]--
		}
	}
	for _, p := range h.Pods {
		for i := range p.Demand.Volumes {
			name := p.claim(i)
			c := v.claims[name]
			if name == "" || c == nil {
				continue
			}
			if pv := v.byName[c.Volume]; pv != nil {
				count(pv.Driver, pv.id())
			} else if class := v.classes[c.StorageClass]; class != nil {
				count(class.driver(), name)
			}
		}
	}
	for _, a := range attachments {
		if pv := v.byName[a.Volume]; pv != nil {
			count(pv.Driver, pv.id())
		}
	}
	for id := range seen {
		h.Volumes = append(h.Volumes, id)
	}
	slices.Sort(h.Volumes)
}
