package cluster

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// drawInput draws a cluster in which pods of all states have to do with each other.
func drawInput(t *rapid.T) Input {
	var demands Demands
	var identities Identities
	n := func(label string, most int) int { return rapid.IntRange(0, most).Draw(t, label) }
	name := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	chance := func(label string) bool { return n(label, 3) == 0 }
	apps := []string{"a", "b", "c"}
	in := Input{Types: map[ClassRef][]InstanceType{}, Promised: map[string]string{}}
	class := ClassRef{Name: "class"}
	for i := range 3 {
		in.Types[class] = append(in.Types[class], InstanceType{
			Name: fmt.Sprint("t", i), Labels: Labels{LabelArch: "amd64"}, Allocatable: NewResources(map[string]int64{CPU: int64(i+1) * 1000, Pods: 10}),
			AttachLimits: NewResources(map[string]int64{AttachLimit + "disk": 3}),
			Offerings:    []Offering{{Zone: "z1", CapacityType: OnDemand, Price: 10, Available: true}, {Zone: "z2", CapacityType: Spot, Price: 5, Available: true}},
		})
	}
	in.Pools = []*Pool{{Name: "pool", Class: class}, {Name: "group", Class: class, Shape: NodeGroup, Min: 1, Members: Term{{Key: "group", Operator: Exists}}}}
	in.Daemons = []*DaemonSet{{UID: "ds", Demand: demands.Intern(Demand{Requests: NewResources(map[string]int64{CPU: 50, Pods: 1})})}}
	in.StorageClasses = []*StorageClass{{Name: "disk", Provisioner: "disk", WaitForConsumer: true}}
	in.PersistentVolumes = []*PersistentVolume{{Name: "pv", Driver: "disk", Handle: "h", StorageClass: "disk"}}
	in.PersistentVolumeClaims = []*PersistentVolumeClaim{
		{Namespace: "ns", Name: "bound", Volume: "pv"}, {Namespace: "ns", Name: "new", StorageClass: "disk"}, {Namespace: "ns", Name: "one", StorageClass: "disk", Exclusive: true},
	}
	nodes := n("nodes", 4)
	for i := range nodes {
		x := &Node{Name: fmt.Sprint("n", i), ProviderID: fmt.Sprint("p", i), Ready: !chance("unready"), Labels: Labels{LabelZone: name("zone", "z1", "z2"), LabelHostname: fmt.Sprint("n", i)}, Allocatable: NewResources(map[string]int64{CPU: 2000, Pods: 10})}
		if chance("emptied") {
			x.DeletingAt = 1
		}
		if chance("claimed") {
			in.Claims = append(in.Claims, &Claim{Name: fmt.Sprint("c", i), Pool: "pool", Class: class, ProviderID: x.ProviderID, Labels: Labels{LabelInstanceType: "t0", LabelZone: "z1", LabelCapacityType: OnDemand}, Allocatable: x.Allocatable})
		}
		in.Nodes = append(in.Nodes, x)
	}
	selector := func() PodSelector {
		return PodSelector{Namespaces: []string{"ns"}, Labels: Term{{Key: "app", Operator: In, Values: []string{name("selects", apps...)}}}}
	}
	for i := range n("pods", 12) {
		d := Demand{Requests: NewResources(map[string]int64{CPU: int64(n("cpu", 4)+1) * 100, Pods: 1})}
		switch n("constraint", 9) {
		case 0:
			d.Spreads = []TopologySpread{{Key: LabelZone, MaxSkew: 1, Pods: selector()}}
		case 1:
			d.PodAffinity = []PodAffinityTerm{{Key: LabelZone, Pods: selector()}}
		case 2, 3:
			d.PodAntiAffinity = []PodAffinityTerm{{Key: LabelHostname, Pods: selector()}}
		case 4, 5:
			d.Volumes = []VolumeUse{{Claim: name("claim", "bound", "new", "one")}}
		case 6:
			d.Requests = d.Requests.Plus(NewResources(map[string]int64{name("device", "a.example/x", "z.example/y"): 1}))
		}
		id := fmt.Sprint("pod", i)
		p := &Pod{UID: id, Namespace: "ns", Name: id, Demand: demands.Intern(d), Identity: identities.Intern("ns", Labels{"app": name("app", apps...)}), Priority: int32(n("priority", 1)), Owner: Owner{Kind: "ReplicaSet"}}
		switch n("state", 6) {
		case 0:
			p.Gated = true
		case 1, 2, 3:
			p.UnschedulableSince = 1
		default:
			p.Node, p.Phase = fmt.Sprint("n", n("on", 4)), Running
			if chance("deleting") {
				p.DeleteAt = 1
			}
		}
		if chance("promised") {
			in.Promised[id] = fmt.Sprint("n", n("promise", 4))
		}
		in.Pods = append(in.Pods, p)
	}
	return in
}

// A snapshot does not show which of its pods the ground was made with, nor does making
// one change the ground for the next.
func TestGroundAndPodsMakeTheSnapshot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		in.Revision = "7"
		want := NewSnapshot(in)
		ground := in
		ground.Pods, ground.Revision, ground.Promised = nil, "", nil
		var later []*Pod
		for _, p := range in.Pods {
			if p.Node == "" && rapid.Bool().Draw(t, "later") {
				later = append(later, p)
			} else {
				ground.Pods = append(ground.Pods, p)
			}
		}
		g := NewGround(ground)
		for range 2 {
			if got := g.Snapshot("7", later, in.Promised); !reflect.DeepEqual(got, want) {
				t.Fatalf("of a ground and %d pods:\n%+v\nof all:\n%+v", len(later), got, want)
			}
		}
	})
}
