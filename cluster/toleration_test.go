package cluster

import "testing"

// TestNumericTolerations: taints are compared as numbers only if they are written as
// numbers usually are. Labels are compared whatever zeros they begin with.
func TestNumericTolerations(t *testing.T) {
	for value, want := range map[string]bool{"10": true, "-1": false, "007": false, "+7": false, "high": false, "": false, "5": false} {
		if got := (Toleration{Key: "load", Operator: Gt, Value: "5"}).Tolerates(Taint{Key: "load", Value: value, Effect: NoSchedule}); got != want {
			t.Errorf("%q is more than 5: %t", value, got)
		}
	}
	if (Toleration{Key: "load", Operator: Lt, Value: "010"}).Tolerates(Taint{Key: "load", Value: "5", Effect: NoSchedule}) {
		t.Error("010 is taken for a number")
	}
	if !(Requirement{Key: "generation", Operator: Gt, Values: []string{"5"}}).Matches("007", true) {
		t.Error("007 is not more than 5 for a label")
	}
}
