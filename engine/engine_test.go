package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/engine"
)

// running counts the Deployments' pods that run on a ready node.
func (w *world) running() int {
	n := 0
	for _, p := range w.pods {
		if node := w.nodes[p.Node]; p.Owner.Kind == "ReplicaSet" && !p.Deleting() && node != nil && node.Ready {
			n++
		}
	}
	return n
}

func (w *world) alive() int {
	n := 0
	for _, i := range w.instances {
		if i.State != cluster.InstanceTerminated {
			n++
		}
	}
	return n
}

// settled checks that cluster and cloud agree: every instance has a claim and
// every claim an instance and a node.
func (w *world) settled(pods int) {
	w.t.Helper()
	if got := w.running(); got != pods {
		w.t.Errorf("%d pods run, want %d", got, pods)
	}
	byProvider := map[string]string{}
	for name, c := range w.claims {
		switch i := w.instances[c.ProviderID]; {
		case c.Deleting():
			w.t.Errorf("claim %s is still being deleted", name)
		case i == nil || i.State == cluster.InstanceTerminated:
			w.t.Errorf("claim %s has no instance", name)
		case byProvider[c.ProviderID] != "":
			w.t.Errorf("claims %s and %s share instance %s", name, byProvider[c.ProviderID], i.ID)
		case !c.Is(cluster.Initialized):
			w.t.Errorf("claim %s is not initialized: %+v", name, c.Conditions)
		}
		byProvider[c.ProviderID] = name
		if n := w.nodes["node-"+strings.TrimPrefix(c.ProviderID, "test:///")]; n != nil && n.Reserved(name) {
			w.t.Errorf("node %s is still reserved", n.Name)
		}
	}
	for id, i := range w.instances {
		if i.State != cluster.InstanceTerminated && byProvider[id] == "" {
			w.t.Errorf("instance %s (%s) has no claim", i.ID, i.State)
		}
	}
	for name, n := range w.nodes {
		if byProvider[n.ProviderID] == "" {
			w.t.Errorf("node %s has no claim", name)
		}
	}
	if w.t.Failed() {
		w.t.Logf("notes:\n%s", strings.Join(w.notes, "\n"))
		w.t.FailNow()
	}
}

func TestScaleOutAndAway(t *testing.T) {
	w := newWorld(t, 1)
	w.run(5 * cluster.Second)
	for _, n := range []int{5, 40, 100} {
		w.scale(n)
		w.run(10 * cluster.Minute)
		w.settled(n)
	}
	if len(w.claims) == 0 {
		t.Fatal("100 pods run on no node")
	}
	w.scale(0)
	w.run(30 * cluster.Minute)
	w.settled(0)
	if len(w.claims)+w.alive()+len(w.nodes) != 0 {
		t.Errorf("left behind: %d claims, %d instances, %d nodes", len(w.claims), w.alive(), len(w.nodes))
	}
}

// TestOneBurstOneLaunch: pods that come within a few milliseconds of each other
// are answered together.
func TestOneBurstOneLaunch(t *testing.T) {
	w := newWorld(t, 2)
	w.slow = 5 * cluster.Millisecond
	w.run(5 * cluster.Second)
	w.scale(60)
	w.run(10 * cluster.Minute)
	w.settled(60)
	if w.purchases != 1 {
		t.Errorf("nodes were bought %d times for one burst, want once", w.purchases)
	}
}

// TestCrashAnywhere drops the operator before or after random effects during
// scale-outs and scale-ins, and expects the same end as without.
func TestCrashAnywhere(t *testing.T) {
	crashes := 0
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed)
			w.run(5 * cluster.Second)
			w.crash = func() bool { return w.rng.IntN(12) == 0 }
			w.scale(50)
			w.run(90 * cluster.Second)
			w.scale(20)
			w.run(90 * cluster.Second)
			w.crash = nil
			w.run(30 * cluster.Minute)
			w.settled(20)
			w.crash = func() bool { return w.rng.IntN(12) == 0 }
			w.scale(0)
			w.run(2 * cluster.Minute)
			w.crash = nil
			w.run(30 * cluster.Minute)
			w.settled(0)
			if w.alive() != 0 || len(w.claims) != 0 {
				t.Errorf("left behind: %d instances, %d claims", w.alive(), len(w.claims))
			}
			crashes += w.crashes
		})
	}
	if crashes < 500 {
		t.Errorf("only %d crashes in all: the test does not test much", crashes)
	}
}

func TestSoldOutFallsBack(t *testing.T) {
	w := newWorld(t, 3)
	w.run(5 * cluster.Second)
	w.scale(4)
	w.run(5 * cluster.Minute)
	w.settled(4)
	var first *cluster.Claim
	for _, c := range w.claims {
		first = c
	}
	// Everything of that type is gone from now on.
	for _, z := range []string{"a", "b", "c"} {
		w.short[cluster.OfferingID{InstanceType: first.Labels[cluster.LabelInstanceType], Zone: z, CapacityType: cluster.OnDemand}] = true
	}
	w.scale(8)
	w.run(10 * cluster.Minute)
	w.settled(8)
}

