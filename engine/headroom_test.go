package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// keepFree makes a buffer of so many chunks of a core each.
func (w *world) keepFree(chunks int32) {
	b := &cluster.CapacityBuffer{
		Namespace: "default", Name: "room", UID: "room", Generation: 1, Chunks: chunks,
		Demand: workloads["web"], Identity: &web,
	}
	if old := w.buffers[b.ID()]; old != nil {
		b.Status = old.Status
	}
	b.Revision = w.revision()
	w.buffers = map[string]*cluster.CapacityBuffer{b.ID(): b}
	w.tell(engine.BufferChanged{ID: b.ID(), Buffer: b}, 0)
}

var web = cluster.NewIdentity("default", cluster.Labels{"app": "web"})

// free is how many pods of one core have room on nodes that take them.
func (w *world) free() int {
	n := 0
	for _, node := range w.nodes {
		if node.Ready && len(node.Taints) == 0 {
			n += w.roomOn(node)
		}
	}
	return n
}

// roomOn is how many of them have room on a node.
func (w *world) roomOn(node *cluster.Node) int {
	left := node.Allocatable
	for _, p := range w.pods {
		if p.Node == node.Name && !p.Terminal() {
			left = left.Minus(p.Demand.Requests)
		}
	}
	return int(min(left.Get(cluster.CPU)/1000, left.Get(cluster.Memory)>>30))
}

// provisioning is what the buffer says of its room.
func (w *world) provisioning() cluster.Condition {
	for _, c := range w.buffers["default/room"].Status.Conditions {
		if c.Type == cluster.Provisioning {
			return c
		}
	}
	return cluster.Condition{}
}

// roomy checks that there is room for so many pods, that the buffer says so, and that not
// much more is kept.
func (w *world) roomy(want int) {
	w.t.Helper()
	if got := w.free(); got < want || got > want+1 {
		w.t.Errorf("there is room for %d pods, want %d or one more", got, want)
	}
	if c := w.provisioning(); c.Status != "True" || c.Reason != "FitsExistingCapacity" {
		w.t.Errorf("the buffer says %+v", c)
	}
	if w.t.Failed() {
		w.t.Fatalf("notes:\n%s", strings.Join(w.notes, "\n"))
	}
}

// TestHeadroom: what a buffer wants is bought, stays free when pods come and take it, is
// given back with them and when less is wanted, and nothing happens at rest.
func TestHeadroom(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(t, seed)
		w.run(5 * cluster.Second)
		w.keepFree(4)
		w.run(10 * cluster.Minute)
		w.settled(0)
		w.roomy(4)
		writes, passes := w.writes, w.passes
		w.run(20 * cluster.Minute)
		if w.writes-writes > 20 || w.passes-passes > 0 {
			t.Fatalf("seed %d: %d effects and %d passes at rest", seed, w.writes-writes, w.passes-passes)
		}
		nodes := len(w.nodes)
		w.scale(3)
		w.run(cluster.Second)
		if got := w.running(); got != 3 || len(w.nodes) != nodes {
			t.Fatalf("seed %d: %d of 3 pods run after a second, on %d nodes: there was room for 4", seed, got, len(w.nodes))
		}
		w.run(3 * cluster.Minute)
		w.roomy(4)
		w.run(30 * cluster.Minute)
		w.settled(3)
		w.roomy(4)
		w.scale(20)
		w.run(30 * cluster.Minute)
		w.settled(20)
		w.roomy(4)
		w.scale(2)
		w.run(40 * cluster.Minute)
		w.settled(2)
		w.roomy(4)
		w.keepFree(0)
		w.run(30 * cluster.Minute)
		w.settled(2)
		if got := w.free(); got > 0 || w.provisioning().Reason != "BufferEmpty" {
			t.Errorf("seed %d: there is still room for %d, and the buffer says %+v", seed, got, w.provisioning())
		}
	}
}

// TestHeadroomMoves: nodes with nothing but room drift, and none is drained before there is
// as much room elsewhere.
func TestHeadroomMoves(t *testing.T) {
	w := newWorld(t, 6)
	w.image = "one"
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(5)
	w.keepFree(6)
	w.run(20 * cluster.Minute)
	w.settled(5)
	w.roomy(6)
	w.image = "two"
	least := 99
	for range 2400 {
		w.run(cluster.Second)
		room := 0
		for _, n := range w.nodes {
			if n.Ready && n.DeletingAt == 0 {
				room += w.roomOn(n)
			}
		}
		least = min(least, room)
	}
	w.settled(5)
	w.roomy(6)
	if w.images()["one"] > 0 || least < 4 {
		t.Errorf("claims by image: %v; room for %d at the least", w.images(), least)
	}
}

