package cluster

import "slices"

// noLimit stands for attachments that nothing limits.
const noLimit = int64(1) << 40

// limitAttachments fills in how many volumes a host can have attached: what its
// drivers say or, before they do, what its type is known for.
func (b *builder) limitAttachments(h *Host, n *Node, typ *InstanceType) {
	if len(b.attachLimits) == 0 {
		return
	}
	limits := b.csiOf(n).limits()
	if limits == nil && typ != nil {
		limits = typ.AttachLimits
	}
	for _, i := range b.attachLimits {
		if limits.Has(b.out.Resources[i]) { // 0 is a limit too
			h.Allocatable[i] = limits.Get(b.out.Resources[i])
		} else {
			h.Allocatable[i] = noLimit
		}
	}
}

// attach counts the volumes on a host against the limits of their drivers, each
// once, and notes those that waiting pods could share. A volume that hangs on the
// host although no pod there uses it counts too, and once more for the next pod that
// does: that is how the scheduler counts. The volumes of pods that are lifted off the
// host do not hang there, they are lifted with them.
func (b *builder) attach(h *Host, lifted []*Pod, attached []*VolumeAttachment) {
	v, seen := b.volumes, map[string]bool{}
	count := func(driver, id string) {
		if driver == "" || id == "" || seen[id] {
			return
		}
		seen[id] = true
		if at, ok := b.index[AttachLimit+driver]; ok {
			h.Free[at]--
		}
	}
	for _, x := range v.on(h.Pods, nil) {
		count(x.attaches())
	}
	for id := range seen {
		h.Volumes = append(h.Volumes, id)
	}
	slices.Sort(h.Volumes)
	for _, x := range v.on(lifted, nil) {
		_, id := x.attaches()
		seen[id] = true
	}
	for _, a := range attached {
		if pv := v.byName[a.Volume]; pv != nil && !pv.Migrated && pv.id() != "" && !seen[pv.id()] {
			h.Hanging = append(h.Hanging, pv.id())
			count(pv.Driver, pv.id())
		}
	}
	slices.Sort(h.Hanging)
}