func TestWholePoolSoldOut(t *testing.T) {
	w := newWorld(t, 4)
	w.run(5 * cluster.Second)
	for _, typ := range w.types {
		for _, o := range typ.Offerings {
			w.short[cluster.OfferingID{InstanceType: typ.Name, Zone: o.Zone, CapacityType: o.CapacityType}] = true
		}
	}
	w.scale(5)
	w.run(5 * cluster.Minute)
	if len(w.claims) != 0 {
		t.Errorf("%d claims although nothing can be had", len(w.claims))
	}
	clear(w.short)
	w.run(15 * cluster.Minute)
	w.settled(5)
}

func TestInstanceVanishes(t *testing.T) {
	w := newWorld(t, 5)
	w.run(5 * cluster.Second)
	w.scale(10)
	w.run(5 * cluster.Minute)
	w.settled(10)
	for _, i := range w.instances {
		i.State = cluster.InstanceTerminated
		break
	}
	w.run(20 * cluster.Minute)
	w.settled(10)
}

func TestNodeDeletedByHand(t *testing.T) {
	w := newWorld(t, 6)
	w.run(5 * cluster.Second)
	w.scale(10)
	w.run(5 * cluster.Minute)
	for _, n := range w.nodes {
		w.do(engine.DeleteNode{Name: n.Name, UID: n.UID})
		break
	}
	w.run(20 * cluster.Minute)
	w.settled(10)
}

func TestClaimDeletedWhileBooting(t *testing.T) {
	w := newWorld(t, 7)
	w.run(5 * cluster.Second)
	w.scale(10)
	w.run(10 * cluster.Second)
	if len(w.claims) == 0 {
		t.Fatalf("no claim after ten seconds; notes:\n%s", strings.Join(w.notes, "\n"))
	}
	for _, c := range w.claims {
		w.do(engine.DeleteClaim{Name: c.Name, UID: c.UID})
	}
	w.run(20 * cluster.Minute)
	w.settled(10)
}

func TestPodDeletedWhileItsNodeBoots(t *testing.T) {
	w := newWorld(t, 8)
	w.run(5 * cluster.Second)
	w.scale(3)
	w.run(5 * cluster.Second)
	w.scale(0)
	w.run(20 * cluster.Minute)
	w.settled(0)
	if w.alive() != 0 {
		t.Errorf("%d instances left", w.alive())
	}
}

func TestBudgetZeroKeepsEmptyNodes(t *testing.T) {
	w := newWorld(t, 9)
	p := *w.pool
	p.Budgets = []cluster.Budget{{Nodes: 0}}
	w.pool = &p
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(10)
	w.run(5 * cluster.Minute)
	held := len(w.claims)
	w.scale(0)
	w.run(time)
	if len(w.claims) != held {
		t.Errorf("%d claims of %d left under a budget of 0", len(w.claims), held)
	}
	p.Budgets = []cluster.Budget{{Nodes: 1}}
	p.Revision = w.revision()
	w.pool = &p
	w.tell(engine.PoolChanged{Name: p.Name, Pool: &p}, 0)
	w.run(time)
	if len(w.claims) != 0 {
		t.Errorf("%d claims left under a budget of 1", len(w.claims))
	}
}

const time = 30 * cluster.Minute

func TestDoNotDisruptKeepsEmptyNode(t *testing.T) {
	w := newWorld(t, 10)
	w.run(5 * cluster.Second)
	w.scale(2)
	w.run(5 * cluster.Minute)
	for _, n := range w.nodes {
		c := *n
		c.Annotations = map[string]string{"karpenter.sh/do-not-disrupt": "true"}
		w.setNode(&c)
	}
	held := len(w.nodes)
	w.scale(0)
	w.run(time)
	if len(w.nodes) != held {
		t.Errorf("%d nodes of %d left", len(w.nodes), held)
	}
}

func TestSuspendedDoesNothing(t *testing.T) {
	w := newWorld(t, 11)
	w.run(5 * cluster.Second)
	w.tell(engine.Suspended{Reason: "Karpenter holds its lease"}, 0)
	w.run(cluster.Second)
	w.scale(5)
	before := w.writes
	w.run(5 * cluster.Minute)
	if w.writes != before || len(w.claims) != 0 {
		t.Errorf("%d writes while suspended", w.writes-before)
	}
	w.tell(engine.Suspended{}, 0)
	w.run(5 * cluster.Minute)
	w.settled(5)
}

func TestForeignPoolIsLeftAlone(t *testing.T) {
	w := newWorld(t, 12)
	p := *w.pool
	p.Class.Kind = "EC2NodeClass"
	w.pool = &p
	w.restart()
	w.scale(5)
	w.run(5 * cluster.Minute)
	if len(w.claims) != 0 || len(w.pool.Conditions) != 0 {
		t.Errorf("%d claims, %d conditions on a pool of another provider", len(w.claims), len(w.pool.Conditions))
	}
}

