package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/sim/schedule"
)

func waiting(uid string, priority int32, d *cluster.Demand) *cluster.Pod {
	return &cluster.Pod{UID: uid, Namespace: "default", Name: uid, Demand: d, Priority: priority}
}

var small = &cluster.Demand{Key: "small", Requests: cluster.NewResources(map[string]int64{cluster.CPU: 100})}

func TestQueueOrder(t *testing.T) {
	q := schedule.NewQueue(schedule.NewCache(rand.New(rand.NewPCG(1, 1))))
	for i, priority := range []int32{0, 5, 0, 9} {
		q.Add(waiting(fmt.Sprint(i), priority, small), "", cluster.Instant(i))
	}
	q.Remove("2")
	got := ""
	for w := q.Pop(10); w != nil; w = q.Pop(10) {
		got += w.UID
		q.Done(w)
	}
	if got != "310" || q.Len() != 0 {
		t.Errorf("came out as %s, %d left; want 310 and none", got, q.Len())
	}
}

// TestParkedPods: a pod that fits nowhere waits for something that could help, at least
// for its backoff (if others are active) and at the most for five minutes.
func TestParkedPods(t *testing.T) {
	q := schedule.NewQueue(schedule.NewCache(rand.New(rand.NewPCG(1, 1))))
	now := cluster.Instant(cluster.Hour)
	q.Add(waiting("a", 0, small), "", now)
	q.Park(q.Pop(now), now)
	if !q.Parked() || q.Pop(now.Add(4*cluster.Minute)) != nil {
		t.Fatal("a parked pod is tried although nothing has happened")
	}
	if q.Happened(now, func(*schedule.Waiting) bool { return false }) || q.Pop(now) != nil {
		t.Error("an event that does not help wakes it")
	}
	if !q.Happened(now, func(*schedule.Waiting) bool { return true }) {
		t.Error("an event that helps does not wake it")
	}
	// It backs off, and others come first whatever their priority.
	q.Add(waiting("b", -5, small), "", now)
	if w := q.Pop(now); w == nil || w.UID != "b" {
		t.Errorf("%v comes first, want b", w)
	}
	w := q.Pop(now)
	if w == nil || w.UID != "a" {
		t.Fatalf("with nobody else active a is to be tried, got %v", w)
	}
	q.Park(w, now)
	if next := q.Flush(now.Add(cluster.Minute)); next != now.Add(5*cluster.Minute) {
		t.Errorf("the next flush is in %s", next.Sub(now))
	}
	if next := q.Flush(now.Add(5 * cluster.Minute)); next != cluster.Never || q.Parked() {
		t.Error("after five minutes it is still parked")
	}
	if w := q.Pop(now.Add(5 * cluster.Minute)); w == nil || w.UID != "a" {
		t.Errorf("got %v, want a", w)
	}
}

// TestTolerationWakes: a pod that is let onto a reserved node is tried again.
func TestTolerationWakes(t *testing.T) {
	q := schedule.NewQueue(schedule.NewCache(rand.New(rand.NewPCG(1, 1))))
	p := waiting("a", 0, small)
	q.Add(p, "", 1)
	q.Park(q.Pop(1), 1)
	x := *p
	q.Update(&x, 2)
	if q.Pop(2) != nil {
		t.Error("a change that changes nothing wakes it")
	}
	let := x
	let.Reserved = []string{"claim"}
	q.Update(&let, 3)
	if w := q.Pop(3); w == nil || w.Pod != &let {
		t.Errorf("got %v, want the pod as it is now", w)
	}
}

func node(name string, cores int64, taints ...cluster.Taint) *cluster.Node {
	return &cluster.Node{Name: name, Ready: true, Taints: taints, Labels: cluster.Labels{cluster.LabelHostname: name, cluster.LabelZone: name[:1]},
		Allocatable: cluster.NewResources(map[string]int64{cluster.CPU: cores * 1000, cluster.Memory: cores << 32, cluster.Pods: 110})}
}

