package engine

import (
	"testing"

	"github.com/ullage-sh/ullage/cluster"
)

// TestLateSuccessor: an engine that begins long after a launch was asked for asks the cloud
// what came of it before it gives the claim up; it does that when it has had the time that
// a launch may take.
func TestLateSuccessor(t *testing.T) {
	opts := DefaultOptions()
	opts.Kinds = []string{"ullage.sh/TestClass"}
	e := New(opts)
	at := cluster.Instant(1_700_000_000 * int64(cluster.Second))
	ref := cluster.ClassRef{Group: "ullage.sh", Kind: "TestClass", Name: "default"}
	gives := func(at cluster.Instant, events ...Event) bool {
		effects, _ := e.Step(at, events)
		for _, f := range effects {
			if d, ok := f.(DeleteClaim); ok && d.Name == "c" {
				return true
			}
		}
		return false
	}
	if gives(at,
		ClassChanged{Ref: ref, Class: &cluster.NodeClass{Ref: ref, UID: "k"}},
		PoolChanged{Name: "p", Pool: &cluster.Pool{Name: "p", UID: "p", Class: ref}},
		ClaimChanged{Name: "c", Claim: &cluster.Claim{Name: "c", UID: "c", Pool: "p", Class: ref, Created: at.Add(-cluster.Hour), Finalizers: []string{terminationFinalizer},
			Launch: &cluster.Launch{Token: "t", Size: 1, Offerings: []cluster.OfferingID{{InstanceType: "m5.large", Zone: "a", CapacityType: "spot"}}}}},
		Synced{}) {
		t.Error("a claim was given up before the cloud was asked")
	}
	given := false
	for late := cluster.Duration(0); late <= opts.LaunchTimeout; late += cluster.Second {
		given = gives(at.Add(late))
		if given && late < opts.LaunchTimeout {
			t.Fatalf("the claim was given up after %v", late)
		}
	}
	if !given {
		t.Error("a claim without an instance was never given up")
	}
}
