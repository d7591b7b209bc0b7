package engine

import (
	"slices"
	"strings"

	"github.com/ullage-sh/ullage/cluster"
)

// disks are the records of volumes, as snapshots want them.
type disks struct {
	attachments map[string]*cluster.VolumeAttachment
	csiNodes    map[string]*cluster.CSINode
	// attached are the attachments of each node, by name.
	attached map[string][]*cluster.VolumeAttachment

	volumeClaims   map[string]*cluster.PersistentVolumeClaim // by namespace/name
	volumes        map[string]*cluster.PersistentVolume
	storageClasses map[string]*cluster.StorageClass
	csiDrivers     map[string]*cluster.CSIDriver
	capacities     map[string]*cluster.CSIStorageCapacity // by namespace/name
	storage        *cluster.Storage                       // those; nil if one has changed
}

func newDisks() disks {
	return disks{
		attachments: map[string]*cluster.VolumeAttachment{}, csiNodes: map[string]*cluster.CSINode{},
		attached: map[string][]*cluster.VolumeAttachment{}, volumeClaims: map[string]*cluster.PersistentVolumeClaim{},
		volumes: map[string]*cluster.PersistentVolume{}, storageClasses: map[string]*cluster.StorageClass{},
		csiDrivers: map[string]*cluster.CSIDriver{}, capacities: map[string]*cluster.CSIStorageCapacity{},
	}
}

// PersistentVolumeClaimChanged says that a PersistentVolumeClaim was added or changed; Claim is nil
// when it is gone.
type PersistentVolumeClaimChanged struct {
	ID    string // namespace/name
	Claim *cluster.PersistentVolumeClaim
}

// PersistentVolumeChanged says the same of a PersistentVolume.
type PersistentVolumeChanged struct {
	Name   string
	Volume *cluster.PersistentVolume
}

// StorageClassChanged says the same of a StorageClass.
type StorageClassChanged struct {
	Name  string
	Class *cluster.StorageClass
}

// CSINodeChanged says the same of a CSINode.
type CSINodeChanged struct {
	Name string
	Node *cluster.CSINode
}

// CSIDriverChanged says the same of a CSIDriver.
type CSIDriverChanged struct {
	Name   string
	Driver *cluster.CSIDriver
}

// StorageCapacityChanged says the same of a CSIStorageCapacity.
type StorageCapacityChanged struct {
	ID       string // namespace/name
	Capacity *cluster.CSIStorageCapacity
}

// stored are the records of volumes that are not of one node: the same lists until one changes.
func (e *Engine) stored() cluster.Storage {
	if e.storage == nil {
		e.storage = &cluster.Storage{
			PersistentVolumeClaims: values(e.volumeClaims), PersistentVolumes: values(e.volumes), StorageClasses: values(e.storageClasses),
			CSIDrivers: values(e.csiDrivers), StorageCapacities: values(e.capacities),
		}
	}
	return *e.storage
}

// keepStored stores one of these records, or drops it when it is nil.
func keepStored[T any](e *Engine, m map[string]*T, key string, record *T) {
	e.storage = nil
	keep(e, m, key, record)
}

func (ev CSIDriverChanged) apply(e *Engine) { keepStored(e, e.csiDrivers, ev.Name, ev.Driver) }

func (ev StorageCapacityChanged) apply(e *Engine) { keepStored(e, e.capacities, ev.ID, ev.Capacity) }

func (ev PersistentVolumeClaimChanged) apply(e *Engine) {
	keepStored(e, e.volumeClaims, ev.ID, ev.Claim)
}

func (ev PersistentVolumeChanged) apply(e *Engine) { keepStored(e, e.volumes, ev.Name, ev.Volume) }

func (ev StorageClassChanged) apply(e *Engine) { keepStored(e, e.storageClasses, ev.Name, ev.Class) }

func (ev CSINodeChanged) apply(e *Engine) {
	e.footing.nodes[ev.Name] = true
	keep(e, e.csiNodes, ev.Name, ev.Node)
	e.stray(ev.Name)
}

func (ev AttachmentChanged) apply(e *Engine) {
	for _, x := range []*cluster.VolumeAttachment{e.attachments[ev.Name], ev.Attachment} {
		if x == nil {
			continue
		}
		e.attach(x, x == ev.Attachment)
		if n := e.nodes[x.Node]; n != nil {
			e.touchNode(n)
		}
	}
	put(e.attachments, ev.Name, ev.Attachment)
}

// attach notes that something hangs on its node, or does not any more.
func (w *world) attach(x *cluster.VolumeAttachment, hangs bool) {
	on := w.attached[x.Node]
	at, found := slices.BinarySearchFunc(on, x.Name, func(y *cluster.VolumeAttachment, name string) int { return strings.Compare(y.Name, name) })
	switch {
	case hangs && found:
		on = slices.Clone(on)
		on[at] = x
	case hangs:
		on = slices.Insert(slices.Clone(on), at, x)
	case found:
		on = slices.Delete(slices.Clone(on), at, at+1)
	}
	if w.attached[x.Node] = on; len(on) == 0 {
		delete(w.attached, x.Node)
	}
	w.stray(x.Node)
}
