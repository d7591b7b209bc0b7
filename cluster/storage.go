package cluster

import (
	"slices"
	"strings"
)

// Storage is the records of volumes that are not of one node. Lists that are the same memory
// are taken to be the same lists: none is ever written to.
type Storage struct {
	PersistentVolumeClaims []*PersistentVolumeClaim
	PersistentVolumes      []*PersistentVolume
	StorageClasses         []*StorageClass
	CSIDrivers             []*CSIDriver
	StorageCapacities      []*CSIStorageCapacity
}

// sameStorage tells whether these are the same lists, in the same memory.
func (s *Storage) sameStorage(other *Storage) bool {
	return sameSlice(s.PersistentVolumeClaims, other.PersistentVolumeClaims) && sameSlice(s.PersistentVolumes, other.PersistentVolumes) &&
		sameSlice(s.StorageClasses, other.StorageClasses) && sameSlice(s.CSIDrivers, other.CSIDrivers) &&
		sameSlice(s.StorageCapacities, other.StorageCapacities)
}

// volumes looks up what pods have claimed. It does not change, and knows nothing of who
// uses what.
type volumes struct {
	claims  map[string]*PersistentVolumeClaim // by namespace/name
	byName  map[string]*PersistentVolume
	classes map[string]*StorageClass
	free    map[string][]*PersistentVolume // by storage class, for claims that wait
	kept    map[string][]*PersistentVolume // by the claim they are kept for
	// Of drivers that tell of their room: the room that there is, by storage class.
	tells map[string]bool
	room  map[string][]*CSIStorageCapacity
}

func newVolumes(s *Storage) *volumes {
	v := &volumes{
		claims: make(map[string]*PersistentVolumeClaim, len(s.PersistentVolumeClaims)), byName: make(map[string]*PersistentVolume, len(s.PersistentVolumes)),
		classes: map[string]*StorageClass{}, free: map[string][]*PersistentVolume{}, kept: map[string][]*PersistentVolume{},
	}
	for _, c := range s.PersistentVolumeClaims {
		v.claims[c.Namespace+"/"+c.Name] = c
	}
	for _, p := range s.PersistentVolumes {
		v.byName[p.Name] = p
		switch {
		case p.Deleting:
		case p.Claim != "":
			v.kept[p.Claim] = append(v.kept[p.Claim], p)
		case p.Available:
			v.free[p.StorageClass] = append(v.free[p.StorageClass], p)
		}
	}
	for _, c := range s.StorageClasses {
		v.classes[c.Name] = c
	}
	v.addRoom(s)
	for _, index := range []map[string][]*PersistentVolume{v.free, v.kept} {
		for _, list := range index {
			slices.SortFunc(list, func(x, y *PersistentVolume) int { return strings.Compare(x.Name, y.Name) })
		}
	}
	return v
}

// volume is one that a pod on a host uses, or that hangs there, as records say. Those are nil
// that are not there; one that hangs has no claim.
type volume struct {
	claim  *PersistentVolumeClaim
	record *PersistentVolume
	class  *StorageClass // of a claim without a volume
}

// of are the volumes that a pod claims, in its order.
func (v *volumes) of(p *Pod) []volume {
	var out []volume
	for i := range p.Demand.Volumes {
		name := p.claim(i)
		if name == "" {
			continue
		}
		x := volume{claim: v.claims[name]}
		if x.claim != nil {
			if x.record = v.byName[x.claim.Volume]; x.record == nil {
				x.class = v.classes[x.claim.StorageClass]
			}
		}
		out = append(out, x)
	}
	return out
}

// on are the volumes of the pods on a host, in their order, and those that are attached to it.
func (v *volumes) on(pods []*Pod, attached []*VolumeAttachment) []volume {
	var out []volume
	for _, p := range pods {
		if len(p.Demand.Volumes) > 0 {
			out = append(out, v.of(p)...)
		}
	}
	for _, a := range attached {
		out = append(out, volume{record: v.byName[a.Volume]})
	}
	return out
}

// attaches is what hangs on a node where it is used, and its driver; "" for what is not counted.
func (x *volume) attaches() (driver, id string) {
	switch {
	case x.claim == nil:
	case x.record != nil:
		return x.record.Driver, x.record.id()
	case x.class != nil:
		return x.class.driver(), x.claim.Namespace + "/" + x.claim.Name
	}
	return "", ""
}

// identity is what all pods that use the volume of a claim have in common: the
// volume, or the claim while it has none.
func (v *volumes) identity(claim string) string {
	if c := v.claims[claim]; c != nil && c.Volume != "" {
		if pv := v.byName[c.Volume]; pv != nil && pv.id() != "" {
			return pv.id()
		}
	}
	return claim
}
