package fit

import (
	"slices"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// storage is two zones with a node each, and pods with claims.
func storage(pods map[string]string, volumes []*cluster.PersistentVolume, claims ...*cluster.PersistentVolumeClaim) cluster.Input {
	in := cluster.Input{
		Storage: cluster.Storage{
			StorageClasses: []*cluster.StorageClass{
				{Name: "wait", Provisioner: "disk", WaitForConsumer: true},
				{Name: "local", WaitForConsumer: true},
			},
			PersistentVolumes: volumes, PersistentVolumeClaims: claims,
		},
	}
	for _, zone := range []string{"a", "b"} {
		in.Nodes = append(in.Nodes, &cluster.Node{Name: "node-" + zone, Ready: true, Labels: cluster.Labels{cluster.LabelZone: zone}, Allocatable: cluster.NewResources(map[string]int64{cluster.Pods: 10})})
		in.CSINodes = append(in.CSINodes, &cluster.CSINode{Name: "node-" + zone, Limits: cluster.Resources{{Name: cluster.AttachLimit + "disk", Value: 1}}})
	}
	for name, claim := range pods {
		in.Pods = append(in.Pods, &cluster.Pod{UID: name, Namespace: "ns", Name: name, UnschedulableSince: 1, Demand: &cluster.Demand{
			Key: name, Requests: cluster.NewResources(map[string]int64{cluster.Pods: 1}), Volumes: []cluster.VolumeUse{{Claim: claim}},
		}})
	}
	return in
}

func claim(name, class string) *cluster.PersistentVolumeClaim {
	return &cluster.PersistentVolumeClaim{Namespace: "ns", Name: name, StorageClass: class, Size: 1}
}

// answers tells what forbids each pod on node-a and node-b.
func answers(w *World, snap *cluster.Snapshot) map[string][2]plan.Constraint {
	out := map[string][2]plan.Constraint{}
	for i := range snap.Classes {
		for _, p := range snap.Classes[i].Pods {
			out[p.Name] = [2]plan.Constraint{w.View(i).Node(0), w.View(i).Node(1)}
		}
	}
	return out
}

// classOf is the class of a pod.
func classOf(snap *cluster.Snapshot, name string) int {
	return slices.IndexFunc(snap.Classes, func(c cluster.Class) bool {
		return slices.ContainsFunc(c.Pods, func(p *cluster.Pod) bool { return p.Name == name })
	})
}

func expect(t *testing.T, when string, w *World, snap *cluster.Snapshot, want map[string][2]plan.Constraint) {
	t.Helper()
	got := answers(w, snap)
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: pod %s is forbidden for %v, want %v", when, name, got[name], want[name])
		}
	}
}

var both = [2]plan.Constraint{}

func TestFreeVolumesRunOut(t *testing.T) {
	here := &cluster.PersistentVolume{Name: "pv", StorageClass: "local", Size: 1, Available: true,
		Affinity: []cluster.Term{{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a"}}}}}
	snap := cluster.NewSnapshot(storage(map[string]string{"x": "cx", "y": "cy"}, []*cluster.PersistentVolume{here}, claim("cx", "local"), claim("cy", "local")))
	w := New(snap)
	onlyA := [2]plan.Constraint{0, plan.VolumeNode}
	expect(t, "at first", w, snap, map[string][2]plan.Constraint{"x": onlyA, "y": onlyA})
	w.Place(classOf(snap, "x"), 0, 1)
	expect(t, "when x has it", w, snap, map[string][2]plan.Constraint{"y": {plan.VolumeNode, plan.VolumeNode}})
	w.Remove(classOf(snap, "x"), 0)
	expect(t, "when x has left", w, snap, map[string][2]plan.Constraint{"x": onlyA, "y": onlyA})
}

func TestPodsFollowTheVolumeTheyShare(t *testing.T) {
	snap := cluster.NewSnapshot(storage(map[string]string{"x": "c", "y": "c"}, nil, claim("c", "wait")))
	w := New(snap)
	expect(t, "at first", w, snap, map[string][2]plan.Constraint{"x": both, "y": both})
	w.Place(classOf(snap, "x"), 1, 1)
	expect(t, "when x is in b", w, snap, map[string][2]plan.Constraint{"y": {plan.VolumeNode, 0}})
	w.Place(classOf(snap, "y"), 1, 1)
	w.Remove(classOf(snap, "x"), 1)
	expect(t, "while y is in b", w, snap, map[string][2]plan.Constraint{"x": {plan.VolumeNode, 0}})
	w.Remove(classOf(snap, "y"), 1)
	expect(t, "when both have left", w, snap, map[string][2]plan.Constraint{"x": both, "y": both})
}

func TestVolumeThatHangsCountsUntilItIsUsed(t *testing.T) {
	pv := &cluster.PersistentVolume{Name: "pv", Driver: "disk", Handle: "h"}
	bound := claim("c", "wait")
	bound.Volume = "pv"
	in := storage(map[string]string{"x": "c", "y": "cy", "z": "c"}, []*cluster.PersistentVolume{pv}, bound, claim("cy", "wait"))
	in.Attachments = []*cluster.VolumeAttachment{{Name: "va", Node: "node-a", Volume: "pv"}}
	snap := cluster.NewSnapshot(in)
	w := New(snap)
	full := [2]plan.Constraint{plan.VolumeLimit, 0}
	// The scheduler counts it for the node, and for the pod that comes to use it.
	expect(t, "while it hangs", w, snap, map[string][2]plan.Constraint{"x": full, "y": full, "z": full})
	w.Place(classOf(snap, "x"), 0, 1)
	expect(t, "when x uses it", w, snap, map[string][2]plan.Constraint{"y": full, "z": both})
	w.Remove(classOf(snap, "x"), 0)
	expect(t, "when x has left", w, snap, map[string][2]plan.Constraint{"x": full, "y": full, "z": full})
}

func TestFoundVolumeBindsThoseWhoFollowByItsZone(t *testing.T) {
	pv := &cluster.PersistentVolume{Name: "pv", StorageClass: "local", Size: 1, Available: true,
		Zones: cluster.Term{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a"}}}}
	snap := cluster.NewSnapshot(storage(map[string]string{"x": "c", "y": "c"}, []*cluster.PersistentVolume{pv}, claim("c", "local")))
	w := New(snap)
	expect(t, "while nobody has it", w, snap, map[string][2]plan.Constraint{"x": both, "y": both})
	w.Place(classOf(snap, "x"), 0, 1)
	expect(t, "when x has it", w, snap, map[string][2]plan.Constraint{"y": {0, plan.VolumeNode}})
}