// TestDrainRespectsBudget: a pod whose eviction is refused holds up its node
// until it may go, and the others of its group have gone before.
func TestDrainRespectsBudget(t *testing.T) {
	w := newWorld(t, 13)
	w.run(5 * cluster.Second)
	w.scale(6)
	w.run(5 * cluster.Minute)
	w.settled(6)
	var held string
	for id, p := range w.pods {
		if held == "" || id < held {
			held = p.ID()
		}
	}
	w.budgets[held] = true
	node := w.nodes[w.pods[held].Node]
	w.do(engine.DeleteNode{Name: node.Name, UID: node.UID})
	w.run(10 * cluster.Minute)
	if w.pods[held] == nil || w.nodes[node.Name] == nil {
		t.Fatalf("the pod with the budget, or its node, is gone")
	}
	delete(w.budgets, held)
	w.run(10 * cluster.Minute)
	w.settled(6)
	if w.nodes[node.Name] != nil {
		t.Error("the node is still there")
	}
}

// TestTerminationGracePeriod: when it ends, the pod goes whatever protects it.
func TestTerminationGracePeriod(t *testing.T) {
	w := newWorld(t, 14)
	p := *w.pool
	p.TerminationGracePeriod = 5 * cluster.Minute
	w.pool = &p
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(1)
	w.run(5 * cluster.Minute)
	w.settled(1)
	var pod *cluster.Pod
	for _, x := range w.pods {
		pod = x
	}
	c := *pod
	c.ProtectedUntil = cluster.Never
	w.setPod(&c)
	w.budgets[c.ID()] = true
	node := w.nodes[c.Node]
	w.do(engine.DeleteNode{Name: node.Name, UID: node.UID})
	w.run(4 * cluster.Minute)
	if w.pods[c.ID()] == nil {
		t.Fatal("the protected pod went before its time")
	}
	w.run(15 * cluster.Minute)
	if w.pods[c.ID()] != nil || w.nodes[node.Name] != nil {
		t.Error("terminationGracePeriod has passed and the pod or its node is still there")
	}
	w.settled(1)
}

// TestForgottenAtEveryStep throws the engine away before every step: the end is
// the same.
func TestForgottenAtEveryStep(t *testing.T) {
	w := newWorld(t, 15)
	w.opts.BatchIdle = 0 // a window is memory: nothing would ever close it
	w.forget = true
	w.slow = 2 * cluster.Second
	w.restart()
	w.run(5 * cluster.Second)
	for _, n := range []int{20, 60, 10, 0} {
		w.scale(n)
		w.run(4 * cluster.Minute)
		w.settled(n)
	}
	if w.alive() != 0 {
		t.Errorf("%d instances left", w.alive())
	}
}

// TestOrphanThatRegistered: an instance without a claim becomes a node before it is
// ended; the node goes too.
func TestOrphanThatRegistered(t *testing.T) {
	w := newWorld(t, 16)
	w.opts.OrphanGrace = 5 * cluster.Minute // longer than the boot
	w.restart()
	w.run(5 * cluster.Second)
	w.scale(3)
	w.run(10 * cluster.Second)
	for _, c := range w.claims { // taken away with force while its instance boots
		x := *c
		x.DeletingAt, x.Finalizers = w.now, nil
		w.setClaim(&x)
	}
	w.scale(0)
	w.run(2 * cluster.Minute)
	if len(w.nodes) == 0 {
		t.Fatal("the orphan has not registered; this tests nothing")
	}
	w.run(30 * cluster.Minute)
	w.settled(0)
	if len(w.nodes)+w.alive() != 0 {
		t.Errorf("left behind: %d nodes, %d instances", len(w.nodes), w.alive())
	}
}

// TestTrickleIsAnsweredInGroups: pods that come one by one for sixteen seconds do not
// cause a launch each, and the first does not wait for the last.
func TestTrickleIsAnsweredInGroups(t *testing.T) {
	w := newWorld(t, 17)
	w.slow = 5 * cluster.Millisecond
	w.run(5 * cluster.Second)
	for i := range 80 {
		w.scale(i + 1)
		w.run(200 * cluster.Millisecond)
		if i == 5 && w.purchases == 0 {
			t.Error("after a second nothing was bought yet")
		}
	}
	w.run(10 * cluster.Minute)
	w.settled(80)
	if w.purchases > 8 {
		t.Errorf("nodes were bought %d times for a trickle of sixteen seconds", w.purchases)
	}
}

// TestRestIsQuiet: when nothing happens, next to nothing is written.
func TestRestIsQuiet(t *testing.T) {
	w := newWorld(t, 18)
	w.run(5 * cluster.Second)
	w.scale(60)
	w.run(10 * cluster.Minute)
	w.settled(60)
	before := w.writes
	w.run(10 * cluster.Minute)
	if n := w.writes - before; n > 10 { // a list of instances every two minutes, prices every five
		t.Errorf("%d effects in ten minutes in which nothing happened", n)
	}
}
