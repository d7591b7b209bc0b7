package world

import (
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
	"github.com/ullage-sh/ullage/provider/simulated"
)

const start = cluster.Instant(1_795_000_000) * cluster.Instant(cluster.Second)

func newWorld(t *testing.T, cfg Config) *World {
	t.Helper()
	w, err := New(cfg, start)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func pool(zone, capacity string) Pool {
	return Pool{OfferingID: cluster.OfferingID{InstanceType: "m5.large", Zone: zone, CapacityType: capacity}, Machine: Machine{ImageID: "ami-1", Volumes: []Volume{{Device: "/dev/xvda"}}}}
}

// TestSteps checks that time passing in one leap or in steps leaves the same world: what
// happens does so at its own instant, not when somebody looks.
func TestSteps(t *testing.T) {
	history := func(step cluster.Duration) []Event {
		w := newWorld(t, Config{Seed: 7, Hazard: true})
		for _, zone := range w.Zones() {
			if _, err := w.Launch([]Pool{pool(zone, cluster.Spot)}, 10, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.Reclaim(simulated.Pattern{Zone: w.Zones()[0]}, 5*cluster.Minute)
		end := start.Add(24 * cluster.Hour)
		for now := start; now < end; now = now.Add(step) {
			w.Advance(now)
		}
		w.Advance(end)
		return w.Log(0)
	}
	leap, steps := history(24*cluster.Hour), history(7*cluster.Second)
	if !slices.Equal(leap, steps) {
		t.Errorf("the log of a leap has %d lines, that of steps %d: they differ", len(leap), len(steps))
	}
	gone := 0
	for _, e := range leap {
		if strings.HasPrefix(e.Text, "terminated") {
			gone++
		}
	}
	if gone < 10 {
		t.Errorf("%d instances were reclaimed, want at least the ten of one zone: the test looks at nothing", gone)
	}
}

// TestNext checks that nothing happens before the instant that Next names.
func TestNext(t *testing.T) {
	w := newWorld(t, Config{Seed: 7})
	if _, err := w.Launch([]Pool{pool("us-west-2a", cluster.Spot)}, 3, nil); err != nil {
		t.Fatal(err)
	}
	w.Reclaim(simulated.Pattern{}, 10*cluster.Minute)
	changes := 0
	for next := w.Next(); next != cluster.Never; next = w.Next() {
		before, queue := len(w.Log(0)), len(w.Queues()[0].messages)
		w.Advance(next - 1)
		if len(w.Log(0)) != before || len(w.Queues()[0].messages) != queue {
			t.Fatalf("something has happened before %d", next)
		}
		w.Advance(next)
		changes++
	}
	if changes < 10 {
		t.Errorf("there were only %d changes", changes)
	}
	for _, i := range w.order {
		if i.Terminated == 0 {
			t.Errorf("%s is still there", i.ID)
		}
	}
}

// TestViews: what is described trails behind the truth, never goes back, and goes in the
// end.
func TestViews(t *testing.T) {
	w := newWorld(t, Config{Seed: 7})
	launched, err := w.Launch([]Pool{pool("us-west-2a", cluster.OnDemand)}, 1, Tags{"instance": {"a": "b"}, "volume": {"c": "d"}})
	if err != nil {
		t.Fatal(err)
	}
	i := launched.Instances[0]
	if i.PrivateIP == "" || i.PrivateDNS == "" {
		t.Errorf("%s has no address", i.ID)
	}
	if got := w.Tags(i.Volumes[0].ID); len(got) != 1 || got[0] != (Tag{"c", "d"}) {
		t.Errorf("the volume has tags %v", got)
	}
	order := []provider.State{provider.Pending, provider.Running, provider.ShuttingDown, provider.Terminated}
	var seen []provider.State
	for at := start; at < start.Add(3*cluster.Hour); at = at.Add(cluster.Second / 4) {
		w.Advance(at)
		if at == start.Add(10*cluster.Minute) {
			if err := w.Terminate([]string{i.ID}); err != nil {
				t.Fatal(err)
			}
		}
		if v, ok := w.View(i.ID); ok && (len(seen) == 0 || seen[len(seen)-1] != v.State) {
			seen = append(seen, v.State)
		}
	}
	if !slices.Equal(seen, order) {
		t.Errorf("descriptions showed %v, want %v", seen, order)
	}
	if _, ok := w.View(i.ID); ok {
		t.Error("hours after its end it is still described")
	}
}

// TestQueue: a message comes again until the last receipt deletes it, and goes of age.
func TestQueue(t *testing.T) {
	w := newWorld(t, Config{})
	q := w.CreateQueue("q", QueueSettings{Visibility: 10 * cluster.Second, Retention: cluster.Hour})
	w.Send(q, "a")
	first := w.Receive(q, 10, q.Settings.Visibility)
	if len(first) != 1 || len(w.Receive(q, 10, q.Settings.Visibility)) != 0 {
		t.Fatalf("got %v, want one message, once", first)
	}
	if at := w.Visible(q); at != start.Add(10*cluster.Second) {
		t.Errorf("it is to be had again at %d, want ten seconds later", at)
	}
	w.Advance(start.Add(10 * cluster.Second))
	second := w.Receive(q, 10, q.Settings.Visibility)
	if len(second) != 1 || second[0].Count != 2 {
		t.Fatalf("got %v, want it a second time", second)
	}
	if w.Delete(q, first[0].Receipt) {
		t.Error("the first receipt still deletes it")
	}
	if !w.Delete(q, second[0].Receipt) {
		t.Error("the second receipt does not delete it")
	}
	w.Send(q, "b")
	w.Advance(start.Add(2 * cluster.Hour))
	if got := w.Receive(q, 10, 0); len(got) != 0 {
		t.Errorf("got %v, which is too old", got)
	}
}

func TestQuotaClass(t *testing.T) {
	for name, want := range map[string]string{
		"m5.large": "standard", "t3.nano": "standard", "im4gn.large": "standard", "g5.xlarge": "g", "gr6.4xlarge": "g", "p4d.24xlarge": "p",
		"inf2.xlarge": "inf", "trn1.2xlarge": "trn", "x2gd.large": "x", "u-6tb1.metal": "u",
	} {
		if got := QuotaClass(name); got != want {
			t.Errorf("%s is of class %s, want %s", name, got, want)
		}
	}
}

func TestZoneID(t *testing.T) {
	for region, want := range map[string]string{"us-west-2": "usw2-az1", "us-east-1": "use1-az1", "ap-northeast-2": "apne2-az1"} {
		if got := zoneID(region, 1); got != want {
			t.Errorf("%s: got %s, want %s", region, got, want)
		}
	}
}
