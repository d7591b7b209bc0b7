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
	c, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	types, _, err := c.InstanceTypes("us-west-2", catalog.DefaultSizing(), 1)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "cloud.jsonl")
	open := func(now cluster.Instant) (*World, *simulated.Cloud) {
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
