package engine

import (
	"strconv"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// places is an engine that is emptying two nodes, "old" and "spent", which "one" and "two"
// replace. There is a pod on old that is meant for two, and one that came for another and
// waits, which one was left to. It has been told of all that, and has done nothing.
func places(t *testing.T) (e *Engine, there, waits *cluster.Pod) {
	t.Helper()
	e = New(DefaultOptions())
	demand := &cluster.Demand{Key: "web", Requests: cluster.NewResources(map[string]int64{cluster.CPU: 500, cluster.Pods: 1})}
	pod := func(name string) *cluster.Pod {
		return &cluster.Pod{UID: name, Namespace: "default", Name: name, Demand: demand, Owner: cluster.Owner{Kind: "ReplicaSet", Name: "web", UID: "web"}}
	}
	claim := func(name string, marks map[string]string) ClaimChanged {
		return ClaimChanged{name, &cluster.Claim{Name: name, UID: name, ProviderID: "i-" + name, NodeName: "on-" + name, Annotations: marks,
			Conditions: []cluster.Condition{{Type: cluster.Initialized, Status: "True"}}}}
	}
	node := func(name string) NodeChanged {
		return NodeChanged{"on-" + name, &cluster.Node{Name: "on-" + name, UID: "on-" + name, ProviderID: "i-" + name, Ready: true}}
	}
	marks := map[string]string{doomReason: string(cluster.ReasonUnderutilized), doomReplacedBy: "one,two"}
	there, waits = pod("there"), pod("waits")
	there.Node, there.Phase = "on-old", cluster.Running
	waits.UnschedulableSince = 1
	e.Step(1, []Event{
		claim("old", marks), claim("spent", marks), claim("one", nil), claim("two", nil), node("old"), node("spent"),
		PodChanged{there.ID(), there}, PodChanged{waits.ID(), waits},
	})
	for _, name := range []string{"old", "spent"} {
		e.takesTurns(e.claims[name])
		e.disruptor.vacating[name] = newVacating()
	}
	e.disruptor.moved.set(there.UID, "two")
	e.sendTo(waits, "one")
	return e, there, waits
}

// TestPlacesAreExchanged: who takes the place that is meant for a pod like it leaves it its own,
// whether that pod is still to go, is to come, or waits.
func TestPlacesAreExchanged(t *testing.T) {
	e, there, waits := places(t)
	e.exchange(waits, "two", "one")
	if to := e.disruptor.moved.to[there.UID]; to != "one" {
		t.Errorf("who is to be evicted is meant for %q, want the place that was left", to)
	}
	e.disruptor.heirs[heirOf(waits)] = []string{"two"}
	e.exchange(waits, "two", "one")
	if left := e.disruptor.heirs[heirOf(waits)]; len(left) != 1 || left[0] != "one" {
		t.Errorf("for who is to come %v is left, want the place that was left", left)
	}
	delete(e.disruptor.heirs, heirOf(waits))
	e.disruptor.moved.drop(there.UID)
	e.exchange(there, "one", "two")
	if a := e.answered.of[waits.ID()]; a.host != "two" {
		t.Errorf("who waits is meant for %q, want the place that was left", a.host)
	}
}

// TestTradesOnArrival: a pod that may go to several nodes gives its own place to the one whose
// place it has found.
func TestTradesOnArrival(t *testing.T) {
	e, there, waits := places(t)
	e.Step(2, []Event{NodeChanged{"on-two", &cluster.Node{Name: "on-two", UID: "on-two", ProviderID: "i-two", Ready: true}}})
	bound := *waits
	bound.Node, bound.Phase, bound.UnschedulableSince = "on-two", cluster.Running, 0
	e.Step(3, []Event{PodChanged{bound.ID(), &bound}})
	if to := e.disruptor.moved.to[there.UID]; to != "one" {
		t.Errorf("who is to be evicted is meant for %q, where somebody else is by now", to)
	}
}

// TestPlacesAreTriedForAWhile: a pod that has as many tolerations as it may have tries no other
// place: that node would have to be opened to all for it.
func TestPlacesAreTriedForAWhile(t *testing.T) {
	for _, had := range []int{0, mostTolerations - 1} {
		e, _, waits := places(t)
		for i := range had {
			waits.Reserved = append(waits.Reserved, cluster.ReservedTaint("earlier-"+strconv.Itoa(i)).Value)
		}
		waits.Reserved = append(waits.Reserved, cluster.ReservedTaint("one").Value)
		if tries, want := e.swapPlaces([]*cluster.Pod{waits}), had == 0; tries != want {
			t.Errorf("with %d tolerations another place is tried: %v, want %v", had+1, tries, want)
		}
	}
}

// TestCrowdedPodsDoNotInherit: a pod that could not come to the places that were left to it is
// planned for, and not sent from one of them to the next.
func TestCrowdedPodsDoNotInherit(t *testing.T) {
	for _, crowded := range []bool{false, true} {
		e, _, waits := places(t)
		e.answered.drop(waits.ID())
		e.disruptor.heirs[heirOf(waits)] = []string{"two"}
		if crowded {
			e.provision.crowded[waits.ID()] = true
		}
		e.inheritLate()
		if _, sent := e.answered.of[waits.ID()]; sent == crowded {
			t.Errorf("crowded %v: sent to what was left: %v", crowded, sent)
		}
	}
}

// TestWhatIsSavedWhileNodesAreEmptied: nodes that are empty by now go anyway, and what has been
// bought stays if somebody is there. Without prices each node costs the charge.
func TestWhatIsSavedWhileNodesAreEmptied(t *testing.T) {
	for _, x := range []struct {
		name    string
		arrived bool // a pod on one
		want    cluster.Money
	}{{"nobody has moved", false, -NodeCharge}, {"somebody has", true, 0}} {
		t.Run(x.name, func(t *testing.T) {
			e, _, waits := places(t)
			e.answered.drop(waits.ID())
			e.Step(2, []Event{NodeChanged{"on-one", &cluster.Node{Name: "on-one", UID: "on-one", ProviderID: "i-one", Ready: true}}})
			if x.arrived {
				bound := *waits
				bound.Node, bound.Phase, bound.UnschedulableSince = "on-one", cluster.Running, 0
				e.Step(3, []Event{PodChanged{bound.ID(), &bound}})
			}
			keeps, saved := e.savedBy(e.emptying(), map[string]bool{"old": true})
			if !keeps["old"] || !keeps["spent"] || saved != x.want {
				t.Errorf("kept %v, saved %s; want old and spent, and %s", keeps, saved, x.want)
			}
		})
	}
}

// TestNoRoomForThoseThatStay: a pod that may not be evicted again and again keeps no node for
// itself.
func TestNoRoomForThoseThatStay(t *testing.T) {
	e, there, _ := places(t)
	e.Step(2, []Event{BudgetChanged{"default/web", &cluster.PodDisruptionBudget{Namespace: "default", Name: "web"}}})
	for failures, want := range map[int]string{blockedFirst: "two", blockedOften + 1: ""} {
		e.disruptor.moved.set(there.UID, "two")
		e.retry[podKey(there.ID())] = backoff{failures: failures}
		e.block(there, e.now)
		if to := e.disruptor.moved.to[there.UID]; to != want {
			t.Errorf("refused %d times, it is meant for %q, want %q", failures, to, want)
		}
	}
}

// TestThoseThatStayCount: pods on nodes that are on their way out count where they are while
// they may not go and somebody waits who could not come because of where others are.
func TestThoseThatStayCount(t *testing.T) {
	e, there, waits := places(t)
	e.blocked[there.ID()] = true
	if in := e.standing(); len(in.Staying) > 0 {
		t.Errorf("%v stay, and nobody is in anybody's way", in.Staying)
	}
	e.provision.crowded[waits.ID()] = true
	if in := e.standing(); !in.Staying[there.UID] || len(in.Staying) != 1 {
		t.Errorf("%v stay, want the pod that may not be evicted", in.Staying)
	}
	e.uncrowd(waits.ID())
	if in := e.standing(); len(in.Staying) > 0 {
		t.Errorf("%v stay although nobody waits for them any more", in.Staying)
	}
}

// TestPodsAreLetInBesideHeirs: a node that was bought for pods which need no reservation is
// reserved when pods of nodes that go are to come there, too, and lets the first in as well.
func TestPodsAreLetInBesideHeirs(t *testing.T) {
	e, _, waits := places(t)
	e.Step(2, []Event{ClaimChanged{"three", &cluster.Claim{Name: "three", UID: "three", Created: 2}}})
	e.answerAll([]*cluster.Pod{waits}, "three")
	e.queueEntries()
	e.letIn()
	if e.reserved.underway[waits.ID()] {
		t.Fatal("it is let in although the node is open to all: the test tests nothing")
	}
	going := *e.claims["one"]
	going.Name, going.UID, going.ProviderID, going.NodeName = "going", "going", "i-going", "on-going"
	going.Annotations = map[string]string{doomReason: string(cluster.ReasonDrifted), doomReplacedBy: "three"}
	e.Step(3, []Event{ClaimChanged{"going", &going}})
	e.letIn()
	if !e.reserved.underway[waits.ID()] {
		t.Error("the node is reserved for those who are to come, and who was on the way there is not let in")
	}
}

// TestPlansForChunksLetPodsIn: a pod whose place was gone when room for chunks was bought, and that
// has one on what was bought, is queued for the toleration that it may lack there.
func TestPlansForChunksLetPodsIn(t *testing.T) {
	e, _, waits := places(t)
	e.Step(2, []Event{PoolChanged{Name: "default", Pool: &cluster.Pool{Name: "default", Revision: "1"}}})
	e.buyHeadroom(&plan.Plan{Creates: []plan.Create{{Pool: "default", Pods: []*cluster.Pod{waits}, Offerings: []cluster.OfferingID{{InstanceType: "t", Zone: "z", CapacityType: cluster.OnDemand}}}}})
	if e.answered.host(waits.ID()) == "" {
		t.Fatal("the pod has no place on what was bought: the test tests nothing")
	}
	if len(e.answered.fresh) > 0 {
		t.Errorf("%v have places, and nobody has asked whether they may go there", e.answered.fresh)
	}
}
