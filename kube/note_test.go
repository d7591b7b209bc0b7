package kube

import (
	"testing"

	"github.com/ullage-sh/ullage/engine"
)

// TestAction: what client-go would take for one Event that is told again differs.
func TestAction(t *testing.T) {
	a, b := engine.Note{Reason: "Unconsolidatable", Message: "one"}, engine.Note{Reason: "Unconsolidatable", Message: "two"}
	if action(a) == action(b) || len(action(a)) > 128 {
		t.Errorf("%q, %q", action(a), action(b))
	}
}
