package cluster

import (
	"cmp"
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
	// Waits: the volume is found or made where the first pod that uses it is put.
	// Found are the volumes it can be, in the order in which they are taken; if Makes,
	// one can be made instead, where Made says (as Affinity). Affinity sums up both.
	Waits, Makes bool
	Found        []FreeVolume
	Made         []Term
}

// FreeVolume is a volume that is there to be claimed.
type FreeVolume struct {
	Name     string
	Affinity []Term // as of [ClassVolume]
	// Zones are looked at from the second pod on: while it is free, nobody asks.
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

// come returns what the claims of a waiting pod come to.
func (v *claimants) come(p *Pod) *podVolumes {
	out := &podVolumes{}
	var seen []string
	var waiting []claimed
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
		x.ID = v.identity(name)
		if slices.Contains(seen, x.ID) {
			x.Driver = "" // attached once
		}
		seen = append(seen, x.ID)
		if !v.shared(x.ID) || x.Driver == "" && !x.Waits {
			x.ID = ""
		}
		if x.Waits {
			waiting = append(waiting, claimed{v.claims[name].Size, x})
		} else {
			out.volumes = append(out.volumes, x)
		}
	}
	// The scheduler finds volumes for the smallest claims first.
	slices.SortStableFunc(waiting, func(x, y claimed) int { return cmp.Compare(x.size, y.size) })
	for _, w := range waiting {
		out.volumes = append(out.volumes, w.volume)
	}
	out.key = out.canonical()
	if known := v.byKey[out.key]; known != nil {
		return known
	}
	v.byKey[out.key] = out
	return out
}

// claimed is a volume that is yet to be found or made, with its size in bytes.
type claimed struct {
	size   int64
	volume ClassVolume
}

// resolve finds what one claim asks of a node, or why it cannot be used.
func (v *claimants) resolve(use *VolumeUse, name string, p *Pod) (x ClassVolume, why string) {
	c := v.claims[name]
	if c == nil {
		return x, "PersistentVolumeClaim " + name + " does not exist"
	}
	switch {
	case use.Ephemeral && c.Controller != p.UID:
		return x, "PersistentVolumeClaim " + name + " was not made for the pod that has its volume"
	case c.Deleting:
		return x, "PersistentVolumeClaim " + name + " is being deleted"
	case c.Lost:
		return x, "PersistentVolumeClaim " + name + " has lost its volume"
	case c.Exclusive && !use.Ephemeral && !v.gets(p, name):
		return x, "PersistentVolumeClaim " + name + " (ReadWriteOncePod) is used by another pod"
	case c.Binding:
		return x, "PersistentVolumeClaim " + name + " waits to be bound to " + c.Volume
	}
	if c.Volume != "" {
		pv := v.byName[c.Volume]
		if pv == nil {
			return x, "PersistentVolume " + c.Volume + " of claim " + name + " does not exist"
		}
		x = ClassVolume{Driver: pv.Driver, Affinity: pv.Affinity, Zones: pv.Zones}
		if use.Ephemeral {
			x.Zones = nil // the scheduler does not look at them
		}
		return x, ""
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
	x = ClassVolume{Driver: class.driver(), Waits: true, Makes: class.dynamic(), Made: v.roomFor(c, class)}
	if c.SelectedNode != "" {
		x.Made = onNode(x.Made, c.SelectedNode)
	} else {
		x.Found = v.found(c, class, name)
	}
	x.Affinity = x.reach()
	if x.Affinity != nil && len(x.Affinity) == 0 {
		return x, "PersistentVolumeClaim " + name + " waits: no volume of class " + class.Name + " is free, and none can be made"
	}
	return x, ""
}

// onNode is the terms, on the node of that name only.
func onNode(terms []Term, name string) []Term {
	here := Requirement{Key: FieldName, Operator: In, Values: []string{name}}
	if terms == nil {
		return []Term{{here}}
	}
	out := make([]Term, len(terms))
	for i, t := range terms {
		out[i] = append(slices.Clone(t), here)
	}
	return out
}

// found returns the volumes that a claim can take, in the order in which the
// scheduler tries them. One that is kept for the claim is the only one.
func (v *volumes) found(c *PersistentVolumeClaim, class *StorageClass, name string) []FreeVolume {
	var fitting []*PersistentVolume
	for _, pv := range v.kept[name] {
		if pv.StorageClass == class.Name && pv.Size >= c.Size && pv.Kind.Block == c.Kind.Block && pv.Kind.Attributes == c.Kind.Attributes {
			return []FreeVolume{{pv.Name, pv.Affinity, pv.Zones}} // of this one nothing more is asked
		}
	}
	for _, pv := range v.free[class.Name] {
		if pv.Size >= c.Size && pv.Kind.serves(&c.Kind) && c.Labels.Matches(pv.Labels.Get) {
			fitting = append(fitting, pv)
		}
	}
	slices.SortStableFunc(fitting, func(x, y *PersistentVolume) int { return cmp.Compare(x.Size, y.Size) })
	out := make([]FreeVolume, len(fitting))
	for i, pv := range fitting {
		out[i] = FreeVolume{pv.Name, pv.Affinity, pv.Zones}
	}
	return out
}

// reach sums up where a volume can be found or made; nil for anywhere.
func (x *ClassVolume) reach() []Term {
	terms := []Term{}
	if x.Makes {
		if x.Made == nil {
			return nil
		}
		terms = append(terms, x.Made...)
	}
	for _, f := range x.Found {
		if f.Affinity == nil {
			return nil
		}
		terms = append(terms, f.Affinity...)
	}
	return terms
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
	terms := func(what string, list []Term) {
		if list != nil {
			b.WriteString(what)
			for _, t := range list {
				b.WriteString(termKey(t))
			}
		}
	}
	for _, x := range v.volumes {
		b.WriteString("(" + strconv.Quote(x.Driver) + strconv.Quote(x.ID))
		terms("on", x.Affinity)
		b.WriteString(termKey(x.Zones))
		if x.Waits {
			b.WriteString("waits")
			for _, f := range x.Found {
				b.WriteString(strconv.Quote(f.Name))
			}
		}
		if x.Makes {
			terms("made", x.Made)
		}
		b.WriteString(")")
	}
	for _, r := range v.refused {
		b.WriteString(strconv.Quote(r))
	}
	return b.String()
}
