package cluster

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// storage is a cluster with one node and claims of waiting pods.
func storage() Input {
	wait := &StorageClass{Name: "wait", Provisioner: "disk", WaitForConsumer: true}
	local := &StorageClass{Name: "local", WaitForConsumer: true}
	return Input{
		Nodes:   []*Node{{Name: "n", Ready: true, Labels: Labels{LabelZone: "a"}, Allocatable: NewResources(map[string]int64{CPU: 4000, Pods: 10})}},
		Storage: Storage{StorageClasses: []*StorageClass{wait, local}},
	}
}

// user is a waiting pod that uses claims.
func user(name string, claims ...string) *Pod {
	d := &Demand{Key: strings.Join(claims, " "), Requests: NewResources(map[string]int64{Pods: 1})}
	for _, c := range claims {
		d.Volumes = append(d.Volumes, VolumeUse{Claim: c})
	}
	return &Pod{UID: name, Name: name, Namespace: "ns", Demand: d, UnschedulableSince: 1}
}

func claim(name, class string, size int64) *PersistentVolumeClaim {
	return &PersistentVolumeClaim{Namespace: "ns", Name: name, StorageClass: class, Size: size}
}

func TestClaimsThatCannotBeUsed(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*PersistentVolumeClaim)
		want   string
	}{
		{"that is deleted", func(c *PersistentVolumeClaim) { c.Deleting = true }, "is being deleted"},
		{"whose volume is gone", func(c *PersistentVolumeClaim) { c.Volume = "v" }, "v of claim ns/c does not exist"},
		{"that waits for its own volume", func(c *PersistentVolumeClaim) { c.Volume, c.Binding = "v", true }, "waits to be bound to v"},
		{"of no class", func(c *PersistentVolumeClaim) { c.StorageClass = "none" }, `no StorageClass "none"`},
		{"for which there is none", func(c *PersistentVolumeClaim) { c.StorageClass = "local" }, "no volume of class local is free"},
		{"of a class that makes none, on a chosen node", func(c *PersistentVolumeClaim) { c.StorageClass, c.SelectedNode = "local", "n" }, "no volume of class local"},
		{"that can be used", func(*PersistentVolumeClaim) {}, ""},
	} {
		in := storage()
		x := claim("c", "wait", 1)
		c.change(x)
		in.PersistentVolumeClaims = []*PersistentVolumeClaim{x}
		in.Pods = []*Pod{user("p", "c")}
		got := strings.Join(NewSnapshot(in).Classes[0].Refused, "; ")
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("a claim %s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEphemeralClaimIsOfItsPod(t *testing.T) {
	for controller, refused := range map[string]bool{"p": false, "other": true, "": true} {
		in := storage()
		x := claim("p-data", "wait", 1)
		x.Controller = controller
		p := user("p")
		p.Demand.Volumes = []VolumeUse{{Claim: "data", Ephemeral: true}}
		in.PersistentVolumeClaims, in.Pods = []*PersistentVolumeClaim{x}, []*Pod{p}
		if got := NewSnapshot(in).Classes[0].Refused; (len(got) > 0) != refused {
			t.Errorf("controlled by %q: refused for %q", controller, got)
		}
	}
}

func TestExclusiveClaimHasOneUser(t *testing.T) {
	users := func(pods ...*Pod) (got []string) {
		in := storage()
		x := claim("c", "wait", 1)
		x.Exclusive = true
		in.PersistentVolumeClaims, in.Pods = []*PersistentVolumeClaim{x}, pods
		for _, c := range NewSnapshot(in).Classes {
			if len(c.Refused) == 0 {
				for _, p := range c.Pods {
					got = append(got, p.Name)
				}
			}
		}
		return got
	}
	running := user("running", "c")
	running.Node = "n"
	ended := user("ended", "c")
	ended.Node, ended.Phase = "n", Succeeded
	for _, c := range []struct {
		pods []*Pod
		want []string
	}{
		{[]*Pod{user("a", "c"), user("b", "c")}, []string{"a"}},
		{[]*Pod{user("b", "c"), user("a", "c")}, []string{"a"}}, // in any order of input
		{[]*Pod{user("a", "c"), running}, nil},
		{[]*Pod{user("a", "c"), ended}, []string{"a"}},
	} {
		if got := users(c.pods...); !slices.Equal(got, c.want) {
			t.Errorf("%d pods: %v may use the claim, want %v", len(c.pods), got, c.want)
		}
	}
}

func TestVolumesThatAClaimCanTake(t *testing.T) {
	a, b := []Term{{{Key: LabelZone, Operator: In, Values: []string{"a"}}}}, []Term{{{Key: LabelZone, Operator: In, Values: []string{"b"}}}}
	pv := func(name, class string, size int64, affinity []Term, change ...func(*PersistentVolume)) *PersistentVolume {
		v := &PersistentVolume{Name: name, StorageClass: class, Size: size, Affinity: affinity, Available: true, Kind: VolumeKind{Modes: []string{"ReadWriteMany", "ReadWriteOnce"}}}
		for _, f := range change {
			f(v)
		}
		return v
	}
	all := []*PersistentVolume{
		pv("large", "local", 9, a), pv("fitting", "local", 5, b), pv("small", "local", 3, a), pv("other", "wait", 5, a),
		pv("block", "local", 5, a, func(v *PersistentVolume) { v.Kind.Block = true }),
		pv("leaving", "local", 5, a, func(v *PersistentVolume) { v.Deleting = true }),
		pv("used", "local", 5, a, func(v *PersistentVolume) { v.Claim = "ns/x" }),
		pv("once", "local", 5, a, func(v *PersistentVolume) { v.Kind.Modes = []string{"ReadWriteOnce"} }),
		pv("fast", "local", 6, a, func(v *PersistentVolume) { v.Labels = Labels{"speed": "high"} }),
	}
	for _, c := range []struct {
		name   string
		change func(*PersistentVolumeClaim)
		want   []string
		reach  []Term
	}{
		{"any", func(*PersistentVolumeClaim) {}, []string{"fitting", "once", "fast", "large"}, slices.Concat(b, a, a, a)},
		{"by many", func(c *PersistentVolumeClaim) { c.Kind.Modes = []string{"ReadWriteMany"} }, []string{"fitting", "fast", "large"}, slices.Concat(b, a, a)},
		{"of a label", func(c *PersistentVolumeClaim) { c.Labels = Term{{Key: "speed", Operator: Exists}} }, []string{"fast"}, a},
		{"a device", func(c *PersistentVolumeClaim) { c.Kind.Block = true }, []string{"block"}, a},
		{"that is kept for it", func(c *PersistentVolumeClaim) { c.Name = "x" }, []string{"used"}, a},
		{"or a new one", func(c *PersistentVolumeClaim) { c.StorageClass = "wait" }, []string{"other"}, nil},
		{"on a chosen node", func(c *PersistentVolumeClaim) { c.StorageClass, c.SelectedNode = "wait", "n" }, nil, []Term{{{Key: FieldName, Operator: In, Values: []string{"n"}}}}},
	} {
		in := storage()
		in.PersistentVolumes = all
		x := claim("c", "local", 4)
		x.Kind.Modes = []string{"ReadWriteOnce"}
		c.change(x)
		in.PersistentVolumeClaims, in.Pods = []*PersistentVolumeClaim{x}, []*Pod{user("p", x.Name)}
		class := NewSnapshot(in).Classes[0]
		if len(class.Refused) > 0 {
			t.Errorf("%s: refused: %q", c.name, class.Refused)
			continue
		}
		var got []string
		for _, f := range class.Volumes[0].Found {
			got = append(got, f.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", c.name, got, c.want)
		}
		if reach := class.Volumes[0].Affinity; !reflect.DeepEqual(reach, c.reach) {
			t.Errorf("%s: in reach of %v, want %v", c.name, reach, c.reach)
		}
	}
}

func TestAttachmentsOfAHost(t *testing.T) {
	const limit = AttachLimit + "disk"
	in := storage()
	in.CSINodes = []*CSINode{{Name: "n", Limits: Resources{{AttachLimit + "disk", 3}, {AttachLimit + "tape", 0}}}}
	for _, name := range []string{"one", "two", "three", "old"} {
		in.PersistentVolumes = append(in.PersistentVolumes, &PersistentVolume{Name: name, Driver: "disk", Handle: name, Migrated: name == "old"})
		x := claim(name, "wait", 1)
		x.Volume = name
		in.PersistentVolumeClaims = append(in.PersistentVolumeClaims, x)
		in.Attachments = append(in.Attachments, &VolumeAttachment{Name: name, Node: "n", Volume: name})
	}
	first, second := user("first", "one"), user("second", "one")
	first.Node, second.Node = "n", "n"
	in.Pods = []*Pod{first, second, user("waiting", "two")}
	s := NewSnapshot(in)
	at := slices.Index(s.Resources, limit)
	// One is used by two pods, two and three hang there; what was migrated does not count.
	if h := s.Hosts[0]; h.Free[at] != 0 || !slices.Equal(h.Volumes, []string{"disk/one"}) || !slices.Equal(h.Hanging, []string{"disk/three", "disk/two"}) {
		t.Errorf("free %d, used %v, hanging %v", h.Free[at], h.Volumes, h.Hanging)
	}
	if tape := slices.Index(s.Resources, AttachLimit+"tape"); s.Hosts[0].Free[tape] != 0 {
		t.Error("a limit of 0 is no limit")
	}
	if v := s.Classes[0].Volumes[0]; v.ID != "disk/two" {
		t.Errorf("a volume that hangs on a node has the id %q", v.ID)
	}
}