func TestReservedNodes(t *testing.T) {
	c := schedule.NewCache(rand.New(rand.NewPCG(1, 1)))
	c.SetNode(node("a1", 4, cluster.ReservedTaint("claim-1")))
	if got := c.Place(waiting("x", 0, small)); got != "" {
		t.Errorf("a pod without the toleration is placed on %s", got)
	}
	let := waiting("y", 0, small)
	let.Reserved = []string{cluster.ReservedTaint("claim-0").Value, cluster.ReservedTaint("claim-1").Value}
	if got := c.Place(let); got != "a1" {
		t.Errorf("the pod that the node is for is placed on %q", got)
	}
	c.SetNode(node("a1", 4))
	if got := c.Place(waiting("z", 0, small)); got != "a1" {
		t.Errorf("when the node is open to all, a pod is placed on %q", got)
	}
}

// TestScores: what the default profile prefers.
func TestScores(t *testing.T) {
	var ids cluster.Identities
	own := ids.Intern("default", cluster.Labels{"app": "web"})
	full := waiting("full", 0, &cluster.Demand{Key: "full", Requests: cluster.NewResources(map[string]int64{cluster.CPU: 3000, cluster.Memory: 12 << 30})})
	full.Node = "a1"
	mate := waiting("mate", 0, small)
	mate.Identity, mate.Node = own, "b1"
	prefers := *small
	prefers.Key, prefers.Preferences = "prefers", []cluster.Preference{{Weight: 50, Node: cluster.Term{{Key: cluster.LabelZone, Operator: cluster.In, Values: []string{"a"}}}}}
	apart := *small
	apart.Key, apart.Preferences = "apart", []cluster.Preference{{Weight: 50, Apart: true, Near: &cluster.PodAffinityTerm{Key: cluster.LabelZone,
		Pods: cluster.PodSelector{Namespaces: []string{"default"}, Labels: cluster.Term{{Key: "app", Operator: cluster.Exists}}}}}}
	replica := waiting("r", 0, small)
	replica.Identity, replica.Owner.Kind = own, "ReplicaSet"
	for _, x := range []struct {
		name  string
		pod   *cluster.Pod
		there []*cluster.Pod
		best  string
	}{
		{"the node with more room", waiting("p", 0, small), []*cluster.Pod{full}, "b1"},
		{"the zone it prefers, although it is fuller", waiting("p", 0, &prefers), []*cluster.Pod{full}, "a1"},
		{"away from those it avoids", waiting("p", 0, &apart), []*cluster.Pod{mate}, "a1"},
		{"away from its own kind, by default", replica, []*cluster.Pod{mate}, "a1"},
		{"not where it is not wanted", waiting("p", 0, small), nil, "a1"},
	} {
		c := schedule.NewCache(rand.New(rand.NewPCG(1, 1)))
		c.SetNode(node("a1", 4))
		b := node("b1", 4)
		if len(x.there) == 0 {
			b.Taints = []cluster.Taint{{Key: "k", Effect: cluster.PreferNoSchedule}}
		}
		c.SetNode(b)
		for _, p := range x.there {
			c.SetPod(p)
		}
		s := c.Scores(x.pod, []string{"a1", "b1"})
		if got := c.Place(x.pod); got != x.best {
			t.Errorf("%s: placed on %s, want %s; scores %v", x.name, got, x.best, s)
		}
	}
}

// TestVictims: for a pod that one node alone may have, as few and as unimportant pods go
// as make room.
func TestVictims(t *testing.T) {
	c := schedule.NewCache(rand.New(rand.NewPCG(1, 1)))
	c.SetNode(node("a1", 1))
	for i, priority := range []int32{7, 3, 5, 3} {
		p := waiting(fmt.Sprint(i), priority, &cluster.Demand{Key: "q", Requests: cluster.NewResources(map[string]int64{cluster.CPU: 250})})
		p.Node = "a1"
		c.SetPod(p)
	}
	agent := waiting("agent", 6, &cluster.Demand{Key: "agent", Requests: cluster.NewResources(map[string]int64{cluster.CPU: 300})})
	if c.PlaceOn(agent, "a1") {
		t.Fatal("the node is full and takes another")
	}
	if got := fmt.Sprint(c.Victims(agent, "a1")); got != "[1 3]" {
		t.Errorf("victims %s, want [1 3]", got)
	}
	agent.Priority = 3
	if got := c.Victims(agent, "a1"); len(got) != 0 {
		t.Errorf("victims %v of no lower priority", got)
	}
}
