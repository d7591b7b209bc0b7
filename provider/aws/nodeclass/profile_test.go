package nodeclass

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/ullage-sh/ullage/api/awsv1"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
)

// TestProfiles: a class with a role has a profile of its own for each role, made once,
// and taken away when nobody has wanted it for an hour.
func TestProfiles(t *testing.T) {
	a := newAccount(t)
	ctx := context.Background()
	first := a.resolve(t, spec(nil)).InstanceProfile
	again := New(a.cfg, a.Clients, a.now) // another process
	if c, err := again.Resolve(ctx, spec(nil)); err != nil || c.InstanceProfile != first {
		t.Fatalf("another process: %v, %v, want %s", c, err, first)
	}
	out, err := a.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &first})
	if err != nil || *out.InstanceProfile.Roles[0].RoleName != "KarpenterNodeRole-shop" || *out.InstanceProfile.Path != "/ullage/us-west-2/shop/" {
		t.Fatalf("%+v, %v", out, err)
	}
	other := spec(func(s *awsv1.EC2NodeClassSpec) { s.Role = "another" })
	second := a.resolve(t, other).InstanceProfile
	if second == first {
		t.Fatal("nodes would be given another role while they run")
	}
	if _, err := a.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: str("somebody-elses")}); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{first: true}
	left := func() (out []string) {
		a.sim.Do(func(w *world.World) {
			for _, p := range w.Profiles() {
				out = append(out, p.Name)
			}
		})
		return out
	}
	sweep := func(after cluster.Duration) {
		t.Helper()
		a.pass(after)
		a.resolve(t, other)
		if err := a.Sweep(ctx, func(p string) bool { return used[p] }); err != nil {
			t.Fatal(err)
		}
	}
	sweep(0)
	sweep(2 * cluster.Hour)
	if got := left(); len(got) != 4 {
		t.Errorf("one is used, one wanted, one not ours: %v", got)
	}
	delete(used, first)
	sweep(cluster.Minute)
	if got := left(); len(got) != 4 {
		t.Errorf("a launch may still be under way with %s: %v", first, got)
	}
	sweep(cluster.Hour)
	if got := left(); !slices.Equal(got, []string{"shop-node", second, "somebody-elses"}) {
		t.Errorf("an hour later: %v", got)
	}
}

// TestProfileTampered: somebody has put another role into the class's profile.
func TestProfileTampered(t *testing.T) {
	a := newAccount(t)
	name := a.resolve(t, spec(nil)).InstanceProfile
	a.sim.Do(func(w *world.World) { w.Profile(name).Role = "admin" })
	a.pass(profileFor)
	a.resolve(t, spec(nil))
	a.sim.Do(func(w *world.World) {
		if got := w.Profile(name).Role; got != "KarpenterNodeRole-shop" {
			t.Errorf("role %s", got)
		}
	})
}
