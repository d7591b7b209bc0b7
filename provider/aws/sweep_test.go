package aws

import (
	"context"
	"testing"

	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

// TestSweepLeavesWhatIsUsed: the instance profile of a class that is gone stays as long as
// an instance has it, also for an operator that has never heard of the class.
func TestSweepLeavesWhatIsUsed(t *testing.T) {
	a := small(t, nil)
	ctx := context.Background()
	first := a.provider(t, nil)
	r, err := first.Resolve(ctx, class(nil))
	if err != nil {
		t.Fatal(err)
	}
	from := cluster.OfferingID{InstanceType: r.Types[0].Name, Zone: r.Types[0].Offerings[0].Zone, CapacityType: r.Types[0].Offerings[0].CapacityType}
	made, err := first.Create(ctx, provider.CreateRequest{Token: "used", Class: class(nil), Pool: "default", Count: 1, Offerings: []cluster.OfferingID{from}})
	if err != nil {
		t.Fatal(err)
	}
	profiles := func() (n int) {
		a.Do(func(w *world.World) { n = len(w.Profiles()) })
		return n
	}
	p, before := a.provider(t, nil), profiles()
	live := func() {
		t.Helper()
		for range 5 {
			a.Clock.Advance(2 * cluster.Hour)
			if _, err := p.List(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	if live(); profiles() != before {
		t.Errorf("%d profiles are left of %d, and an instance runs", profiles(), before)
	}
	if _, err := p.Delete(ctx, []string{made.Instances[0].ID}); err != nil {
		t.Fatal(err)
	}
	if live(); profiles() != before-1 {
		t.Errorf("%d profiles are left of %d when no instance runs", profiles(), before)
	}
}
