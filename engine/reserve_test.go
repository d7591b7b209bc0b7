package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// reserved are the names of the claims whose nodes are reserved.
func (w *world) reserved() []string {
	var out []string
	for name, c := range w.claims {
		for _, n := range w.nodes {
			if n.ProviderID == c.ProviderID && n.Reserved(name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// mixed scales to pods that fit together and not each with their own.
func (w *world) mixed(each int) {
	w.scaleOf("cpus", each)
	w.scaleOf("memory", each)
}

// TestReservedNodesHoldWhatTheyWereBoughtFor although the scheduler puts pods anywhere:
// nodes are bought once. Without reservation they are not enough.
func TestReservedNodesHoldWhatTheyWereBoughtFor(t *testing.T) {
	again := 0
	for seed := range uint64(6) {
		for _, reserve := range []bool{true, false} {
			w := newWorld(t, seed)
			w.opts.ReserveNodes = reserve
			w.pool.ConsolidateAfter = cluster.Forever
			w.slow = 5 * cluster.Millisecond
			w.restart()
			w.run(5 * cluster.Second)
			w.mixed(30)
			w.run(5 * cluster.Minute)
			w.settled(60)
			switch {
			case !reserve:
				again += w.purchases - 1
			case w.purchases != 1:
				t.Errorf("seed %d: nodes were bought %d times, want once", seed, w.purchases)
			case w.let != 60:
				t.Errorf("seed %d: %d tolerations were written for 60 pods", seed, w.let)
			}
			if !reserve && w.let > 0 {
				t.Errorf("seed %d: %d tolerations were written although nothing is to be reserved", seed, w.let)
			}
		}
	}
	if again == 0 {
		t.Error("nodes that are not reserved were enough every time: the test tests nothing")
	}
}

// TestPodsThatAreAlikeNeedNoReservation: whoever comes first, the others fit.
func TestPodsThatAreAlikeNeedNoReservation(t *testing.T) {
	w := newWorld(t, 41)
	w.slow = 5 * cluster.Millisecond
	w.run(5 * cluster.Second)
	w.scaleOf("huge", 2) // they fit nowhere, and so are in nobody's way
	w.run(2 * cluster.Second)
	w.scale(100)
	for range 20 {
		w.run(10 * cluster.Second)
		if nodes := w.reserved(); len(nodes) > 0 {
			t.Fatalf("reserved: %v", nodes)
		}
	}
	w.settled(100)
	if w.let > 0 || w.purchases != 1 {
		t.Errorf("%d tolerations were written, nodes were bought %d times", w.let, w.purchases)
	}
}

// TestReservationEnds: no node stays reserved when nobody is expected any more, and none
// for longer than the scheduler may take to try a pod again, whatever becomes of the pods.
func TestReservationEnds(t *testing.T) {
	const slack = 2 * cluster.Second // for watches and writes
	for _, c := range []struct {
		name  string
		after func(*world)
		least cluster.Duration // that some node is reserved
		most  cluster.Duration // that each is
		told  string
	}{
		{name: "they come", after: func(*world) {}, most: cluster.Second},
		{name: "they are deleted", after: func(w *world) { w.mixed(0) }},
		{name: "some are deleted", after: func(w *world) { w.mixed(3) }, most: cluster.Second},
		{name: "they cannot be let in", after: func(w *world) { w.rigid = true; w.mixed(40) }, most: cluster.Second, told: "cannot be given a toleration"},
		{name: "others come in between", after: func(w *world) { w.scale(40) }, most: cluster.Second},
		{name: "they fit elsewhere", after: func(w *world) {
			r := cluster.NewResources(map[string]int64{cluster.CPU: 500_000, cluster.Memory: 1 << 42, cluster.Pods: 1000})
			w.setNode(&cluster.Node{Name: "by-hand", UID: "by-hand", Labels: cluster.Labels{}, Capacity: r, Allocatable: r, Created: w.now, Ready: true, ReadySince: w.now})
		}},
		{name: "they never come", after: func(w *world) { w.stalled = true }, least: 320 * cluster.Second, most: 330 * cluster.Second, told: "did not come within 5m30s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 42)
			w.run(5 * cluster.Second)
			w.mixed(20)
			w.run(100 * cluster.Millisecond)
			c.after(w)
			since := map[string]cluster.Instant{}
			longest := cluster.Duration(0)
			for end := w.now.Add(8 * cluster.Minute); w.now < end; {
				w.run(500 * cluster.Millisecond)
				for _, name := range w.reserved() {
					if since[name] == 0 {
						since[name] = w.now
					}
					longest = max(longest, w.now.Sub(since[name]))
				}
			}
			if longest < c.least || longest > c.most+slack {
				t.Errorf("nodes were reserved for up to %s, want %s to %s", longest, c.least, c.most)
			}
			if nodes := w.reserved(); len(nodes) > 0 {
				t.Errorf("still reserved: %v", nodes)
			}
			notes := strings.Join(w.notes, "\n")
			if c.told != "" && !strings.Contains(notes, c.told) {
				t.Errorf("nobody was told %q", c.told)
			}
			if c.told == "" && strings.Contains(notes, "did not come within") {
				t.Error("told that pods did not come")
			}
			if waiting := w.waiting(); waiting > 0 && !w.stalled {
				t.Errorf("%d pods wait for ever", waiting)
			}
		})
	}
}

func (w *world) waiting() int {
	n := 0
	for _, p := range w.pods {
		if p.Provisionable() {
			n++
		}
	}
	return n
}

// TestRoomThatIsTakenIsMissed: somebody who tolerates everything takes the room of pods
// that have not come yet. They do not wait until nodes are open to all.
func TestRoomThatIsTakenIsMissed(t *testing.T) {
	w := newWorld(t, 50)
	w.run(5 * cluster.Second)
	w.mixed(10)
	w.run(2 * cluster.Second)
	w.stalled = true
	w.run(90 * cluster.Second)
	names := w.reserved()
	if len(names) == 0 {
		t.Fatal("no node is reserved")
	}
	for i, name := range names {
		n := w.nodes[w.claims[name].NodeName]
		w.setPod(&cluster.Pod{UID: fmt.Sprint("thief", i), Namespace: "default", Name: fmt.Sprint("thief-", i), Created: w.now,
			Demand: &cluster.Demand{Key: "thief" + name, Requests: n.Allocatable}, Node: n.Name, Phase: cluster.Running, Owner: cluster.Owner{Kind: "Job", Name: "thief", UID: "thief"}})
	}
	w.stalled = false
	began := w.now
	for w.waiting() > 0 {
		if w.run(cluster.Second); w.now > began.Add(3*cluster.Minute) {
			t.Fatalf("%d pods still wait", w.waiting())
		}
	}
	if w.purchases < 2 {
		t.Error("the room was not missed: the test tests nothing")
	}
}

// TestLaterPodsAreLetIn: pods that come while nodes boot, and are planned for room on
// these, get tolerations of their taints.
func TestLaterPodsAreLetIn(t *testing.T) {
	w := newWorld(t, 43)
	w.slow = 5 * cluster.Millisecond
	w.run(5 * cluster.Second)
	w.mixed(5)
	w.run(2 * cluster.Second)
	claims := len(w.claims)
	w.scaleOf("small", 3)
	w.run(5 * cluster.Second)
	if len(w.claims) != claims || w.let != 13 {
		t.Fatalf("%d claims, then %d; %d tolerations for 13 pods", claims, len(w.claims), w.let)
	}
	w.run(5 * cluster.Minute)
	w.settled(13)
	if w.purchases != 1 {
		t.Errorf("nodes were bought %d times, want once", w.purchases)
	}
}

// TestReservedNodesAreInitialized: the taint delays nothing but pods that are not meant
// for the node.
func TestReservedNodesAreInitialized(t *testing.T) {
	w := newWorld(t, 44)
	w.stalled = true // nobody comes: the nodes stay reserved as long as they may
	w.slow = 5 * cluster.Millisecond
	w.run(5 * cluster.Second)
	w.mixed(20)
	met := 0
	for range 120 {
		w.run(cluster.Second)
		for _, name := range w.reserved() {
			if c := w.claims[name]; c.Is(cluster.Registered) && w.now > c.Condition(cluster.Registered).Since.Add(2*cluster.Second) {
				met++
				if !c.Is(cluster.Initialized) {
					t.Fatalf("claim %s is reserved and not initialized: %+v", name, c.Conditions)
				}
			}
		}
	}
	if met == 0 {
		t.Error("no node was reserved for longer than two seconds")
	}
}

// TestDevicesNeedTheirDaemonSet: a node for devices is not reserved if a DaemonSet that
// may make them known would have to wait for the end of it.
func TestDevicesNeedTheirDaemonSet(t *testing.T) {
	for _, c := range []struct {
		name     string
		tolerate []cluster.Toleration
		reserved bool
	}{
		{"tolerates nothing", nil, false},
		{"tolerates devices", []cluster.Toleration{{Key: "device", Operator: cluster.Exists}}, false},
		{"tolerates all", []cluster.Toleration{{Operator: cluster.Exists}}, true},
		{"tolerates reserved nodes", []cluster.Toleration{{Key: cluster.ReservedKey, Operator: cluster.Exists}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 45)
			w.stalled = true // so that reservation lasts
			for i := range w.types {
				w.types[i].Allocatable = w.types[i].Allocatable.Plus(cluster.Resources{{Name: "device", Value: 2}})
			}
			w.daemons = map[string]*cluster.DaemonSet{"kube-system/plugin": {UID: "d", Namespace: "kube-system", Name: "plugin",
				Demand: &cluster.Demand{Key: "plugin" + c.name, Requests: cluster.NewResources(map[string]int64{cluster.Pods: 1}), Tolerations: c.tolerate}}}
			w.restart()
			w.run(5 * cluster.Second)
			w.scaleOf("device", 4)
			w.scaleOf("memory", 4)
			seen := 0
			for range 60 {
				w.run(cluster.Second)
				for _, name := range w.reserved() {
					if w.claims[name].Requests.Get("device") > 0 {
						seen++
					}
				}
			}
			if (seen > 0) != c.reserved {
				t.Errorf("nodes with devices were reserved: %t, want %t", seen > 0, c.reserved)
			}
			w.stalled = false
			w.run(5 * cluster.Minute)
			w.settled(8)
		})
	}
}
