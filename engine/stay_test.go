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
	if e.goes(a) {
		t.Error("one of two goes, and the plan is carried on")
	}
	e.disruptor.empties["old"] = true
	if !e.goes(a) {
		t.Error("both go, and the plan is not carried on")
	}
	if other := (&plan.Action{Why: cluster.ReasonUnderutilized, Hosts: []string{"on-one"}}); !e.goes(other) {
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
