package fleet

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/ullage-sh/ullage/awssim"
	"github.com/ullage-sh/ullage/awssim/world"
	"github.com/ullage-sh/ullage/cluster"
	"github.com/ullage-sh/ullage/provider/simulated"
)

// TestFewerParts: a process died behind the second call, and now that prices have moved there
// is only one to make. What the second one brought belongs to the launch all the same.
func TestFewerParts(t *testing.T) {
	d := newDesk(t, nil)
	d.setRoom(t, "m5.large/us-west-2a/spot", 2)
	d.setRoom(t, "m5.large/us-west-2b/spot", 1)
	before := d.launch(t, d.Fleet, d.order("moved", 5, "m5.large/us-west-2a/spot $0.030", "m5.large/us-west-2b/spot $0.050"))
	if len(before.Instances) != 3 || d.launches() != 2 {
		t.Fatalf("%d instances by %d calls, want 3 by 2", len(before.Instances), d.launches())
	}
	d.Clock.Advance(5 * cluster.Second) // descriptions have caught up
	after := d.launch(t, d.another(), d.order("moved", 5, "m5.large/us-west-2a/spot $0.030", "m5.large/us-west-2b/spot $0.031"))
	if !slices.Equal(ids(after.Instances), ids(before.Instances)) {
		t.Errorf("%v, want %v", ids(after.Instances), ids(before.Instances))
	}
}

// TestOtherWordsLater: a process made two calls and died before descriptions showed what they
// brought. When the class was edited, and there is more to be had of what it asked for first,
// what the second one brought counts all the same.
func TestOtherWordsLater(t *testing.T) {
	d := newDesk(t, nil)
	d.setRoom(t, "m5.large/us-west-2a/spot", 2)
	o := d.order("two", 5, "m5.large/us-west-2a/spot $0.030", "m5.large/us-west-2a/on-demand $0.096")
	before := d.launch(t, d.Fleet, o)
	d.setRoom(t, "m5.large/us-west-2a/spot", 10)
	edited := *d.template
	edited.Data.EbsOptimized = aws.Bool(true)
	for k := range o.Alternatives {
		o.Alternatives[k].Template = &edited
	}
	after, err := d.another().Launch(context.Background(), o, nil) // as if none were shown yet
	if err != nil || !slices.Equal(ids(after.Instances), ids(before.Instances)) {
		t.Errorf("%v, %v; want %v; there are %s", ids(after.Instances), err, ids(before.Instances), d.alive())
	}
}

// TestAgainBeforeShown: a launch got some, and failed while it waited for the rest. The same
// process makes it again before descriptions show what it got.
func TestAgainBeforeShown(t *testing.T) {
	const lag = 5 * cluster.Minute
	delays := simulated.DefaultDelays()
	delays.LagMax = lag
	d := deskIn(t, world.Config{Seed: 5, Delays: delays}, func(c *awssim.Config) {
		rates := awssim.DefaultRates()
		rates.Launched = awssim.Rate{Burst: 2, PerSecond: 0.5}
		c.Rates = &rates
	})
	fails := errors.New("the first wait fails")
	failed := false
	f := New(Config{Client: ec2.NewFromConfig(d.Config()), Cluster: "ullage", Lag: lag, Now: d.Clock.Now, Sleep: func(ctx context.Context, span cluster.Duration) error {
		if !failed {
			failed = true
			return fails
		}
		return d.Clock.Sleep(ctx, span)
	}})
	o := d.order("again", 6, "m5.large/us-west-2a/on-demand")
	if r, err := launch(f, o); !errors.Is(err, fails) {
		t.Fatalf("%+v, %v: nothing was waited for", r, err)
	}
	if shown, err := f.recall(context.Background(), o); err != nil || len(shown) != 0 || d.alive() == "" {
		t.Fatalf("%v, %v: there are %s, and descriptions should show none", ids(shown), err, d.alive())
	}
	if r := d.launch(t, f, o); len(r.Instances) != 6 || d.alive() != "6 m5.large/us-west-2a/on-demand" {
		t.Errorf("%d instances, want 6; there are %s", len(r.Instances), d.alive())
	}
}
