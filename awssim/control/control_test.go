package control

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// serve serves a world with a Spot instance that boots, on a clock that stands still.
func serve(t *testing.T) (*awssim.Server, *Client) {
	t.Helper()
	now := cluster.Instant(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).UnixNano())
	w, err := world.New(world.Config{Seed: 1}, now)
	if err != nil {
		t.Fatal(err)
	}
	pool := cluster.OfferingID{InstanceType: "m5.large", Zone: "us-west-2a", CapacityType: cluster.Spot}
	if _, err := w.Cloud().Launch(now, simulated.Order{Token: "t", Pool: "blue", Count: 1, Offerings: []cluster.OfferingID{pool}, Tags: map[string]string{"team": "red"}}); err != nil {
		t.Fatal(err)
	}
	s := awssim.New(awssim.Config{World: w, Now: func() cluster.Instant { return now }})
	l := httptest.NewServer(Handler(s, "token"))
	t.Cleanup(l.Close)
	return s, &Client{URL: l.URL, Token: "token", HTTP: l.Client()}
}

func TestControl(t *testing.T) {
	s, c := serve(t)
	ctx := context.Background()
	state, err := c.State(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Instances) != 1 || state.Instances[0].State != "booting" || state.Instances[0].Tags["karpenter.sh/nodepool"] != "blue" || state.Instances[0].Tags["team"] != "red" {
		t.Errorf("got %+v, want the instance that was launched in the machine room, with the tags of its launch", state.Instances)
	}
	if len(state.Log) != 1 || !strings.Contains(state.Log[0].Text, "launch i-") {
		t.Errorf("got the log %+v, want its last line, of the launch", state.Log)
	}

	s.Do(func(w *world.World) { w.Reserve("c5.large", "us-west-2a", 3, true, cluster.Never) })
	if state, err = c.State(ctx, 0); err != nil || len(state.Reservations) != 1 || state.Reservations[0].Count != 3 || state.Reservations[0].Unused != 3 || !state.Reservations[0].Targeted {
		t.Errorf("what is reserved is %+v, %v", state.Reservations, err)
	}
	r := Release{}
	for _, want := range []string{"v20261121", "v20261122"} {
		r.Name = ""
		if err := c.Release(ctx, &r); err != nil || r.Name != want {
			t.Errorf("released %q, %v, want %s", r.Name, err, want)
		}
	}
	s.Do(func(w *world.World) {
		images := w.Images()
		if newest := images[len(images)-1].Name; !strings.HasSuffix(newest, r.Name) {
			t.Errorf("the newest image is %s", newest)
		}
	})
	d := Drain{Pattern: "m5.large/us-west-2a/*"}
	if err := c.Drain(ctx, &d); err != nil || d.Pools != 2 {
		t.Errorf("drained %d pools, %v, want two", d.Pools, err)
	}
	s.Do(func(w *world.World) {
		if room := w.Room(cluster.OfferingID{InstanceType: "m5.large", Zone: "us-west-2a", CapacityType: cluster.OnDemand}); room != 0 {
			t.Errorf("a drained pool has room for %d", room)
		}
	})
	id := state.Instances[0].ID
	rt := Retire{Instances: []string{id}, In: time.Hour}
	if err := c.Retire(ctx, &rt); err != nil {
		t.Error(err)
	}
	rc := Reclaim{Pattern: "*/*/spot", Lead: time.Minute}
	if err := c.Reclaim(ctx, &rc); err != nil || !slices.Equal(rc.Instances, []string{id}) {
		t.Errorf("reclaimed %v, %v, want %s", rc.Instances, err, id)
	}
	for name, c := range map[string]struct {
		wrong func() error
		says  string
	}{
		"no pattern":        {func() error { return c.Drain(ctx, &Drain{Pattern: "a/b/c/d"}) }, "4 parts"},
		"no type":           {func() error { return c.Drain(ctx, &Drain{Pattern: "m5.tiny/*/*"}) }, "m5.large"},
		"no family":         {func() error { return c.Drain(ctx, &Drain{Pattern: "q9.large"}) }, "a1.large"},
		"no zone":           {func() error { return c.Drain(ctx, &Drain{Pattern: "m5.*/us-east-1a"}) }, "us-west-2a, us-west-2b"},
		"no capacity type":  {func() error { return c.Drain(ctx, &Drain{Pattern: "//sport"}) }, "spot"},
		"lead":              {func() error { return c.Reclaim(ctx, &Reclaim{Pattern: "*/*/*", Lead: -1}) }, "ago"},
		"reclaimed already": {func() error { return c.Reclaim(ctx, &Reclaim{Pattern: "*/*/*"}) }, "already"},
		"no instances":      {func() error { return c.Retire(ctx, &Retire{}) }, "want instances"},
		"unknown instance":  {func() error { return c.Retire(ctx, &Retire{Instances: []string{id, "i-0"}}) }, "there are " + id},
		"twice":             {func() error { return c.Release(ctx, &Release{Name: "v20261122"}) }, "before"},
		"name of a release": {func() error { return c.Release(ctx, &Release{Name: "a/b"}) }, "v20261101"},
	} {
		if err := c.wrong(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error that says %q", name, err, c.says)
		}
	}
}

// TestReclaimNothing: what nothing matches is an error that says what there is.
func TestReclaimNothing(t *testing.T) {
	_, c := serve(t)
	for _, pattern := range []string{"c5.*/*/spot", "m5.large/us-west-2b", "//on-demand"} {
		err := c.Reclaim(context.Background(), &Reclaim{Pattern: pattern})
		if err == nil || !strings.Contains(err.Error(), "m5.large/us-west-2a/spot (1)") {
			t.Errorf("%s: %v", pattern, err)
		}
	}
}

// TestToken: without it there is nothing to be seen, and AWS's requests need none.
func TestToken(t *testing.T) {
	_, c := serve(t)
	c.Token = "another"
	if _, err := c.State(context.Background(), 0); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("with another token: %v", err)
	}
	resp, err := http.Post(c.URL+"/", "application/x-www-form-urlencoded", strings.NewReader("Action=DescribeRegions"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close() // it is not read
	if resp.StatusCode != http.StatusForbidden || resp.Header.Get("X-Amzn-Requestid") == "" {
		t.Errorf("a request to AWS is answered %s", resp.Status)
	}
}
