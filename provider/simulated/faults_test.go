package simulated

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider"
)

func TestShortages(t *testing.T) {
	c := newCloud(t, config())
	set := func(pattern string, n, pools int) {
		t.Helper()
		p, err := ParsePattern(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.SetCapacity(start, p, n); err != nil || got != pools {
			t.Errorf("SetCapacity(%s) matched %d pools (%v), want %d", pattern, got, err, pools)
		}
	}
	zones := func(is []provider.Instance) string {
		count := map[string]int{}
		for _, i := range is {
			count[i.Offering.Zone[len(region):]]++
		}
		return fmt.Sprint(count)
	}
	set("m5.large//on-demand", 2, 4)
	set("m5.large/*b/on-demand", 0, 1)
	r, err := c.Launch(start, order("a", 3, "m5.large/a/on-demand", "m5.large/b/on-demand", "m5.large/c/on-demand"))
	if err != nil || zones(r.Instances) != "map[a:2 c:1]" || !slices.Equal(r.SoldOut, offerings("m5.large/a/on-demand", "m5.large/b/on-demand")) {
		t.Errorf("got %s, sold out %v, %v", zones(r.Instances), r.SoldOut, err)
	}
	// Fewer than asked for is success.
	r, err = c.Launch(start, order("b", 5, "m5.large/c/on-demand", "m5.large/a/on-demand"))
	if err != nil || zones(r.Instances) != "map[c:1]" || len(r.SoldOut) != 2 {
		t.Errorf("got %s, sold out %v, %v", zones(r.Instances), r.SoldOut, err)
	}
	// None is not, and leaves the token unused.
	var short *provider.InsufficientCapacityError
	r, err = c.Launch(start, order("c", 1, "m5.large/c/on-demand"))
	if !errors.As(err, &short) || !slices.Equal(short.SoldOut, offerings("m5.large/c/on-demand")) || r.Takes == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, ok, err := c.Recall(start, order("c", 1, "m5.large/c/on-demand")); ok || err != nil {
		t.Errorf("the token of a failure was remembered: %v", err)
	}
	// Capacity comes back when an instance is gone, not before.
	if _, err := c.Terminate(start, []string{r0(t, c, "m5.large/c/on-demand")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Launch(after(9*cluster.Second), order("d", 1, "m5.large/c/on-demand")); !errors.As(err, &short) {
		t.Errorf("while shutting down: %v", err)
	}
	if _, err := c.Launch(after(30*cluster.Second), order("d", 1, "m5.large/c/on-demand")); err != nil {
		t.Errorf("when gone: %v", err)
	}
	// An offering that is named twice is not larger for that.
	set("m5.large/*d/on-demand", 3, 1)
	if r, err := c.Launch(after(cluster.Minute), order("twice", 5, "m5.large/d/on-demand", "m5.large/d/on-demand")); err != nil || len(r.Instances) != 3 || len(r.SoldOut) != 1 {
		t.Errorf("got %s, sold out %v, %v", zones(r.Instances), r.SoldOut, err)
	}
	set("m5.large//", Unlimited, 8)
	if r, err := c.Launch(after(cluster.Minute), order("e", 100, "m5.large/b/on-demand")); err != nil || len(r.Instances) != 100 {
		t.Errorf("unlimited: %v", err)
	}
	if _, err := c.SetCapacity(start, Pattern{InstanceType: "m5.lagre"}, 0); err == nil || !strings.Contains(err.Error(), "m5.lagre") {
		t.Errorf("a pattern that matches nothing: %v", err)
	}
}

// r0 is the first instance that exists of an offering.
func r0(t *testing.T, c *Cloud, text string) string {
	t.Helper()
	for _, i := range c.Inventory(0) {
		if i.Offering == offering(text) {
			return i.ID
		}
	}
	t.Fatalf("no instance of %s", text)
	return ""
}

func TestPatterns(t *testing.T) {
	id := offering("m5.large/a/spot")
	for text, want := range map[string]bool{
		"": true, "m5.large": true, "m5.*": true, "m6*": false, "*/*a": true, "//spot": true, "//on-demand": false, "m5.large/ap-northeast-2a/spot": true, "m5": false,
	} {
		if p, err := ParsePattern(text); err != nil || p.Matches(id) != want {
			t.Errorf("%q matches %v: %v, %v", text, id, p.Matches(id), err)
		}
	}
	for _, text := range []string{"a/b/c/d", "[", "m5/[a"} {
		if _, err := ParsePattern(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("ParsePattern(%q): %v", text, err)
		}
	}
}

func TestReclaim(t *testing.T) {
	c := newCloud(t, config())
	launch(t, c, start, order("s", 2, "m5.large/a/spot"))
	launch(t, c, start, order("o", 2, "m5.large/a/on-demand"))
	at := after(5 * cluster.Minute)
	_, cursor := c.Machines(at)
	ids, err := c.Reclaim(at, Pattern{InstanceType: "m5.*"})
	if err != nil || len(ids) != 2 {
		t.Fatalf("reclaimed %v, %v", ids, err)
	}
	for _, m := range machinesOf(c, at) {
		if spot := slices.Contains(ids, m.InstanceID); spot != (m.StopAt == at.Add(2*cluster.Minute)) {
			t.Errorf("%s (spot: %v) stops at %v", m.InstanceID, spot, m.StopAt.Sub(at))
		}
	}
	if again, err := c.Reclaim(at.Add(cluster.Second), Pattern{}); err != nil || len(again) != 0 {
		t.Errorf("a second time: %v, %v", again, err)
	}
	events, cursor := c.Events(at.Add(cluster.Minute), cursor)
	if got := kinds(events); got != "warned warned" {
		t.Errorf("events %s", got)
	}
	// Deleted after the warning: it stops now, and only once.
	if _, err := c.Terminate(at.Add(cluster.Minute), ids[:1]); err != nil {
		t.Fatal(err)
	}
	events, _ = c.Events(at.Add(cluster.Hour), cursor)
	if got := kinds(events); got != "stopping terminated stopping terminated" {
		t.Errorf("events %s", got)
	}
	if events[0].At != at.Add(cluster.Minute) || events[2].At != at.Add(2*cluster.Minute) {
		t.Errorf("stopped at %v and %v", events[0].At.Sub(at), events[2].At.Sub(at))
	}
	if n := len(c.Inventory(at.Add(cluster.Hour))); n != 2 {
		t.Errorf("%d instances are left, want the two on-demand ones", n)
	}
}

func machinesOf(c *Cloud, at cluster.Instant) []Machine {
	m, _ := c.Machines(at)
	return m
}

func TestKill(t *testing.T) {
	c := newCloud(t, config())
	is := launch(t, c, start, order("a", 3, "m5.large/a/on-demand"))
	at := after(cluster.Hour)
	_, cursor := c.Machines(at)
	if err := c.Kill(at, is[0].ID); err != nil {
		t.Fatal(err)
	}
	events, cursor := c.Events(at, cursor)
	if got := kinds(events); got != "stopping terminated" {
		t.Errorf("events %s", got)
	}
	if _, err := c.Get(at.Add(2*cluster.Second), is[0].ID); err == nil {
		t.Error("it is still described after the lag")
	}
	var missing *provider.NotFoundError
	if err := c.Kill(at, is[0].ID); !errors.As(err, &missing) {
		t.Errorf("killed twice: %v", err)
	}
	if err := c.Kill(at, "i-1"); !errors.As(err, &missing) {
		t.Errorf("killed an unknown one: %v", err)
	}
	// While it shuts down, and before it boots.
	at = at.Add(cluster.Minute)
	if _, err := c.Terminate(at, []string{is[1].ID}); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(at.Add(cluster.Second), is[1].ID); err != nil {
		t.Fatal(err)
	}
	young := launch(t, c, at.Add(cluster.Second), order("b", 1, "m5.large/a/on-demand"))
	if err := c.Kill(at.Add(2*cluster.Second), young[0].ID); err != nil {
		t.Fatal(err)
	}
	events, _ = c.Events(at.Add(cluster.Hour), cursor)
	if got := kinds(events); got != "stopping terminated launched stopping terminated" {
		t.Errorf("events %s", got)
	}
}

// TestHazard: over many pools and a long time, the share of instances that are
// reclaimed is the one that their ReclaimPPM says, and pools go as a whole.
func TestHazard(t *testing.T) {
	const ppm, days = 2000, 10 // 2,000 ppm an hour: 38 % are gone after 10 days
	types := []cluster.InstanceType{}
	for n := range 400 {
		types = append(types, cluster.InstanceType{
			Name:      fmt.Sprintf("x%d.large", n),
			Offerings: []cluster.Offering{{Zone: "z", CapacityType: cluster.Spot, Price: 1, Available: true, ReclaimPPM: ppm}},
		})
	}
	c := newCloud(t, Config{Region: "r", Types: types, Hazard: true})
	for _, typ := range types {
		launch(t, c, start, Order{Token: typ.Name, Count: 5, Offerings: []cluster.OfferingID{{InstanceType: typ.Name, Zone: "z", CapacityType: cluster.Spot}}})
	}
	end := after(days * 24 * cluster.Hour)
	left := map[string]int{}
	for _, i := range c.Inventory(end) {
		left[i.Token]++
	}
	split := 0
	for _, n := range left {
		if n != 5 {
			split++
		}
	}
	share := 1 - float64(len(left))/float64(len(types))
	want := 1 - math.Pow(1-ppm/1e6, days*24)
	t.Logf("%.3f of the pools were reclaimed, want %.3f; %d in part", share, want, split)
	if math.Abs(share-want) > 0.07 || split > 2 {
		t.Errorf("%.3f of the pools were reclaimed, want %.3f; %d in part", share, want, split)
	}
	warned := map[string]cluster.Instant{}
	events, _ := c.Events(end, 0)
	for _, e := range events {
		switch e.Kind {
		case Warned:
			warned[e.Machine.InstanceID] = e.At
		case Stopping:
			if w := warned[e.Machine.InstanceID]; e.At.Sub(w) != 2*cluster.Minute {
				t.Fatalf("%s stopped %v after its warning", e.Machine.InstanceID, e.At.Sub(w))
			}
		}
	}
	if len(warned) == 0 {
		t.Error("nobody was warned")
	}
	// Pools go again and again: what is launched now has its date still to come.
	for _, typ := range types {
		id := cluster.OfferingID{InstanceType: typ.Name, Zone: "z", CapacityType: cluster.Spot}
		launch(t, c, end, Order{Token: "again " + typ.Name, Count: 1, Offerings: []cluster.OfferingID{id}})
	}
	if got, want := len(machinesOf(c, end)), 5*len(left)+len(types); got != want {
		t.Errorf("%d machines, want %d: those that are left and one more in each pool", got, want)
	}
	calm := newCloud(t, Config{Region: "r", Types: types})
	launch(t, calm, start, Order{Token: "a", Count: 1, Offerings: []cluster.OfferingID{{InstanceType: "x1.large", Zone: "z", CapacityType: cluster.Spot}}})
	if machinesOf(calm, start)[0].StopAt != cluster.Never {
		t.Error("without Hazard an instance will be reclaimed")
	}
}
