package cluster

import "testing"

// TestRoomFor: a volume can be made where its class allows it and its driver has room.
func TestRoomFor(t *testing.T) {
	zone := func(z string) Term { return Term{{Key: LabelZone, Operator: In, Values: []string{z}}} }
	v := newVolumes(&Storage{
		CSIDrivers: []*CSIDriver{{Name: "disk", StorageCapacity: true}, {Name: "silent"}},
		StorageCapacities: []*CSIStorageCapacity{
			{Name: "a", StorageClass: "fast", Nodes: zone("a"), Most: 10}, {Name: "b", StorageClass: "fast", Nodes: zone("b"), Most: 20},
			{Name: "nowhere", StorageClass: "fast", Most: 100}, {Name: "unknown", StorageClass: "fast", Nodes: Term{}, Most: -1},
			{Name: "other", StorageClass: "slow", Nodes: Term{}, Most: 100},
		},
	})
	for _, c := range []struct {
		class StorageClass
		size  int64
		want  string // zones of a to c
	}{
		{StorageClass{Name: "fast", Provisioner: "disk"}, 5, "ab"},
		{StorageClass{Name: "fast", Provisioner: "disk"}, 15, "b"},
		{StorageClass{Name: "fast", Provisioner: "disk"}, 25, ""},
		{StorageClass{Name: "fast", Provisioner: "disk"}, 0, "abc"}, // nothing to compare
		{StorageClass{Name: "fast", Provisioner: "disk", Topologies: []Term{zone("a"), zone("c")}}, 5, "a"},
		{StorageClass{Name: "slow", Provisioner: "disk"}, 5, "abc"},
		{StorageClass{Name: "none", Provisioner: "disk"}, 5, ""},
		{StorageClass{Name: "fast", Provisioner: "silent"}, 25, "abc"},
		{StorageClass{Name: "fast", Provisioner: "strange"}, 25, "abc"},
		{StorageClass{Name: "fast", Provisioner: "disk", Migrated: true}, 25, "abc"},
	} {
		x := ClassVolume{Makes: true, Made: v.roomFor(&PersistentVolumeClaim{Size: c.size}, &c.class)}
		got := ""
		for _, z := range []string{"a", "b", "c"} {
			terms := x.reach()
			ok := terms == nil
			for _, term := range terms {
				ok = ok || term.Matches(Labels{LabelZone: z}.Get)
			}
			if ok {
				got += z
			}
		}
		if got != c.want {
			t.Errorf("%d bytes of class %s by %s: %q, want %q", c.size, c.class.Name, c.class.Provisioner, got, c.want)
		}
	}
}
