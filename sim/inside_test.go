package sim

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/store"
	"github.com/ullage-sh/ullage/sim/workload"
)

// twoZones is a world of two nodes, a and b, each in the zone of its name, and a claim for a
// disk of the pod db-0. Nothing happens in it but what a test does.
func twoZones(t *testing.T) (w *world, at func(node string) *cluster.Pod) {
	demands := &cluster.Demands{}
	x := &workload.Workload{Namespace: "default", Name: "db", Kind: workload.StatefulSet, Volume: 8 << 30}
	w, err := newWorld(Scenario{
		Length: cluster.Hour, Types: []cluster.InstanceType{{Name: "m5.large", Offerings: []cluster.Offering{{Zone: "a", Available: true}, {Zone: "b", Available: true}}}}, Pools: []*cluster.Pool{{Name: "default"}},
		Workloads: []*workload.Workload{x}, Unchecked: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		n := &cluster.Node{Name: name, Ready: true, Labels: cluster.Labels{cluster.LabelZone: name}, Allocatable: cluster.Resources{{Name: cluster.Pods, Value: 10}}}
		n.Allocatable = n.Allocatable.Plus(cluster.Resources{{Name: cluster.AttachLimit + ebs, Value: 10}})
		if _, err := w.store.Nodes.Create(name, n); err != nil {
			t.Fatal(err)
		}
		w.scheduling.cache.SetNode(n)
		w.kubelets.byNode[name] = &kubelet{node: name}
	}
	w.disks.claim(&owner{Workload: x}, "db-0")
	d := demands.Intern(cluster.Demand{Volumes: []cluster.VolumeUse{{Claim: claimPrefix + "db-0"}}})
	return w, func(node string) *cluster.Pod {
		return &cluster.Pod{Namespace: "default", Name: "db-0", UID: "on " + node, Node: node, Demand: d, Identity: w.control.identities.Intern("default", nil)}
	}
}

// pass lets time go by.
func (w *world) pass(d cluster.Duration) {
	until := w.now.Add(d)
	for w.agenda.next() <= until {
		e := w.agenda.take()
		w.now = e.at
		e.do()
	}
	w.now = until
}

// TestDiskInTheMaking: a pod that comes while the disk of one of its name that has gone is
// being made goes where that is, and waits for it.
func TestDiskInTheMaking(t *testing.T) {
	w, at := twoZones(t)
	if !w.scheduling.cache.Admits(at(""), "a") || !w.scheduling.cache.Admits(at(""), "b") {
		t.Fatal("the pod can not go to either node before it has a disk")
	}
	w.disks.provide(at(""), "a", func() {})
	if !w.scheduling.cache.Admits(at(""), "a") || w.scheduling.cache.Admits(at(""), "b") {
		t.Error("the disk is being made in zone a, and that is not where the pod can go")
	}
	made, claim := false, w.store.VolumeClaims.Get("default/data-db-0")
	w.disks.provide(at(""), "a", func() {
		made = true
		if claim.Now.Volume == "" {
			t.Error("the pod goes on without its disk")
		}
	})
	if w.pass(cluster.Minute); !made {
		t.Error("the pod waits for ever")
	}
}

// TestDiskMovesAtOnce: a disk that is taken elsewhere while it is being attached is ready there,
// however long the first attachment would have taken.
func TestDiskMovesAtOnce(t *testing.T) {
	w, at := twoZones(t)
	w.disks.provide(at(""), "a", func() {})
	w.pass(cluster.Minute)
	for i := range 1000 {
		from, to := at("a"), at("b")
		w.disks.attach(&store.Pod{Now: from})
		w.disks.release(from)
		w.disks.attach(&store.Pod{Now: to})
		if w.pass(10 * cluster.Minute); !w.disks.attached(to) {
			t.Fatalf("move %d: the disk is on %q, and not ready", i, w.disks.at["pvc-data-db-0.default"])
		}
		w.disks.release(to)
		w.pass(10 * cluster.Minute)
	}
}

// TestPreemptedOnce: a pod that is leaving already is not preempted again by the next that wants
// its room.
func TestPreemptedOnce(t *testing.T) {
	w, _ := twoZones(t)
	web := &workload.Workload{Namespace: "default", Name: "web", Kind: workload.Deployment, Pod: workload.Pod{Demand: &cluster.Demand{}, Grace: cluster.Minute, Deaf: true}}
	o := w.control.make(w.control.enter(web), &life{}, "web-0")
	if err := w.store.Bind(o, "a"); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"first", "second"} {
		w.scheduling.evictFor(&cluster.Pod{Name: by}, "a", []string{o.Now.UID})
	}
	if !o.Now.Deleting() || w.result.Preempted != 1 {
		t.Errorf("the pod is leaving: %v; %d were preempted, want 1", o.Now.Deleting(), w.result.Preempted)
	}
}
