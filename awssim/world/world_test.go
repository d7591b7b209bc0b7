package world

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/catalog"
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

// TestAdopt: what is launched in the machine room by others is seen, and what runs
// elsewhere too.
func TestAdopt(t *testing.T) {
	all, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	types, _, err := all.InstanceTypes("us-west-2", catalog.DefaultSizing(), 1)
	if err != nil {
		t.Fatal(err)
	}
	room, err := simulated.New(simulated.Config{Region: "us-west-2", Types: types, Seed: 1}, start)
	if err != nil {
		t.Fatal(err)
	}
	launch := func(token string) string {
		r, err := room.Launch(start, simulated.Order{
			Token: token, Pool: "blue", Count: 1, ImageID: "al2023@v20261115",
			Offerings: []cluster.OfferingID{{InstanceType: "m7g.large", Zone: "us-west-2b", CapacityType: cluster.Spot}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return r.Instances[0].ID
	}
	before := launch("before")
	w := newWorld(t, Config{Cloud: room, Others: []simulated.Machine{{
		Name: "ip-10-0-0-10", ProviderID: "aws:///us-west-2a/i-00000000000000001",
		Labels: cluster.Labels{cluster.LabelInstanceType: "m5.large", cluster.LabelZone: "us-west-2a"},
	}}})
	if all, _ := w.Count(w.Queues()[0]); all != 0 {
		t.Errorf("%d messages tell of what was there before", all)
	}
	after := launch("after")
	w.Advance(start.Add(5 * cluster.Minute))
	for _, id := range []string{before, after} {
		v, ok := w.View(id)
		if !ok || v.State != provider.Running || v.Booted == 0 || v.SubnetID == "" || v.PrivateIP == "" || v.SpotRequest == "" || v.Arch != "arm64" {
			t.Errorf("%s is seen as %+v, %v", id, v, ok)
		}
		if image, ok := w.Image(v.ImageID); !ok || !strings.HasSuffix(image.Name, "v20261115") {
			t.Errorf("%s has the image %q", id, image.Name)
		}
		if !slices.Contains(w.Tags(id), Tag{"karpenter.sh/nodepool", "blue"}) {
			t.Errorf("%s has the tags %v", id, w.Tags(id))
		}
	}
	// One image of that release is there already; publishing it makes the others, once.
	if err := w.ReleaseImages("v20261115"); err != nil {
		t.Error(err)
	}
	if _, ok := w.Parameter("/aws/service/bottlerocket/aws-k8s-1.36/arm64/20261115/image_id"); !ok {
		t.Error("the release has not all of its images")
	}
	if err := w.ReleaseImages("v20261115"); err == nil {
		t.Error("it was released twice")
	}
	if err := w.Terminate([]string{after}); err != nil {
		t.Fatal(err)
	}
	w.Advance(start.Add(10 * cluster.Minute))
	if v, ok := w.View(after); !ok || v.State != provider.Terminated {
		t.Errorf("%s is seen as %s, %v after its end", after, v.State, ok)
	}
	if v, ok := w.View("i-00000000000000001"); !ok || v.State != provider.Running {
		t.Errorf("the machine elsewhere is seen as %s, %v", v.State, ok)
	}
}

// TestRetire: a retirement is announced, and then happens.
func TestRetire(t *testing.T) {
	w := newWorld(t, Config{Seed: 7})
	launched, err := w.Launch([]Pool{pool("us-west-2a", cluster.OnDemand)}, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(start.Add(cluster.Hour))
	q := w.Queues()[0]
	w.Receive(q, 100, cluster.Hour)
	i := launched.Instances[1]
	if err := w.Retire(i.ID, start.Add(3*cluster.Hour)); err != nil {
		t.Fatal(err)
	}
	got := w.Receive(q, 10, cluster.Hour)
	if len(got) != 1 || !strings.Contains(got[0].Body, `"source":"aws.health"`) || !strings.Contains(got[0].Body, `"affectedEntities":[{"entityValue":"`+i.ID+`"}]`) ||
		!strings.Contains(got[0].Body, `"eventTypeCategory":"scheduledChange"`) {
		t.Errorf("got %v, want the scheduled change", got)
	}
	w.Advance(start.Add(3*cluster.Hour - 1))
	if i.Stopping != 0 {
		t.Error("it has ended before its time")
	}
	w.Advance(start.Add(4 * cluster.Hour))
	if i.Terminated == 0 || launched.Instances[0].Stopping != 0 {
		t.Error("that instance should have ended, and no other")
	}
}

// TestLogIsBounded: the log forgets its oldest lines, and its lines keep their numbers.
func TestLogIsBounded(t *testing.T) {
	w := newWorld(t, Config{})
	before := w.LogEnd()
	const more = 2*maxLog + 10
	for i := range more {
		w.Note("line %d", i)
	}
	all := w.Log(0)
	if len(all) < maxLog || len(all) >= 2*maxLog || w.LogEnd() != before+more {
		t.Errorf("%d lines are kept of %d", len(all), w.LogEnd())
	}
	if last := w.Log(w.LogEnd() - 1); len(last) != 1 || last[0].Text != fmt.Sprintf("line %d", more-1) {
		t.Errorf("the last line is %v", last)
	}
	if got := w.Log(before + maxLog + 100); got[0].Text != fmt.Sprintf("line %d", maxLog+100) {
		t.Errorf("line %d is %q", before+maxLog+100, got[0].Text)
	}
}
