package engine

import "testing"

// TestUsageOfTheEndless: a node that was being emptied when somebody deleted it uses the budget
// of its pool until it waits without end, and then in no way.
func TestUsageOfTheEndless(t *testing.T) {
	e, _, _ := places(t)
	if got, want := e.usageOf(""), (usage{total: 2, emptying: 2}); got != want {
		t.Fatalf("both are being emptied: %+v, want %+v", got, want)
	}
	deleted := *e.claims["old"]
	deleted.DeletingAt = 2
	e.Step(2, []Event{ClaimChanged{"old", &deleted}})
	if got, want := e.usageOf(""), (usage{total: 2, going: 1, emptying: 1}); got != want {
		t.Errorf("one is deleted: %+v, want %+v", got, want)
	}
	e.endlessly["old"] = true
	e.recount("old")
	if got, want := e.usageOf(""), (usage{total: 2, emptying: 1}); got != want {
		t.Errorf("it waits without end: %+v, want %+v", got, want)
	}
}
