package world

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// TestAnotherProcess: a world over a machine room that was read back from its journal has
// the instances of the world before, with what they were launched with and tagged, and
// gives nothing the name of something that was.
func TestAnotherProcess(t *testing.T) {
	open := processes(t)
	w, room := open(start)
	a, b := pool("us-west-2a", cluster.Spot), pool("us-west-2b", cluster.Spot)
	for k, p := range []*Pool{&a, &b} {
		p.Machine = Machine{ImageID: w.images[0].ID, Arch: "x86_64", SubnetID: w.subnets[k].ID, SecurityGroups: []string{"sg-1"}, Profile: "arn:x", FleetID: "fleet-1",
			TemplateID: "lt-1", TemplateNumber: 3, UserData: "bG9uZw==", Volumes: []Volume{{Device: "/dev/xvda", SizeGiB: 20}}}
	}
	tags := Tags{"instance": {"karpenter.sh/nodepool": "blue", "k": "v"}, "volume": {"of": "blue"}}
	launched, err := w.Launch([]Pool{a, b}, 2, tags)
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(start.Add(cluster.Hour))
	if err := w.Terminate([]string{launched.Instances[1].ID}); err != nil {
		t.Fatal(err)
	}
	if err := room.Close(); err != nil {
		t.Fatal(err)
	}
	before := launched.Instances[0]
	w, room = open(start.Add(2 * cluster.Hour))
	t.Cleanup(func() { _ = room.Close() })
	after := w.Instance(before.ID)
	if after == nil {
		t.Fatalf("%s is not known any more", before.ID)
	}
	if v, ok := w.View(before.ID); !ok || v.State != provider.Running || v.Booted == 0 {
		t.Errorf("it is seen as %+v, %v", v, ok)
	}
	want := before.Machine
	want.UserData = ""
	if !reflect.DeepEqual(after.Machine, want) {
		t.Errorf("launched as %+v, remembered as %+v", want, after.Machine)
	}
	if after.Launched != before.Launched || after.SpotRequest != before.SpotRequest || after.PrivateIP != before.PrivateIP || after.Offering() != before.Offering() || after.InterfaceID != before.InterfaceID || after.Reservation != before.Reservation {
		t.Errorf("it was %+v and is %+v", before, after)
	}
	if got := w.Tags(before.ID); !reflect.DeepEqual(got, []Tag{{"k", "v"}, {"karpenter.sh/nodepool", "blue"}}) || len(w.Tags(after.Volumes[0].ID)) != 1 {
		t.Errorf("tags: %v", got)
	}
	if w.Instance(launched.Instances[1].ID) != nil {
		t.Error("one that had ended is back")
	}
	again, err := w.Launch([]Pool{a, b}, 2, tags)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range again.Instances {
		if i.ID == before.ID || i.ID == launched.Instances[1].ID || i.Reservation == launched.Instances[0].Reservation {
			t.Errorf("%s of %s has the name of something that was", i.ID, i.Reservation)
		}
	}
}

// processes open the same machine room one after the other, each with a world of its own.
func processes(t *testing.T) func(now cluster.Instant) (*World, *simulated.Cloud) {
	t.Helper()
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	types, _, err := c.InstanceTypes("us-west-2", catalog.DefaultSizing(), 1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	return func(now cluster.Instant) (*World, *simulated.Cloud) {
		room, _, err := simulated.Open(path, simulated.Config{Region: "us-west-2", Types: types, Seed: 1}, now)
		if err != nil {
			t.Fatal(err)
		}
		w, err := New(Config{Cloud: room, Seed: 1}, now)
		if err != nil {
			t.Fatal(err)
		}
		return w, room
	}
}

// TestWarnedBefore: an instance that was warned before the process ended is taken back by
// EC2 after that, and has not been ended by its user.
func TestWarnedBefore(t *testing.T) {
	open := processes(t)
	w, room := open(start)
	p := pool("us-west-2a", cluster.Spot)
	p.Machine.ImageID = w.images[0].ID
	launched, err := w.Launch([]Pool{p}, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := launched.Instances[0].ID
	warned := start.Add(cluster.Hour)
	w.Advance(warned)
	if ids := w.Reclaim(simulated.Pattern{}, 0); len(ids) != 1 {
		t.Fatalf("%v are taken back, want %s", ids, id)
	}
	if err := room.Close(); err != nil {
		t.Fatal(err)
	}
	w, room = open(warned.Add(cluster.Minute))
	t.Cleanup(func() { _ = room.Close() })
	if again := w.Reclaimable(simulated.Pattern{}); len(again) != 0 {
		t.Errorf("%s could be taken back once more", again[0].ID)
	}
	w.Advance(warned.Add(5 * cluster.Minute))
	if i := w.Instance(id); i.Stopping == 0 || i.Warned == 0 || i.ByUser {
		t.Errorf("it was stopped at %v, warned at %v, by its user: %v", i.Stopping, i.Warned, i.ByUser)
	}
}
