package cluster

import (
	"cmp"
	"slices"
	"strings"
)

// addRoom notes the room that storage drivers tell of.
func (v *volumes) addRoom(s *Storage) {
	v.tells, v.room = map[string]bool{}, map[string][]*CSIStorageCapacity{}
	for _, d := range s.CSIDrivers {
		v.tells[d.Name] = d.StorageCapacity
	}
	for _, c := range s.StorageCapacities {
		v.room[c.StorageClass] = append(v.room[c.StorageClass], c)
	}
	for _, list := range v.room {
		slices.SortFunc(list, func(x, y *CSIStorageCapacity) int {
			return cmp.Or(strings.Compare(x.Namespace, y.Namespace), strings.Compare(x.Name, y.Name))
		})
	}
}

// roomFor says where a volume can be made for a claim: where its class allows it and,
// if the driver tells of its room, there is enough. As for the scheduler, what is made
// does not lessen the room: the driver will tell.
func (v *volumes) roomFor(c *PersistentVolumeClaim, class *StorageClass) []Term {
	if !v.tells[class.Provisioner] || class.Migrated || c.Size == 0 {
		return class.Topologies
	}
	out := []Term{}
	for _, x := range v.room[class.Name] {
		if x.Nodes == nil || x.Most < c.Size {
			continue
		}
		if class.Topologies == nil {
			out = append(out, x.Nodes)
		}
		for _, t := range class.Topologies {
			out = append(out, slices.Concat(t, x.Nodes))
		}
	}
	return out
}
