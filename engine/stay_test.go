package engine

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/plan"
)

// TestPlansCountOnWhoGoes: what else a plan says holds as long as all empty nodes go that it lets go.
func TestPlansCountOnWhoGoes(t *testing.T) {
	e, _, _ := places(t)
	a := &plan.Action{Why: cluster.ReasonEmpty, Hosts: []string{"on-old", "on-spent"}}
	e.disruptor.empties["spent"] = true
	if e.allGo(a) {
		t.Error("one of two goes, and the plan is carried on")
	}
	e.disruptor.empties["old"] = true
	if !e.allGo(a) {
		t.Error("both go, and the plan is not carried on")
	}
	if other := (&plan.Action{Why: cluster.ReasonUnderutilized, Hosts: []string{"on-one"}}); !e.allGo(other) {
		t.Error("a node that is emptied first need not be empty")
	}
}

// TestEmptiedNodesGoAlone: of nodes that were to go together and stay, those go that hold nobody by
// then.
func TestEmptiedNodesGoAlone(t *testing.T) {
	e, _, _ := places(t)
	for _, name := range []string{"old", "spent"} {
		e.partWith(e.claims[name])
		if gone, want := e.deletionExpected(e.claims[name]), name == "spent"; gone != want {
			t.Errorf("%s is given back: %v, want %v", name, gone, want)
		}
	}
}

// TestWhoStaysKeepsHisPlace: pods that count where they are for as long as somebody waits for them
// have stand-ins on what was bought for them, and those that have been asked to go do not have two.
func TestWhoStaysKeepsHisPlace(t *testing.T) {
	e, there, waits := places(t)
	other := *waits
	other.Owner.UID = "other"
	e.waiting.pods[waits.ID()] = &other // it matters who has which place
	for _, x := range []struct {
		name             string
		crowded, deletes bool
		want             int
	}{{"nobody waits for others", false, false, 0}, {"somebody does", true, false, 1}, {"it is on its way", true, true, 0}} {
		clear(e.provision.crowded)
		if x.crowded {
			e.provision.crowded[waits.ID()] = true
		}
		if x.deletes {
			there.DeleteAt = e.now
		}
		e.now = cluster.Instant(crowdedLong)
		if pods, _ := e.absent(); len(pods) != x.want {
			t.Errorf("%s: %d stand-ins, want %d", x.name, len(pods), x.want)
		}
	}
}

// TestGroundsAge: when somebody has waited for long, plans take all to stay though nothing has
// changed.
func TestGroundsAge(t *testing.T) {
	e, _, waits := places(t)
	e.provision.crowded[waits.ID()], e.footing.ground = true, nil
	before := e.standsOn()
	if e.standsOn() != before {
		t.Error("the ground is another and nothing has changed")
	}
	e.now = cluster.Instant(crowdedLong)
	if e.standsOn() == before {
		t.Error("somebody has waited for long, and the ground is the same")
	}
}

// TestOthersAreWaitedForEachTime: who could begin waits for others to join, for some seconds, and so
// does who comes after.
func TestOthersAreWaitedForEachTime(t *testing.T) {
	var d disruptor
	now := cluster.Instant(cluster.Minute)
	if !d.joins(now) || !d.joins(now.Add(joinWithin-1)) || d.joins(now.Add(joinWithin)) {
		t.Errorf("it is not waited for %v", joinWithin)
	}
	e, _, _ := places(t)
	e.disruptor.joining = 1
	e.doRelease()
	if e.disruptor.joining != 0 {
		t.Error("nobody waits any more, and who comes next would not")
	}
}

// TestNobodyMovesToVainNodes: what was bought in vain and has to wait for a budget keeps nodes from
// being emptied onto it, but not for ever.
func TestNobodyMovesToVainNodes(t *testing.T) {
	e, _, _ := places(t)
	e.abandon(mark{replacedBy: []string{"one"}})
	for name := range e.disruptor.vacating {
		delete(e.disruptor.vacating, name)
		e.Step(2, []Event{ClaimChanged{name, nil}})
	}
	if until := e.settled(); until <= e.now {
		t.Errorf("others may be chosen at %d, and now it is %d", until, e.now)
	}
	e.now = e.now.Add(stillWithin)
	if until := e.settled(); until > e.now {
		t.Errorf("others may not be chosen before %d, and now it is %d", until, e.now)
	}
}