// TestHeadroomLimited: the buffer says why there is no room for all of it, and pods take
// what there is.
func TestHeadroomLimited(t *testing.T) {
	w := newWorld(t, 7)
	w.pool.Limits = cluster.Resources{{Name: cluster.CPU, Value: 4000}}
	w.restart()
	w.run(5 * cluster.Second)
	w.keepFree(9)
	w.run(10 * cluster.Minute)
	if c := w.provisioning(); c.Status != "False" || !strings.Contains(c.Message, "room for 4 of 9 chunks; others fit nowhere") || !strings.Contains(c.Message, "pool limit") {
		t.Errorf("the buffer says %+v", c)
	}
	w.scale(4)
	w.run(5 * cluster.Minute)
	w.settled(4)
	writes := w.writes
	w.run(10 * cluster.Minute)
	if w.writes-writes > 12 {
		t.Errorf("%d effects at rest", w.writes-writes)
	}
}

// TestHeadroomSurvivesCrashes: whoever ends on the way, the same room is kept in the end.
func TestHeadroomSurvivesCrashes(t *testing.T) {
	crashes := 0
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.run(5 * cluster.Second)
			w.crash = func() bool { return w.rng.IntN(10) == 0 }
			w.keepFree(5)
			w.run(90 * cluster.Second)
			w.scale(12)
			w.run(3 * cluster.Minute)
			w.scale(4)
			w.run(3 * cluster.Minute)
			w.crash = nil
			w.run(40 * cluster.Minute)
			w.settled(4)
			w.roomy(5)
			crashes += w.crashes
		})
	}
	if crashes < 150 {
		t.Errorf("only %d crashes in all: the test does not test much", crashes)
	}
}

// keepApart makes a buffer of so many chunks that must not share a node with each other or
// with pods that they stand for.
func (w *world) keepApart(chunks int32) *cluster.CapacityBuffer {
	apart := *workloads["web"]
	apart.PodAntiAffinity = []cluster.PodAffinityTerm{{Key: cluster.LabelHostname, Pods: cluster.PodSelector{
		Namespaces: []string{"default"}, Labels: cluster.Term{{Key: "app", Operator: cluster.In, Values: []string{"web"}}},
	}}}
	apart.SetKey()
	w.run(5 * cluster.Second)
	b := &cluster.CapacityBuffer{Namespace: "default", Name: "room", UID: "room", Generation: 1, Chunks: chunks, Demand: &apart, Identity: &web, Revision: w.revision()}
	w.buffers = map[string]*cluster.CapacityBuffer{b.ID(): b}
	w.tell(engine.BufferChanged{ID: b.ID(), Buffer: b}, 0)
	w.run(20 * cluster.Minute)
	return b
}

// TestHeadroomApart: what keeps the pods of a template apart keeps chunks apart, and
// nobody else.
func TestHeadroomApart(t *testing.T) {
	w := newWorld(t, 8)
	b := w.keepApart(3)
	w.settled(0)
	if got := len(w.nodes); got != 3 || w.provisioning().Status != "True" {
		t.Errorf("%d nodes for three chunks that must be apart; the buffer says %+v", got, w.provisioning())
	}
	// A pod that is like them finds no chunk in its way.
	for _, p := range b.Pods(w.now) {
		for i, term := range b.Demand.PodAntiAffinity {
			if term.Pods.Matches(p.Identity, nil) {
				t.Errorf("chunk %s is seen by pods", p.Name)
			}
			if !p.Demand.PodAntiAffinity[i].Pods.Matches(p.Identity, nil) || !p.Demand.PodAntiAffinity[i].Pods.Matches(&web, nil) {
				t.Errorf("chunk %s does not see chunks and pods", p.Name)
			}
		}
	}
}

// TestHeadroomGivesWay: a pod that comes to a node on which a chunk has its room, and would
// not be let in beside it, takes that from it; another node is bought.
func TestHeadroomGivesWay(t *testing.T) {
	w := newWorld(t, 9)
	w.keepApart(3)
	p := &cluster.Pod{UID: "guest", Namespace: "default", Name: "guest", Demand: workloads["web"], Identity: &web, Created: w.now, UnschedulableSince: w.now, Phase: cluster.Running,
		Owner: cluster.Owner{Kind: "ReplicaSet", Name: "guest", UID: "guest"}, Grace: cluster.Second}
	for name := range w.nodes {
		p.Node = max(p.Node, name)
	}
	w.setPod(p)
	w.run(20 * cluster.Minute)
	if got := len(w.nodes); got != 4 || w.provisioning().Status != "True" {
		t.Errorf("%d nodes for a pod and three chunks that must be apart; the buffer says %+v", got, w.provisioning())
	}
}
